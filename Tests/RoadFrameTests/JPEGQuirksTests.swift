import RoadBase
import RoadFrame
import Testing

/// What libjpeg only warns of, and what every other reader shows without loss, is no damage.
@Suite("Harmless JPEG oddities")
struct JPEGQuirksTests {
  private static let size = PictureSize(width: 37, height: 22)

  /// Marker segments up to the picture data, and the rest from there.
  private func parts(_ name: String) throws -> (segments: [[UInt8]], data: [UInt8]) {
    let bytes = try Goldens.bytes(name)
    var segments: [[UInt8]] = []
    var at = 2
    while true {
      let end = at + 2 + Int(bytes[at + 2]) << 8 + Int(bytes[at + 3])
      segments.append(Array(bytes[at..<end]))
      at = end
      if segments.last?[1] == 0xDA { return (segments, Array(bytes[at...])) }
    }
  }

  private func expectReference(
    _ bytes: [UInt8], _ name: String = "jpeg-420", sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let picture = Picture(size: Self.size)
    let decoder = try JPEGDecoder()
    let outcome = bytes.withUnsafeBytes { decoder.decode($0, into: picture) }
    #expect(outcome == .decoded, sourceLocation: sourceLocation)
    let golden = try Goldens.bytes("\(name).rgb")
    #expect(Goldens.largestDifference(Goldens.rgb(picture), golden) == 0, sourceLocation: sourceLocation)
  }

  @Test("a scan header that says coefficients 0..0")
  func scanHeader() throws {
    var (segments, data) = try parts("jpeg-420.jpg")
    let last = segments.removeLast()
    segments.append(last.dropLast(3) + [0, 0, 0])
    try expectReference([0xFF, 0xD8] + segments.joined() + data)
  }

  @Test("surplus bytes between segments and before the end", arguments: [1, 64, 608, 3000])
  func surplus(count: Int) throws {
    let (segments, data) = try parts("jpeg-420.jpg")
    let zeros = [UInt8](repeating: 0, count: count)
    let noise = (0..<count).map { UInt8(truncatingIfNeeded: $0 % 254) }
    for filler in [zeros, noise] {
      try expectReference([0xFF, 0xD8] + segments[0] + filler + segments.dropFirst().joined() + data)
      try expectReference([0xFF, 0xD8] + segments.joined(by: filler) + data)
    }
    try expectReference([0xFF, 0xD8] + segments.joined() + data.dropLast(2) + zeros + [0xFF, 0xD9])
  }

  @Test("JFIF and Adobe versions that nobody knows", arguments: [[0, 0], [2, 1], [9, 99]] as [[UInt8]])
  func versions(version: [UInt8]) throws {
    var (segments, data) = try parts("jpeg-420.jpg")
    #expect(segments[0][1] == 0xE0)
    segments[0].replaceSubrange(9..<11, with: version)
    try expectReference([0xFF, 0xD8] + segments.joined() + data)
    let adobe: [UInt8] = [0xFF, 0xEE, 0, 14] + Array("Adobe".utf8) + [0, 100, 0, 0, 0, 0, 3]
    try expectReference([0xFF, 0xD8] + adobe + segments.dropFirst().joined() + data)
  }

  @Test("padding behind the end, no end at all, both", arguments: [0, 1, 5000, 70000])
  func ends(padding: Int) throws {
    let whole = try Goldens.bytes("jpeg-420.jpg")
    let zeros = [UInt8](repeating: 0, count: padding)
    try expectReference(whole + zeros)
    try expectReference(whole.dropLast(2) + zeros)
    try expectReference(whole + zeros + (try Goldens.bytes("jpeg-444.jpg")))
    try expectReference((try Goldens.bytes("jpeg-progressive.jpg")).dropLast(2), "jpeg-progressive")
    let comment: [UInt8] = [0xFF, 0xFE, 0, 4, 65, 66]
    try expectReference(Array(whole.dropLast(2)) + comment + zeros + [0xFF, 0xD9])
  }

  @Test("two start markers, empty pictures in front, an end marker before the first segment")
  func starts() throws {
    let whole = try Goldens.bytes("jpeg-420.jpg")
    let empty: [UInt8] = [0xFF, 0xD8, 0xFF, 0xD9]
    try expectReference([0xFF, 0xD8] + whole)
    try expectReference([0xFF, 0xD8, 0xFF, 0xD8] + whole)
    try expectReference(empty + empty + whole)
    try expectReference([0xFF, 0xD8] + empty + whole)
    // Tables alone and an end marker: no picture either.
    let (segments, _) = try parts("jpeg-444.jpg")
    try expectReference([0xFF, 0xD8] + segments[1] + [0xFF, 0xD9] + whole)
  }

  @Test("what lacks pixels is damage, with or without an end marker", arguments: ["420", "444", "progressive"])
  func damage(kind: String) throws {
    let whole = try Goldens.bytes("jpeg-\(kind).jpg")
    let scan = try #require((0..<whole.count - 1).first { whole[$0] == 0xFF && whole[$0 + 1] == 0xDA })
    let decoder = try JPEGDecoder()
    for count in scan + 14..<whole.count - 8 {
      let picture = Picture(size: Self.size)
      let cut = Array(whole.prefix(count))
      #expect(cut.withUnsafeBytes { decoder.decode($0, into: picture) } == .corrupt(.truncated), "cut after \(count)")
      let padded = cut + [UInt8](repeating: 0, count: 3000)
      let outcome = padded.withUnsafeBytes { decoder.decode($0, into: picture) }
      // Zeros are picture data, too: they may pass for what is missing, or for data that is damaged.
      withKnownIssue("zeros behind a cut are not told from picture data", isIntermittent: true) {
        #expect(outcome == .corrupt(.truncated), "\(count) padded")
      }
    }
  }

  @Test("any oddity at any place with any byte changed comes back, within the picture's memory")
  func fuzz() throws {
    var random = SystemRandomNumberGenerator()
    let decoder = try JPEGDecoder()
    let picture = Picture(size: Self.size)
    let (segments, data) = try parts("jpeg-420.jpg")
    for _ in 0..<400 {
      var bytes: [UInt8] = [0xFF, 0xD8]
      for segment in segments.shuffled(using: &random) where Bool.random(using: &random) || segment[1] == 0xDA {
        bytes += segment + [UInt8](repeating: 0xFF, count: .random(in: 0...3, using: &random))
      }
      bytes += data.prefix(.random(in: 0...data.count, using: &random))
      for _ in 0..<3 { bytes[.random(in: 2..<bytes.count, using: &random)] = .random(in: 0...255, using: &random) }
      bytes.withUnsafeBytes { _ = decoder.decode($0, into: picture) }
    }
  }
}

extension [[UInt8]] {
  fileprivate func joined(by filler: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    for (index, segment) in enumerated() { bytes += (index == 0 ? [] : filler) + segment }
    return bytes
  }
}
