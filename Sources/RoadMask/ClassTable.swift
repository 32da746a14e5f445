import RoadBase

/// One class that a network tells apart.
public struct RoadClass: Hashable, Sendable {
  public var name: String
  public var colour: Colour

  public init(name: String, colour: Colour) {
    self.name = name
    self.colour = colour
  }
}

/// Eight-bit red, green, blue.
public struct Colour: Hashable, Sendable {
  public var red: UInt8
  public var green: UInt8
  public var blue: UInt8

  public init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }
}

/// The classes of a network by index, with names and colours, and which of them is the road.
public struct ClassTable: Hashable, Sendable {
  /// 1...255 of them; the index is the class.
  public let classes: [RoadClass]
  /// The class that counts as road.
  public let drivable: UInt8
  /// Of a network with one score a pixel, which tells two classes apart; nil where every class has a score and the
  /// highest wins.
  public let threshold: Threshold?

  public var count: Int { classes.count }
  /// Scores that the network gives a pixel.
  public var scores: Int { threshold == nil ? count : 1 }

  /// Which class a single score stands for.
  public struct Threshold: Hashable, Sendable {
    /// The class of pixels whose score is above `level`; the others are of the other class.
    public var above: UInt8
    /// In the numbers of the network's output: 0.5 of a sigmoid's.
    public var level: Float

    public init(above: UInt8, level: Float) {
      self.above = above
      self.level = level
    }
  }

  public init(_ classes: [RoadClass], drivable: UInt8, threshold: Threshold? = nil) {
    precondition((1...255).contains(classes.count), "\(classes.count) classes; a class map holds 1...255")
    precondition(Int(drivable) < classes.count, "road class \(drivable) of \(classes.count)")
    if let threshold {
      precondition(classes.count == 2 && threshold.above < 2, "a threshold \(threshold) for \(classes.count) classes")
    }
    self.classes = classes
    self.drivable = drivable
    self.threshold = threshold
  }

  public subscript(index: UInt8) -> RoadClass { classes[Int(index)] }

  /// The same with another colour for one class.
  public func recolouring(_ index: UInt8, _ colour: Colour) -> ClassTable {
    var classes = classes
    classes[Int(index)].colour = colour
    return ClassTable(classes, drivable: drivable, threshold: threshold)
  }

  /// Without one class; those behind it move up.
  ///
  /// - Throws: an option error where that is the road, or too few remain.
  public func excluding(_ index: Int) throws(RoadError) -> ClassTable {
    guard classes.indices.contains(index), index != Int(drivable), count > 2, threshold == nil else {
      throw RoadError(
        .option, "class \(index) cannot be left out of \(count) classes", remedy: "the road must remain, and one other")
    }
    var kept = classes
    kept.remove(at: index)
    return ClassTable(kept, drivable: drivable > index ? drivable - 1 : drivable)
  }

  public func index(named name: String) -> UInt8? {
    classes.firstIndex { $0.name == name }.map { UInt8($0) }
  }

  /// The seven first-level classes of the India Driving Dataset (Varma et al., WACV 2019) with its colours.
  public static let driving7 = ClassTable(
    [
      RoadClass(name: "drivable", colour: Colour(128, 64, 128)),
      RoadClass(name: "non-drivable", colour: Colour(60, 40, 222)),
      RoadClass(name: "living-things", colour: Colour(220, 20, 60)),
      RoadClass(name: "vehicles", colour: Colour(0, 0, 142)),
      RoadClass(name: "roadside-objects", colour: Colour(190, 153, 153)),
      RoadClass(name: "far-objects", colour: Colour(107, 142, 35)),
      RoadClass(name: "sky", colour: Colour(70, 130, 180)),
    ], drivable: 0)
}

// MARK: - One score a pixel

extension ClassTable {
  /// What a network with one score a pixel is taken to look for where nobody says.
  public static let roadOrNot = ClassTable(
    [background, RoadClass(name: "road", colour: Colour(128, 64, 128))], drivable: 1)

  private static let background = RoadClass(name: "background", colour: Colour(0, 0, 0))

