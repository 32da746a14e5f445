import RoadBase

extension ProfileKey.Kind {
  /// "a size such as 640x480"
  public var words: String {
    switch self {
    case .text: "text"
    case .texts: "text, or a list of texts as [a, b]"
    case .size: "a size such as 640x480"
    case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .number(let above, let upTo): "a number above \(Self.short(above)), up to \(Self.short(upTo))"
    case .choice(let names): names.joined(separator: " or ")
    case .bytes: "bytes, such as 512M or 20G"
    case .time: "a time, such as 500ms, 20s, 10m, 12h or 30d"
    case .sync: "none, chunk or seconds=N"
    case .flag: "true or false"
    case .choices(let names):
      "one or more of \(names.joined(separator: ", ")), as [\(names.prefix(2).joined(separator: ", "))]"
    }
  }

  func allows(_ text: String) -> Bool {
    switch self {
    // A value that begins with a dash would be taken for an option.
    case .text: !text.hasPrefix("-") && !text.contains { $0.isNewline || $0 == "\0" }
    case .texts: text == "-" || Self.text.allows(text)
    case .size: PictureSize(text) != nil
    case .integer(let range): Int(text).map(range.contains) == true
    case .number(let above, let upTo): Double(text).map { $0 > above && $0 <= upTo } == true
    case .choice(let names), .choices(let names): names.contains(text)
    case .bytes: Self.isQuantity(text, units: ["", "k", "M", "G", "T"])
    case .time: Self.isQuantity(text, units: ["ms", "s", "m", "h", "d"])
    case .sync: text == "none" || text == "chunk" || Self.seconds(text)
    case .flag: text == "true" || text == "false"
    }
  }

  private static func isQuantity(_ text: String, units: [String]) -> Bool {
    let digits = text.prefix { $0.isNumber || $0 == "." }
    guard let value = Double(digits), value > 0 else { return false }
    return units.contains(String(text.dropFirst(digits.count)))
  }

  private static func seconds(_ text: String) -> Bool {
    let parts = text.split(separator: "=", omittingEmptySubsequences: false)
    return parts.count == 2 && parts[0] == "seconds" && Int(parts[1]).map((1...86400).contains) == true
  }

  private static func short(_ value: Double) -> String { value == value.rounded() ? "\(Int(value))" : "\(value)" }
}
