import Foundation
import RoadBase
import RoadEvaluation
import RoadFrame
import RoadMask
import RoadSegmentation
import RoadTestSupport
import Testing

/// Labels of every kind, and sets that know the road alone, against a segmenter whose answers are known.
@Suite struct LabelTests {
  /// Gives every picture the same class map: road in the left half, class 1 in the right.
  private final class HalfRoad: PictureSegmenter {
    let arithmetic = "int8"
    let classes = ClassTable(
      [
        RoadClass(name: "road", colour: Colour(128, 64, 128)), RoadClass(name: "building", colour: Colour(70, 70, 70)),
        RoadClass(name: "sky", colour: Colour(70, 130, 180)),
      ], drivable: 0)
    let inputSize = PictureSize(width: 8, height: 4)

    func classMap(of picture: Picture, size: PictureSize) -> ClassMap {
      let map = ClassMap(size: size)
      for index in map.bytes.indices { map.bytes[index] = index % size.width < size.width / 2 ? 0 : 1 }
      return map
    }
  }

  private static let size = PictureSize(width: 8, height: 4)

  private func outcome(_ label: [UInt8], map: String? = nil) throws -> Evaluation.Outcome {
    let folder = FileManager.default.temporaryDirectory.appending(path: "labels-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let encoder = try JPEGEncoder(largest: Self.size)
    try encoder.write(Picture(size: Self.size), to: "\(folder)/a.jpg")
    try FileOutput.write(label, to: "\(folder)/a.png")
    let table = try map.map { try LabelMap(text: $0, name: "map.tsv", classes: 3) }
    return try Evaluation.outcome(
      of: HalfRoad(), on: [PicturePair("\(folder)/a.jpg", "\(folder)/a.png")], labelMap: table)
  }

  private func grey(_ value: (_ x: Int, _ y: Int) -> UInt8) throws -> [UInt8] {
    let values = (0..<32).map { value($0 % 8, $0 / 8) }
    return try PNG.grey(values, size: Self.size)
  }

  private func colours(_ indices: [UInt8], _ palette: [PNG.RGB]) throws -> [UInt8] {
    // An RGB file: a paletted one would be taken by its indices.
    let bytes = indices.flatMap { index in
      [palette[Int(index)].red, palette[Int(index)].green, palette[Int(index)].blue]
    }
    return RGBFile.make(bytes, size: Self.size)
  }

  @Test func numbersAndColoursScoreTheSame() throws {
    let indices = (0..<32).map { UInt8($0 < 4 ? 2 : $0 % 8 < 3 ? 0 : 1) }
    let palette = [
      PNG.RGB(red: 128, green: 64, blue: 128), PNG.RGB(red: 70, green: 70, blue: 70),
      PNG.RGB(red: 0, green: 0, blue: 0),
    ]
    let numbers = try outcome(try PNG.grey(indices.map { $0 == 2 ? 255 : $0 }, size: Self.size))
    // Black is in no class: void.
    #expect(try outcome(try colours(indices, palette)).confusion == numbers.confusion)
    let map = "source\ttarget\n128,64,128\t0\n#464646\t1\n0,0,0\tvoid\n"
    #expect(try outcome(try colours(indices, palette), map: map).confusion == numbers.confusion)
  }

  @Test func aColourThatNoTableKnowsIsNamed() throws {
    let label = try colours([UInt8](repeating: 0, count: 32), [PNG.RGB(red: 1, green: 2, blue: 3)])
    let error = thrown(RoadError.self) { try self.outcome(label) }
    #expect(error?.cause.contains("colour 1,2,3 is not in the class table") == true)
    let numbers = thrown(RoadError.self) { try self.outcome(label, map: "source\ttarget\n0\t0\n") }
    #expect(numbers?.cause.contains("holds colours, map.tsv numbers") == true)
  }

  /// Labelled road: a quarter; painted: a half. False paint counts though the map calls all else void; 255 does not.
  @Test func roadAloneIsScoredAgainstNotRoad() throws {
    let label = try grey { x, y in y == 0 ? 255 : x < 2 ? 0 : 1 }
    let result = try outcome(label, map: "source\ttarget\n0\t0\n1\tvoid\n255\tvoid\n")
    #expect(result.classes.classes.map(\.name) == ["road", "not road"])
    #expect(result.scores.roadIoU == 0.5)
    #expect(result.scores.pixels == 24)
    // A map that knows other classes, too, leaves void out as ever.
    let all = try outcome(label, map: "source\ttarget\n0\t0\n1\tvoid\n2\t2\n255\tvoid\n")
    #expect(all.scores.roadIoU == 1)
    #expect(all.classes.count == 3)
  }

  @Test func aLabelWithoutRoadIsSaidToSayNothing() throws {
    let result = try outcome(try grey { x, _ in x < 2 ? 255 : 1 })
    #expect(result.warning(voidIsValue255: true)?.contains("no pixel is labelled 'road'") == true)
    let one = try outcome(try grey { x, _ in x < 2 ? 255 : 0 })
    #expect(one.warning(voidIsValue255: true)?.contains("every labelled pixel is 'road'") == true)
    #expect(one.warning(voidIsValue255: false) == nil)
    #expect(try outcome(try grey { x, _ in x < 2 ? 1 : 0 }).warning(voidIsValue255: true) == nil)
  }
}

/// A PNG of stored RGB bytes, by the specification.
private enum RGBFile {
  static func make(_ bytes: [UInt8], size: PictureSize) -> [UInt8] {
    let row = 3 * size.width
    let raw = (0..<size.height).flatMap { [0] + bytes[$0 * row..<($0 + 1) * row] }
    var (a, b): (UInt32, UInt32) = (1, 0)
    for byte in raw { (a, b) = ((a + UInt32(byte)) % 65521, (b + a + UInt32(byte)) % 65521) }
    let count = UInt16(raw.count)
    let body =
      [0x78, 0x01, 0x01] + [UInt8(count & 255), UInt8(count >> 8), UInt8(~count & 255), UInt8(~count >> 8)] + raw
    let header = big(UInt32(size.width)) + big(UInt32(size.height)) + [8, 2, 0, 0, 0]
    return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + chunk("IHDR", header)
      + chunk("IDAT", body + big(b << 16 | a)) + chunk("IEND", [])
  }

  private static func big(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(value >> (24 - 8 * UInt32($0)) & 255) } }

  private static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + data
    var crc: UInt32 = 0xFFFF_FFFF
    for byte in body {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return big(UInt32(data.count)) + body + big(~crc)
  }
}
