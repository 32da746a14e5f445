import RoadBase
import RoadFrame
import Testing

@Suite("JPEG")
struct JPEGTests {
  static let size = PictureSize(width: 37, height: 22)

  private func decode(_ bytes: [UInt8], into picture: Picture? = nil) throws -> DecodeOutcome {
    let decoder = try JPEGDecoder()
    return bytes.withUnsafeBytes { decoder.decode($0, into: picture ?? Picture(size: Self.size)) }
  }

  @Test("equals Pillow's decoding", arguments: ["444", "422", "420", "progressive", "grey"])
  func equalsPillow(kind: String) throws {
    let picture = Picture(size: Self.size)
    #expect(try decode(try Goldens.bytes("jpeg-\(kind).jpg"), into: picture) == .decoded)
    #expect(Goldens.largestDifference(Goldens.rgb(picture), try Goldens.bytes("jpeg-\(kind).rgb")) == 0)
    #expect(Goldens.everyFourthByteIs255(picture))
  }

  @Test("cut at every byte, it is corrupt until only the end marker is missing", arguments: ["420", "progressive"])
  func everyCut(kind: String) throws {
    let whole = try Goldens.bytes("jpeg-\(kind).jpg")
    let decoder = try JPEGDecoder()
    let picture = Picture(size: Self.size)
    // The last bytes of data may hold padding bits only, hence the margin.
    for count in 0..<whole.count - 4 {
      let outcome = whole.prefix(count).withUnsafeBytes { decoder.decode($0, into: picture) }
      #expect(outcome != .decoded, "cut after \(count) of \(whole.count) bytes")
    }
    for count in whole.count - 2...whole.count {
      #expect(whole.prefix(count).withUnsafeBytes { decoder.decode($0, into: picture) } == .decoded)
    }
  }

  @Test("cut anywhere in the picture data and closed with an end marker, it is still seen")
  func everyCutWithEndMarker() throws {
    let whole = try Goldens.bytes("jpeg-420.jpg")
    let scan = try #require((0..<whole.count - 1).first { whole[$0] == 0xFF && whole[$0 + 1] == 0xDA })
    // The last few bytes may hold padding bits only, hence the margin.
    for count in scan + 14..<whole.count - 4 {
      #expect(try decode(Array(whole.prefix(count)) + [0xFF, 0xD9]) == .corrupt(.undecodable), "cut after \(count)")
    }
  }

  @Test("bytes lost in the middle are seen")
  func lostPacket() throws {
    let whole = try Goldens.bytes("jpeg-420.jpg")
    let scan = try #require((0..<whole.count - 1).first { whole[$0] == 0xFF && whole[$0 + 1] == 0xDA })
    let torn = Array(whole[..<(scan + 40)] + whole[(scan + 140)...])
    #expect(try decode(torn) == .corrupt(.undecodable))
  }

  @Test("padding after the end and surplus bytes before it are what cameras do")
  func harmless() throws {
    let whole = try Goldens.bytes("jpeg-420.jpg")
    let picture = Picture(size: Self.size)
    #expect(try decode(whole + [UInt8](repeating: 0, count: 3000), into: picture) == .decoded)
    let body = Array(whole.prefix(whole.count - 2))
    let surplus = body + [0, 0, 0xFF, 0xD9]
    #expect(try decode(surplus, into: picture) == .decoded)
    #expect(try Goldens.bytes("jpeg-420.rgb") == Goldens.rgb(picture))
    let damage = body + (0..<5000).map { UInt8($0 % 250) } + [0xFF, 0xD9]
    #expect(try decode(damage) == .corrupt(.undecodable), "two frames run together")
  }

  @Test("garbage is undecodable, whatever it starts with")
  func garbage() throws {
    var random = SystemRandomNumberGenerator()
    let whole = try Goldens.bytes("jpeg-420.jpg")
    let decoder = try JPEGDecoder()
    let picture = Picture(size: Self.size)
    for _ in 0..<300 {
      let noise = (0..<400).map { _ in UInt8.random(in: 0...255, using: &random) }
      #expect(noise.withUnsafeBytes { decoder.decode($0, into: picture) } != .decoded)
      // Damaged by a few bytes it may decode or not, but must come back, within the picture's memory.
      var damaged = whole
      for _ in 0..<4 { damaged[Int.random(in: 2..<whole.count, using: &random)] = .random(in: 0...255, using: &random) }
      _ = damaged.withUnsafeBytes { decoder.decode($0, into: picture) }
    }
    #expect(try decode([]) == .corrupt(.undecodable))
    #expect(try decode([0xFF, 0xD8, 0xFF]) == .corrupt(.undecodable))
    #expect(try decode([0xFF, 0xD8, 0xFF, 0xFF, 0xD9]) == .corrupt(.undecodable))
  }

  @Test("another size than the picture's is the wrong size, not an overrun")
  func wrongSize() throws {
    let whole = try Goldens.bytes("jpeg-420.jpg")
    let small = Picture(size: PictureSize(width: 36, height: 22))
    #expect(try decode(whole, into: small) == .corrupt(.wrongSize))
    let decoder = try JPEGDecoder()
    #expect(whole.withUnsafeBytes { decoder.size(of: $0) } == Self.size)
    // 65500 is a size that JPEG can say and that no camera has.
    var huge = whole
    let frame = try #require((0..<whole.count - 1).first { whole[$0] == 0xFF && whole[$0 + 1] == 0xC0 })
    huge.replaceSubrange(frame + 5..<frame + 9, with: [0xFF, 0xDC, 0xFF, 0xDC])
    #expect(huge.withUnsafeBytes { decoder.size(of: $0) } == nil)
    #expect(try decode(huge) == .corrupt(.tooLarge))
  }

  @Test("what the encoder writes, the decoder reads, near to the original")
  func roundTrip() throws {
    let original = Goldens.picture(rgb: try Goldens.bytes("jpeg-444.rgb"), size: Self.size)
    let encoder = try JPEGEncoder(largest: PictureSize(width: 64, height: 64), quality: 95)
    let bytes = Array(try #require(encoder.encode(original)))
    let again = Picture(size: Self.size)
    #expect(try decode(bytes, into: again) == .decoded)
    let mean =
      zip(Goldens.rgb(original), Goldens.rgb(again)).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
      / (3 * Self.size.pixels)
    #expect(mean <= 6)
    let noise = Picture(size: PictureSize(width: 64, height: 64))
    for i in 0..<noise.bytes.count { noise.base[i] = .random(in: 0...255) }
    #expect(encoder.encode(noise) != nil, "noise needs the most bytes")
  }
}
