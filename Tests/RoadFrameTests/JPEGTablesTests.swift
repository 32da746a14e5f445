import RoadBase
import RoadFrame
import Testing

/// libjpeg keeps tables from one picture to the next; the same bytes must give the same pixels all the same.
@Suite("Tables of a JPEG")
struct JPEGTablesTests {
  private static let size = PictureSize(width: 37, height: 22)
  private static let (quantization, huffman): (UInt8, UInt8) = (0xDB, 0xC4)

  /// The JPEG without its segments of one kind.
  private func without(_ code: UInt8, _ name: String) throws -> [UInt8] {
    let bytes = try Goldens.bytes(name)
    var kept: [UInt8] = [0xFF, 0xD8]
    var at = 2
    while at + 4 <= bytes.count {
      guard bytes[at] == 0xFF, bytes[at + 1] != 0xD9 else { break }
      var end = at + 2 + Int(bytes[at + 2]) << 8 + Int(bytes[at + 3])
      if bytes[at + 1] == 0xDA {
        while end + 1 < bytes.count, bytes[end] != 0xFF || bytes[end + 1] == 0 { end += 1 }
      }
      if bytes[at + 1] != code { kept += bytes[at..<end] }
      at = end
    }
    return kept + [0xFF, 0xD9]
  }

  private func decode(_ bytes: [UInt8], _ decoder: JPEGDecoder) -> (outcome: DecodeOutcome, pixels: [UInt8]) {
    let picture = Picture(size: Self.size)
    let outcome = bytes.withUnsafeBytes { decoder.decode($0, into: picture) }
    return (outcome, outcome == .decoded ? Goldens.rgb(picture) : [])
  }

  @Test(
    "Motion JPEG without Huffman tables, after a picture with tables of its own", arguments: ["420", "422", "grey"])
  func standardTables(kind: String) throws {
    let bytes = try without(Self.huffman, "jpeg-\(kind).jpg")
    let whole = try Goldens.bytes("jpeg-\(kind).jpg")
    #expect(bytes.count < whole.count)
    let decoder = try JPEGDecoder()
    for before in ["jpeg-progressive.jpg", "jpeg-420.jpg"] {
      #expect(decode(try Goldens.bytes(before), decoder).outcome == .decoded)
      let (outcome, pixels) = decode(bytes, decoder)
      #expect(outcome == .decoded)
      let expected = try Goldens.bytes("jpeg-\(kind).rgb")
      #expect(pixels == expected)
    }
    let frames = try FrameDecoder()
    let planes = PlanarPicture(size: Self.size)
    #expect(
      frames.prepare(Frame(try Goldens.bytes("jpeg-progressive.jpg"), .mjpeg, Self.size), planes: planes).outcome
        == .decoded)
    let prepared = frames.prepare(Frame(bytes, .mjpeg, Self.size), planes: planes)
    #expect(prepared.outcome == .decoded)
    #expect(
      Goldens.largestDifference(PlanesTests.rgb(prepared.pixels), try Goldens.bytes("jpeg-\(kind)-plain.rgb")) <= 1)
  }

  @Test("what lacks its tables is damaged, whatever came before")
  func lackingTables() throws {
    let decoder = try JPEGDecoder()
    let lacking = [
      try without(Self.quantization, "jpeg-420.jpg"), try without(Self.quantization, "jpeg-progressive.jpg"),
      try without(Self.huffman, "jpeg-progressive.jpg"),
    ]
    for bytes in lacking {
      #expect(decode(bytes, decoder).outcome == .corrupt(.undecodable))
      #expect(decode(bytes.dropLast(2), decoder).outcome == .corrupt(.truncated))
      #expect(decode(try Goldens.bytes("jpeg-progressive.jpg"), decoder).outcome == .decoded)
      #expect(decode(try Goldens.bytes("jpeg-420.jpg"), decoder).outcome == .decoded)
    }
  }

  @Test("pixels do not hang on the pictures before", arguments: ["420", "progressive"])
  func noHistory(kind: String) throws {
    let whole = try Goldens.bytes("jpeg-\(kind).jpg")
    let used = try JPEGDecoder()
    var random = SystemRandomNumberGenerator()
    for _ in 0..<2000 {
      var bytes = whole
      for _ in 0..<2 { bytes[Int.random(in: 2..<whole.count, using: &random)] = .random(in: 0...255, using: &random) }
      let (outcome, pixels) = decode(bytes, used)
      let fresh = decode(bytes, try JPEGDecoder())
      #expect(outcome == fresh.outcome, "\(bytes)")
      #expect(pixels == fresh.pixels, "\(bytes)")
      _ = decode(try Goldens.bytes("jpeg-progressive.jpg"), used)
    }
  }
}
