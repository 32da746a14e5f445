extension ModelGraph {
  /// Key, in the metadata, of what may be done with a model's weights.
  public static let termsKey = "terms"

  /// What may be done with the weights, as whoever trained them says: one line of at most 1,000 characters, fit for a
  /// terminal whatever the file holds. Nil where the model says nothing.
  public var terms: String? {
    guard let text = metadata[Self.termsKey] else { return nil }
    let shown = text.unicodeScalars.prefix(1000).map { $0.isShown ? $0 : " " }
    let words = String(String.UnicodeScalarView(shown)).split(separator: " ")
    return words.isEmpty ? nil : words.joined(separator: " ")
  }
}

extension ModelGraph {
  /// Keys, in the metadata, of what the int8 network did with the pictures of its calibration: the share of saturated
  /// activations, how sure it was of the road in steps of the scores, and the share of that which few were below.
  public static let usualSaturationKey = "usual-saturation"
  public static let usualConfidenceKey = "usual-confidence"
  public static let doubtfulConfidenceKey = "doubtful-confidence"

  /// Nil where the model says nothing, or nothing that can be.
  public var usualSaturation: Double? { share(Self.usualSaturationKey, 0...1) }
  public var usualConfidence: Double? { share(Self.usualConfidenceKey, 0...255) }
  public var doubtfulConfidence: Double? { share(Self.doubtfulConfidenceKey, 0...1) }

  private func share(_ key: String, _ range: ClosedRange<Double>) -> Double? {
    metadata[key].flatMap { Double($0) }.flatMap { range.contains($0) ? $0 : nil }
  }
}

extension Unicode.Scalar {
  /// Whether a terminal shows it, and does nothing else on its account.
  fileprivate var isShown: Bool {
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: false
    default: true
    }
  }
}
