import Foundation
import RoadBase
import RoadMask
import RoadTestSupport
import Testing

/// Label maps and class tables: what is read, and that what cannot be read is named by file and line.
@Suite struct TableTests {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  @Test func theShippedCamVidTableCoversEveryLabel() throws {
    let path = Self.root.appending(path: "Calibration/label-maps/camvid-to-driving7.tsv").path
    let map = try LabelMap(path: path, classes: ClassTable.driving7.count)
    let expected: [UInt8] = [6, 5, 4, 0, 1, 5, 4, 4, 3, 2, 2, 255]
    for (source, target) in expected.enumerated() { #expect(map[UInt8(source)] == target) }
    #expect(map[12] == nil)
  }

  /// Target names in the shipped tables are for people; they must not lie to them.
  @Test func theShippedTablesNameTheirTargets() throws {
    let folder = Self.root.appending(path: "Calibration/label-maps")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix("driving7.tsv") }
    #expect(!files.isEmpty)
    for file in files {
      for line in try String(contentsOf: folder.appending(path: file), encoding: .utf8).split(separator: "\n") {
        let fields = line.split(separator: "\t")
        guard fields.count == 4, let target = UInt8(fields[1]) else { continue }
        #expect(ClassTable.driving7[target].name == fields[3], "\(file): \(line)")
      }
    }
  }

  @Test func labelsAreMappedInPlace() throws {
    let map = try LabelMap(text: "source\ttarget\n3\t0\n7\tvoid\n", name: "map.tsv", classes: 2)
    var labels: [UInt8] = [3, 7, 3]
    try labels.withUnsafeMutableBufferPointer { try map.apply(to: $0, file: "label.png") }
    #expect(labels == [0, 255, 0])
  }

  @Test func anUnlistedLabelIsNamedAndNothingWritten() throws {
    let map = try LabelMap(text: "source\ttarget\n3\t0\n", name: "map.tsv", classes: 2)
    var labels: [UInt8] = [3, 9]
    let error = thrown(RoadError.self) {
      try labels.withUnsafeMutableBufferPointer { try map.apply(to: $0, file: "label.png") }
    }
    #expect(error?.cause == "label.png: label 9 is not in map.tsv")
    #expect(labels == [3, 9])
  }

  @Test func identityKnowsVoidAndTheModelsClasses() {
    let map = LabelMap.identity(classes: 7)
    #expect(map[6] == 6)
    #expect(map[7] == nil)
    #expect(map[255] == 255)
  }

  @Test(arguments: [
    ("", "map.tsv: no rows"),
    ("source\ttarget\n", "map.tsv: no rows"),
    ("from\tto\n1\t2\n", "map.tsv:1: the header is 'from\tto'"),
    ("# a\n\nsource\ttarget\n1\t2\n1\t0\n", "map.tsv:5: source 1 a second time"),
    ("source\ttarget\n1 2\n", "map.tsv:2: 1 fields, the header has 2"),
    ("source\ttarget\n1\t2\t3\n", "map.tsv:2: 3 fields, the header has 2"),
    ("source\ttarget\n256\t2\n", "map.tsv:2: source '256'"),
    ("source\ttarget\n-1\t2\n", "map.tsv:2: source '-1'"),
    ("source\ttarget\n1\t7\n", "map.tsv:2: target '7'"),
    ("source\ttarget\n1\tVoid\n", "map.tsv:2: target 'Void'"),
    ("source\ttarget\n1\t\n", "map.tsv:2: target ''"),
  ]) func badLabelMapsAreNamedByLine(text: String, cause: String) {
    let error = thrown(RoadError.self) { try LabelMap(text: text, name: "map.tsv", classes: 7) }
    #expect(error?.cause == cause)
    #expect(error?.subject == .label)
    #expect(error?.remedy.isEmpty == false)
  }

  @Test func windowsLineEndsAreRead() throws {
    let map = try LabelMap(text: "source\ttarget\r\n3\t0\r\n", name: "map.tsv", classes: 2)
    #expect(map[3] == 0)
  }

  @Test func filesThatAreNoTables() throws {
    let missing = thrown(RoadError.self) { try LabelMap(path: "/nowhere/map.tsv", classes: 7) }
    #expect(missing?.cause == "/nowhere/map.tsv: cannot be opened")
    #expect(throws: RoadError.self) { try LabelMap(path: "/", classes: 7) }
    let binary = FileManager.default.temporaryDirectory.appending(path: "roadmask-\(UUID().uuidString).tsv")
    try Data([0xFF, 0xFE, 0x00]).write(to: binary)
    defer { try? FileManager.default.removeItem(at: binary) }
    let error = thrown(RoadError.self) { try LabelMap(path: binary.path, classes: 7) }
    #expect(error?.cause == "\(binary.path): not UTF-8 text")
  }

  @Test func aClassTableReadsWhatItWrites() throws {
    let table = try ClassTable(text: ClassTable.driving7.text, name: "classes.tsv")
    #expect(table == .driving7)
    #expect(try ClassTable(metadata: ["classes": table.text], model: "m.onnx") == .driving7)
    #expect(try ClassTable(metadata: [:], model: "m.onnx") == nil)
    #expect(table.index(named: "sky") == 6)
    #expect(table[3].colour == Colour(0, 0, 142))
  }