  /// The table for a network with one score a pixel; nil for one of more than two classes.
  ///
  /// What the network looks for is the road if a class is named so, else the last class, which then counts as the road.
  /// A table of one class names that, and `background` is the other. A threshold that the table has stays.
  ///
  /// - Parameters:
  ///   - level: of the network.
  ///   - findsAbove: whether what it looks for has scores above `level`.
  public func forOneScore(level: Float, findsAbove: Bool) -> ClassTable? {
    guard threshold == nil else { return self }
    guard count <= 2 else { return nil }
    let found = classes.firstIndex { Self.roadNames.contains($0.name) } ?? count - 1
    let pair = count == 2 ? classes : classes + [Self.background]
    return ClassTable(
      pair, drivable: UInt8(found), threshold: Threshold(above: UInt8(findsAbove ? found : 1 - found), level: level))
  }
}

// MARK: - As text

extension ClassTable {
  /// Names that mean road where a table does not say which class does.
  private static let roadNames = ["drivable", "road", "Road"]
  private static let header = ["index", "name", "r", "g", "b"]
  private static let thresholdColumn = "threshold"

  /// Key of the table (as tab-separated text, see ``init(text:name:subject:)``) in the metadata of a model.
  public static let metadataKey = "classes"

  /// Reads `index name r g b`, tab-separated with a header line. Indices run from 0 without gaps; a row of index 255
  /// (void) may follow. The road is the class named drivable, road or Road; without one, class 0.
  ///
  /// A table of two classes may have a column `threshold`, for networks with one score a pixel: a number in the row of
  /// the class that scores above it stand for, `-` in the other.
  ///
  /// - Parameter name: of the file or model, for errors.
  public init(text: String, name: String, subject: RoadError.Subject = .label) throws(RoadError) {
    let table = try TableFile(text, name: name, subject: subject, required: Self.header)
    let column = table.columns.firstIndex(of: Self.thresholdColumn)
    var classes: [RoadClass] = []
    var threshold: Threshold?
    for row in table.rows {
      let index = try table.byte(row, 0, "index", in: 0...255)
      if index == ClassMap.void { continue }
      guard Int(index) == classes.count else {
        throw table.error(
          row, "index \(index), expected \(classes.count)", remedy: "list the classes from 0 without gaps")
      }
      let className = String(row.fields[1])
      guard !className.isEmpty, !classes.contains(where: { $0.name == className }) else {
        throw table.error(row, "name '\(className)'", remedy: "give every class a name of its own")
      }
      let colour = Colour(
        try table.byte(row, 2, "red", in: 0...255), try table.byte(row, 3, "green", in: 0...255),
        try table.byte(row, 4, "blue", in: 0...255))
      classes.append(RoadClass(name: className, colour: colour))
      guard let column, row.fields[column] != "-" else { continue }
      guard threshold == nil, let level = Float(row.fields[column]), level.isFinite else {
        throw table.error(
          row, "threshold '\(row.fields[column])'", remedy: "give a number for one class, and - for the other")
      }
      threshold = Threshold(above: index, level: level)
    }
    guard threshold == nil || classes.count == 2 else {
      throw RoadError(
        subject, "\(name): a threshold and \(classes.count) classes", remedy: "a threshold tells two classes apart")
    }
    guard !classes.isEmpty else {
      throw RoadError(subject, "\(name): no class but void", remedy: "list the classes from 0")
    }
    let road = classes.firstIndex { Self.roadNames.contains($0.name) } ?? 0
    self.init(classes, drivable: UInt8(road), threshold: threshold)
  }

  public init(path: String) throws(RoadError) {
    try self.init(text: TableFile.text(of: path, subject: .label), name: path)
  }

  /// The table in a model's metadata; nil where the model has none.
  public init?(metadata: [String: String], model: String) throws(RoadError) {
    guard let text = metadata[Self.metadataKey] else { return nil }
    try self.init(text: text, name: "\(model): metadata '\(Self.metadataKey)'", subject: .model)
  }

  /// The table as ``init(text:name:subject:)`` reads it.
  public var text: String {
    var lines = [(Self.header + (threshold == nil ? [] : [Self.thresholdColumn])).joined(separator: "\t")]
    for (index, entry) in classes.enumerated() {
      var fields =
        ["\(index)", entry.name] + [entry.colour.red, entry.colour.green, entry.colour.blue].map { "\($0)" }
      if let threshold { fields.append(Int(threshold.above) == index ? "\(threshold.level)" : "-") }
      lines.append(fields.joined(separator: "\t"))
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
