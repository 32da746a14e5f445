import RoadBase

/// From the classes of a label set to those of a network: which class, or void (left out of every figure).
///
/// The file is tab-separated, `source target` and any further columns for people: `source` the value of the label's pixels
/// (0...255), `target` an index of the network's classes or the word `void`. Every value that the labels use is listed;
/// one that is not is an error, for a table that forgets a class would make figures look better than they are.
public struct LabelMap: Hashable, Sendable {
  /// Target of each source value, void included; nil where the table says nothing.
  private let targets: [UInt8?]
  /// Of the file, for errors.
  public let name: String

  /// Labels that already are a network's own: its indices, and 255 for void.
  public static func identity(classes: Int) -> LabelMap {
    precondition((1...255).contains(classes), "\(classes) classes; a class map holds 1...255")
    var targets = [UInt8?](repeating: nil, count: 256)
    for index in 0..<classes { targets[index] = UInt8(index) }
    targets[Int(ClassMap.void)] = ClassMap.void
    return LabelMap(targets: targets, name: "the model's \(classes) classes")
  }

  /// - Parameters:
  ///   - name: of the file, for errors.
  ///   - classes: number of the network's classes; higher targets are refused.
  public init(text: String, name: String, classes: Int) throws(RoadError) {
    let table = try TableFile(text, name: name, subject: .label, required: ["source", "target"])
    var targets = [UInt8?](repeating: nil, count: 256)
    for row in table.rows {
      let source = try table.byte(row, 0, "source", in: 0...255)
      guard targets[Int(source)] == nil else {
        throw table.error(row, "source \(source) a second time", remedy: "list every source class once")
      }
      targets[Int(source)] =
        row.fields[1] == "void" ? ClassMap.void : try table.byte(row, 1, "target", in: 0...(classes - 1))
    }
    self.init(targets: targets, name: name)
  }

  public init(path: String, classes: Int) throws(RoadError) {
    try self.init(text: TableFile.text(of: path, subject: .label), name: path, classes: classes)
  }

  private init(targets: [UInt8?], name: String) {
    self.targets = targets
    self.name = name
  }

  public subscript(source: UInt8) -> UInt8? { targets[Int(source)] }

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