  @Test func theRoadIsFoundByName() throws {
    let text = "index\tname\tr\tg\tb\n0\tSky\t1\t2\t3\n1\tRoad\t4\t5\t6\n255\tvoid\t0\t0\t0\n"
    let table = try ClassTable(text: text, name: "classes.tsv")
    #expect(table.count == 2)
    #expect(table.drivable == 1)
  }

  @Test(arguments: [
    ("index\tname\tr\tg\tb\n1\ta\t0\t0\t0\n", "c.tsv:2: index 1, expected 0"),
    ("index\tname\tr\tg\tb\n0\ta\t0\t0\t300\n", "c.tsv:2: blue '300'"),
    ("index\tname\tr\tg\tb\n0\ta\t0\t0\t0\n1\ta\t0\t0\t0\n", "c.tsv:3: name 'a'"),
    ("index\tname\tr\tg\tb\n255\tvoid\t0\t0\t0\n", "c.tsv: no class but void"),
  ]) func badClassTablesAreNamedByLine(text: String, cause: String) {
    let error = thrown(RoadError.self) { try ClassTable(text: text, name: "c.tsv") }
    #expect(error?.cause == cause)
  }

  /// The data sets' own table, where the data is there.
  @Test(.enabled(if: FileManager.default.fileExists(atPath: Shared.path("data/idd-lite/classes.tsv")), Shared.absence))
  func theDataSetsOwnTable() throws {
    #expect(try ClassTable(path: Shared.path("data/idd-lite/classes.tsv")) == .driving7)
  }

  @Test func aThresholdIsPartOfTheTable() throws {
    let text = "index\tname\tr\tg\tb\tthreshold\n0\trest\t0\t0\t0\t-\n1\tlane\t9\t8\t7\t0.25\n"
    let table = try ClassTable(text: text, name: "two.tsv")
    #expect(table.threshold == ClassTable.Threshold(above: 1, level: 0.25))
    #expect(table.scores == 1 && table.count == 2)
    #expect(table.text == text)
    // The number of the table goes before that of the network.
    #expect(table.forOneScore(level: 0.5, findsAbove: true) == table)
  }

  @Test(
    arguments: [
      ("0\ta\t0\t0\t0\t0.5\n1\tb\t0\t0\t0\t0.5\n", "t.tsv:3: threshold '0.5'"),
      ("0\ta\t0\t0\t0\tx\n1\tb\t0\t0\t0\t-\n", "t.tsv:2: threshold 'x'"),
      ("0\ta\t0\t0\t0\tnan\n1\tb\t0\t0\t0\t-\n", "t.tsv:2: threshold 'nan'"),
      ("0\ta\t0\t0\t0\t1\n", "t.tsv: a threshold and 1 classes"),
      ("0\ta\t0\t0\t0\t1\n1\tb\t0\t0\t0\t-\n2\tc\t0\t0\t0\t-\n", "t.tsv: a threshold and 3 classes"),
    ] as [(String, String)])
  func anUnusableThresholdIsNamed(rows: String, cause: String) {
    let error = thrown(RoadError.self) {
      try ClassTable(text: "index\tname\tr\tg\tb\tthreshold\n" + rows, name: "t.tsv")
    }
    #expect(error?.cause == cause)
  }

  /// What one score a pixel stands for, by the names of the table.
  @Test(
    arguments: [
      (["road"], ["road", "background"], 0), (["road", "rest"], ["road", "rest"], 0),
      (["rest", "road"], ["rest", "road"], 1), (["background", "lane"], ["background", "lane"], 1),
      (["lane"], ["lane", "background"], 0),
    ] as [([String], [String], UInt8)])
  func oneScoreTellsTwoClassesApart(given: [String], names: [String], found: UInt8) throws {
    let table = ClassTable(given.map { RoadClass(name: $0, colour: Colour(1, 2, 3)) }, drivable: 0)
    let above = try #require(table.forOneScore(level: 0.5, findsAbove: true) as ClassTable?)
    #expect(above.classes.map(\.name) == names)
    #expect(above.threshold == ClassTable.Threshold(above: found, level: 0.5))
    #expect(above.drivable == found)
    let below = try #require(table.forOneScore(level: 2, findsAbove: false))
    #expect(below.threshold == ClassTable.Threshold(above: 1 - found, level: 2))
    #expect(below.drivable == found)
    #expect(ClassTable.driving7.forOneScore(level: 0, findsAbove: true) == nil)
  }
}

/// Data beside the package that is not part of it: `../shared`, or where `ROADSEG_SHARED` says.
enum Shared {
  static let absence: Comment = "no ../shared beside the package and no ROADSEG_SHARED"

  static func path(_ relative: String) -> String {
    let root =
      ProcessInfo.processInfo.environment["ROADSEG_SHARED"]
      ?? TableTests.root.deletingLastPathComponent().appending(path: "shared").path
    return "\(root)/\(relative)"
  }
}
