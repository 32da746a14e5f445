import RoadBase

/// How many pixels of each labelled class were given which class; void labels are left out.
public struct ConfusionMatrix: Hashable, Sendable {
  public let classes: Int
  /// `counts[label · classes + prediction]`.
  public private(set) var counts: [UInt64]

  public init(classes: Int) {
    precondition((1...255).contains(classes), "\(classes) classes; a class map holds 1...255")
    self.classes = classes
    counts = [UInt64](repeating: 0, count: classes * classes)
  }

  /// Pixels that are labelled `label` and were given `prediction`.
  public subscript(label label: Int, prediction prediction: Int) -> UInt64 { counts[label * classes + prediction] }

  /// Adds one picture.
  ///
  /// - Parameters:
  ///   - prediction: classes of the network, each below `classes`.
  ///   - label: the same classes, or 255 for void.
  ///   - file: name of the label picture, for errors.
  /// - Throws: where the sizes differ, or a label is neither void nor below `classes`; nothing is counted then.
  public mutating func add(prediction: ClassMap, label: ClassMap, file: String) throws(RoadError) {
    guard prediction.size == label.size else {
      throw RoadError(
        .label, "\(file): the label is \(label.size), its picture \(prediction.size)",
        remedy: "labels have the size of their pictures")
    }
    for value in label.bytes where value != ClassMap.void && Int(value) >= classes {
      throw RoadError(
        .label, "\(file): label \(value), but the model has the classes 0...\(classes - 1)",
        remedy: "give a label map (a table from the labels' values to the model's classes)")
    }
    for index in 0..<label.bytes.count where label.bytes[index] != ClassMap.void {
      let given = Int(prediction.bytes[index])
      precondition(given < classes, "class \(given) predicted by a network of \(classes) classes")
      counts[Int(label.bytes[index]) * classes + given] += 1
    }
  }

  public static func += (left: inout Self, right: Self) {
    precondition(left.classes == right.classes, "adding \(right.classes) classes to \(left.classes)")
    for index in left.counts.indices { left.counts[index] += right.counts[index] }
  }

  /// Labelled pixels of the class.
  public func labelled(_ class: Int) -> UInt64 {
    (0..<classes).reduce(0) { $0 + self[label: `class`, prediction: $1] }
  }

  /// Pixels given the class (void labels left out).
  public func predicted(_ class: Int) -> UInt64 {
    (0..<classes).reduce(0) { $0 + self[label: $1, prediction: `class`] }
  }

  public var pixels: UInt64 { counts.reduce(0, +) }
}
