import RoadBase

/// From the classes of a label set to those of a network: which class, or void (left out of every figure).
///
/// The file is tab-separated, `source target` and any further columns for people: `source` the value of the label's
/// pixels (0...255) or their colour (`128,64,128` or `#804080`), `target` an index of the network's classes or the word
/// `void`. Every value that the labels use is listed; one that is not is an error, for a table that forgets a class
/// would make figures look better than they are.
public struct LabelMap: Hashable, Sendable {
  /// Target of each source value, void included; nil where the table says nothing.
  private let targets: [UInt8?]
  private let colours: [Colour: UInt8]
  /// Of the file, for errors.
  public let name: String

  /// Labels that already are a network's own: its indices, and 255 for void.
  public static func identity(classes: Int) -> LabelMap {
    precondition((1...255).contains(classes), "\(classes) classes; a class map holds 1...255")
    var targets = [UInt8?](repeating: nil, count: 256)
    for index in 0..<classes { targets[index] = UInt8(index) }
    targets[Int(ClassMap.void)] = ClassMap.void
    return LabelMap(targets: targets, colours: [:], name: "the model's \(classes) classes")
  }

  /// - Parameters:
  ///   - name: of the file, for errors.
  ///   - classes: number of the network's classes; higher targets are refused.
  public init(text: String, name: String, classes: Int) throws(RoadError) {
    let table = try TableFile(text, name: name, subject: .label, required: ["source", "target"])
    var targets = [UInt8?](repeating: nil, count: 256)
    var colours: [Colour: UInt8] = [:]
    for row in table.rows {
      let colour = Colour(row.fields[0])
      let source = colour == nil ? try table.byte(row, 0, "source", in: 0...255) : 0
      guard colour.map({ colours[$0] == nil }) ?? (targets[Int(source)] == nil) else {
        throw table.error(row, "source \(row.fields[0]) a second time", remedy: "list every source class once")
      }
      let target = row.fields[1] == "void" ? ClassMap.void : try table.byte(row, 1, "target", in: 0...(classes - 1))
      if let colour { colours[colour] = target } else { targets[Int(source)] = target }
    }
    self.init(targets: targets, colours: colours, name: name)
  }

  public init(path: String, classes: Int) throws(RoadError) {
    try self.init(text: TableFile.text(of: path, subject: .label), name: path, classes: classes)
  }

  private init(targets: [UInt8?], colours: [Colour: UInt8], name: String) {
    self.targets = targets
    self.colours = colours
    self.name = name
  }

  public subscript(source: UInt8) -> UInt8? { targets[Int(source)] }

  public subscript(colour: Colour) -> UInt8? { colours[colour] }

  public var holdsColours: Bool { !colours.isEmpty }
  public var holdsColoursOnly: Bool { holdsColours && targets.allSatisfy { $0 == nil } }

  /// Whether the road is all that the labels tell: every target is `road` or void, and some void is not 255, which
  /// stands for pixels that nobody judged.
  public func isOfRoadOnly(_ road: UInt8) -> Bool {
    let wanted = Array(colours.values) + targets.compactMap { $0 }
    let others = (0..<255).contains { targets[$0] == ClassMap.void } || colours.values.contains(ClassMap.void)
    return wanted.contains(road) && wanted.allSatisfy { $0 == road || $0 == ClassMap.void } && others
  }

  /// The same labels as road (0) against not road (1); value 255 and black stay void.
  public func roadAgainstRest(_ road: UInt8) -> LabelMap {
    func told(_ target: UInt8, _ isVoid: Bool) -> UInt8 { target == road ? 0 : isVoid ? ClassMap.void : 1 }
    let black = Colour(0, 0, 0)
    return LabelMap(
      targets: targets.enumerated().map { source, target in target.map { told($0, source == Int(ClassMap.void)) } },
      colours: colours.reduce(into: [:]) { $0[$1.key] = told($1.value, $1.key == black) }, name: name)
  }

  /// Replaces every value by its target, in place. Throws before anything is written if a value has none.
  ///
  /// - Parameter file: name of the label picture, for errors.
  public func apply(to labels: UnsafeMutableBufferPointer<UInt8>, file: String) throws(RoadError) {
    var table = [UInt8](repeating: ClassMap.void, count: 256)
    var isKnown = [Bool](repeating: false, count: 256)
    for source in 0..<256 {
      guard let target = targets[source] else { continue }
      table[source] = target
      isKnown[source] = true
    }
    for value in labels where !isKnown[Int(value)] {
      throw RoadError(
        .label, "\(file): label \(value) is not in \(name)",
        remedy: "give a label map (a table from the labels' values to the model's classes) that lists it")
    }
    for index in labels.indices { labels[index] = table[Int(labels[index])] }
  }
}

extension Colour {
  /// "128,64,128" or "#804080"; nil for anything else.
  public init?(_ text: Substring) {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
      .map { UInt8($0.filter { !$0.isWhitespace }) }
    if parts.count == 3, let red = parts[0], let green = parts[1], let blue = parts[2] {
      self.init(red, green, blue)
    } else if text.count == 7, text.first == "#", let number = UInt32(text.dropFirst(), radix: 16) {
      self.init(UInt8(number >> 16), UInt8(number >> 8 & 255), UInt8(number & 255))
    } else {
      return nil
    }
  }
}
