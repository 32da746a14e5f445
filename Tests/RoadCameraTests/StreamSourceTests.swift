import Foundation
import RoadBase
import RoadCamera
import RoadFrame
import RoadTestSupport
import Testing

@Suite("Streams on a descriptor")
struct StreamSourceTests {
  private func readAll(_ bytes: [UInt8], piece: Int = 4096) throws -> (outcomes: [ReadOutcome], frames: [[UInt8]]) {
    let pipe = TestPipe()
    pipe.feed(bytes, piece: piece)
    return try StreamSource(descriptor: pipe.reader, name: "standard input").readAll()
  }

  @Test("motion JPEG is cut where ffmpeg cut it, in whatever pieces it comes", arguments: [1, 7, 100, 5000])
  func motionJPEG(piece: Int) throws {
    let all = try readAll(try Goldens.bytes("pattern.mjpeg"), piece: piece)
    #expect(all.outcomes == [good, good, good, .ended])
    #expect(try Goldens.jpegs() == all.frames)
  }

  @Test("what lies between JPEGs is skipped, what lies within is not mistaken for an end")
  func surroundings() throws {
    let jpegs = try Goldens.jpegs()
    // A comment segment that holds the markers of a whole little JPEG, as a thumbnail does; and fill bytes.
    let decoy: [UInt8] = [0xFF, 0xD8, 0xFF, 0xD9, 0xFF, 0xD8, 0xFF, 0xDA, 0xFF, 0xD9]
    let segment = [0xFF, 0xFF, 0xFF, 0xFE, 0x00, UInt8(decoy.count + 2)] + decoy
    let second: [UInt8] = Array(jpegs[1][..<2]) + segment + Array(jpegs[1][2...])
    let boundary = Array("\r\n--frame\r\nContent-Type: image/jpeg\r\n\r\n".utf8)
    let pieces: [[UInt8]] = [boundary, jpegs[0], boundary, second, [0, 0, 0, 0xFF], jpegs[2], [0, 0xFF, 0]]
    let all = try readAll(Array(pieces.joined()))
    #expect(all.outcomes == [good, good, good, .ended])
    #expect(all.frames == [jpegs[0], second, jpegs[2]])
  }

  @Test("a Y4M stream that ends within a frame: one truncated frame, then the end")
  func everyCut() throws {
    let whole = try Goldens.bytes("pattern-420.y4m")
    let first = whole.count - 2 * (6 + 918)
    for count in stride(from: first, to: whole.count, by: 3) {
      let all = try readAll(Array(whole.prefix(count)))
      #expect(all.outcomes.last == .ended, "cut after \(count)")
      #expect(all.outcomes.filter { $0 == good }.count == all.frames.count)
      let corrupt = all.outcomes.filter { $0 != good && $0 != .ended }
      #expect(corrupt.isEmpty || corrupt == [.corrupt(.truncated)], "cut after \(count)")
      #expect(all.frames.count >= 1 && all.frames.count <= 2)
    }
    #expect(
      try readAll(Array(whole.prefix(first / 2))).outcomes == [.corrupt(.truncated), .ended],
      "the header alone opens it")
  }

  /// What a pipeline makes of the frames: whether all pixels are there, decoding shows.
  private func decoded(_ bytes: [UInt8]) throws -> [DecodeOutcome] {
    let decoder = try FrameDecoder()
    let picture = Picture(size: Goldens.size)
    return try readAll(bytes).frames.map { bytes in
      let frame = Frame(capacity: bytes.count)
      frame.bytes.copyBytes(from: bytes)
      (frame.byteCount, frame.format, frame.size) = (bytes.count, .mjpeg, Goldens.size)
      return decoder.decode(frame, into: picture)
    }
  }

  @Test("a motion JPEG stream that ends within a frame: that frame alone is cut short")
  func everyCutOfMotionJPEG() throws {
    let whole = try Goldens.bytes("pattern.mjpeg")
    let jpegs = try Goldens.jpegs()
    // The picture data begins 282 bytes into the second frame; before that the frame has not begun.
    let second = jpegs[0].count
    for count in stride(from: second + 300, to: second + jpegs[1].count - 8, by: 7) {
      #expect(try decoded(Array(whole.prefix(count))) == [.decoded, .corrupt(.truncated)], "cut after \(count)")
    }
    #expect(try readAll(Array(whole.prefix(second + 200))).outcomes == [good, .corrupt(.truncated), .ended])
    #expect(try decoded(Array(whole.dropLast(2))) == [.decoded, .decoded, .decoded], "the end marker alone is missing")
    #expect(roadError { _ = try self.readAll(Array(whole.prefix(200))) }?.subject == .stream)
  }

  @Test("a frame without its end gives way to the next, and is cut short itself")
  func missingEnd() throws {
    let jpegs = try Goldens.jpegs()
    let torn = jpegs[1].prefix(jpegs[1].count - 200)
    let all = try readAll(jpegs[0] + torn + jpegs[2])
    #expect(all.outcomes == [good, good, good, .ended])
    #expect(all.frames == [jpegs[0], Array(torn), jpegs[2]])
    #expect(try decoded(jpegs[0] + torn + jpegs[2]) == [.decoded, .corrupt(.truncated), .decoded])
  }

  @Test(
    "what firmware puts between its frames is nothing", arguments: ["no ends", "two starts", "empty", "all", "zeros"])
  func quirks(kind: String) throws {
    let empty: [UInt8] = [0xFF, 0xD8, 0xFF, 0xD9]
    let zeros = [UInt8](repeating: 0, count: 6000)
    let stream: [UInt8] = try Goldens.jpegs().flatMap { jpeg -> [UInt8] in
      switch kind {
      case "no ends": Array(jpeg.dropLast(2))
      case "two starts": [0xFF, 0xD8] + jpeg
      case "empty": empty + empty + jpeg
      case "zeros": jpeg.dropLast(2) + zeros
      default: empty + [0xFF, 0xD8] + jpeg.dropLast(2)
      }
    }
    #expect(try readAll(stream).outcomes == [good, good, good, .ended])
    #expect(try decoded(stream) == [.decoded, .decoded, .decoded])
    #expect(try decoded(stream + (kind == "empty" ? empty : [])) == [.decoded, .decoded, .decoded])
  }

  @Test("a stream of frames that are sound and no use says why")
  func trueReason() throws {
    let cmyk = try FileInput.read(Goldens.path("../../RoadFrameTests/Goldens/jpeg-cmyk.jpg"), as: .picture)
    let error = roadError { _ = try self.readAll(cmyk + cmyk) }
    #expect(error?.cause.contains("no frame can be used: a CMYK picture") == true)
  }

  @Test("frames of another size are counted, not given")
  func wrongSize() throws {
    let jpegs = try Goldens.jpegs()
    let other = try FileInput.read(Goldens.path("../../RoadFrameTests/Goldens/jpeg-420.jpg"), as: .picture)
    let all = try readAll(jpegs[0] + other + jpegs[1])
    #expect(all.outcomes == [good, .corrupt(.wrongSize), good, .ended])
  }

  @Test(
    "Y4M of ffmpeg: sizes, rate, format and bytes",
    arguments: [("420", PixelFormat.i420, 918), ("422", .i422, 1224), ("mono", .grey, 612)])
  func y4m(kind: String, format: PixelFormat, frameBytes: Int) throws {
    let bytes = try Goldens.bytes("pattern-\(kind).y4m")
    let pipe = TestPipe()
    pipe.feed(bytes, piece: 777)
    let source = try StreamSource(descriptor: pipe.reader, name: "standard input")
    #expect(source.properties.size == Goldens.size)
    #expect(source.properties.nominalRate == 12)
    #expect(source.properties.format == format)
    let all = try source.readAll()
    #expect(all.outcomes == [good, good, good, .ended])
    #expect(all.frames.map(\.count) == [frameBytes, frameBytes, frameBytes])
    #expect(all.frames[2] == Array(bytes.suffix(frameBytes)))
  }

  /// The same samples in every layout and depth: the pictures differ by what subsampling loses, which is nothing for
  /// chroma that is the same in blocks of four.
  @Test(
    "Y4M of every layout and depth is the same picture",
    arguments: [
      "444", "444alpha", "411", "422", "420jpeg", "420p10", "422p12", "444p16", "420p9", "422p14", "XYSCSS",
    ])
  func y4mKinds(kind: String) throws {
    let (width, height) = (10, 6)
    func luma(_ x: Int, _ y: Int) -> Int { (x * 21 + y * 13) % 220 + 16 }
    func chroma(_ x: Int, _ y: Int, _ plane: Int) -> Int { (x / 4 * 60 + y / 2 * 31 + plane * 77) % 200 + 28 }
    let columns = kind.contains("444") ? 1 : kind == "411" ? 4 : 2
    let rows = kind.contains("420") || kind == "XYSCSS" ? 2 : 1
    let bits = Int(kind.split(separator: "p").last ?? "") ?? 8
    let depth = kind.contains("p") && bits > 8 ? bits : 8
    func sample(_ value: Int) -> [UInt8] {
      guard depth > 8 else { return [UInt8(value)] }
      let wide = value << (depth - 8)
      return [UInt8(wide & 255), UInt8(wide >> 8)]
    }
    var bytes = Array("YUV4MPEG2 W\(width) H\(height) F25:1 ".utf8)
    bytes += Array((kind == "XYSCSS" ? "XYSCSS=420JPEG\n" : "C\(kind)\n").utf8)
    for _ in 0..<2 {
      bytes += Array("FRAME\n".utf8)
      for y in 0..<height { for x in 0..<width { bytes += sample(luma(x, y)) } }
      for plane in 0..<2 {
        for y in stride(from: 0, to: height, by: rows) {
          for x in stride(from: 0, to: width, by: columns) { bytes += sample(chroma(x, y, plane)) }
        }
      }
      if kind == "444alpha" { bytes += [UInt8](repeating: 9, count: width * height) }
    }
    let all = try readAll(bytes)
    #expect(all.outcomes == [good, good, .ended])
    let pipe = TestPipe()
    pipe.feed(bytes, piece: 97)
    let source = try StreamSource(descriptor: pipe.reader, name: "-")
    let frame = Frame(capacity: source.properties.maximumFrameBytes)
    #expect(source.read(into: frame, timeout: 5_000_000_000) == good)
    let picture = Picture(size: frame.size)
    #expect(try FrameDecoder().decode(frame, into: picture) == .decoded)
    let wanted = Picture(size: frame.size)
    let packed = (0..<height).flatMap { y in
      (0..<width).flatMap { x in [UInt8(luma(x, y)), UInt8(chroma(x & ~1, y, x % 2))] }
    }
    let reference = Frame(capacity: packed.count)
    reference.bytes.copyBytes(from: packed)
    (reference.byteCount, reference.format) = (packed.count, .yuyv)
    (reference.size, reference.rowPitch) = (frame.size, 2 * width)
    #expect(try FrameDecoder().decode(reference, into: wanted) == .decoded)
    for y in 0..<height {
      let (row, other) = (picture.row(y), wanted.row(y))
      #expect((0..<4 * width).allSatisfy { row[$0] == other[$0] }, "row \(y)")
    }
  }

  @Test("Y4M and motion JPEG of the same pattern look the same")
  func samePicture() throws {
    func first(_ name: String) throws -> Picture {
      let source = try StreamSource(path: Goldens.path(name))
      let frame = Frame(capacity: source.properties.maximumFrameBytes)
      try source.start()
      #expect(source.read(into: frame, timeout: 1_000_000_000) == good)
      let picture = Picture(size: frame.size)
      #expect(try FrameDecoder().decode(frame, into: picture) == .decoded)
      return picture
    }
    let (jpeg, y4m) = (try first("pattern.mjpeg"), try first("pattern-422.y4m"))
    var sum = 0
    for y in 0..<18 { for x in 0..<136 { sum += abs(Int(jpeg.row(y)[x]) - Int(y4m.row(y)[x])) } }
    #expect(sum / (18 * 136) < 20, "swapped or shifted planes give 40 and more")
  }

  @Test("headers that cannot be used are one clear error")
  func badHeaders() throws {
    func message(_ text: String) throws -> String {
      try #require(roadError { _ = try self.readAll(Array(text.utf8)) }).description
    }
    for chroma in ["410", "420p8", "420p17", "422q10", "monop10", "rgb", "444p"] {
      #expect(
        try message("YUV4MPEG2 W34 H18 C\(chroma)\nFRAME\n").contains("chroma \"\(chroma)\" is not supported"))
    }
    #expect(try message("YUV4MPEG2 W34 F25:1\nFRAME\n").contains("tells no size"))
    #expect(try message("YUV4MPEG2 W99999 H18\nFRAME\n").contains("outside what roadseg takes"))
    #expect(try message("YUV4MPEG2 W16384 H16384\nFRAME\n").contains("outside what roadseg takes"))
    #expect(try message("YUV4MPEG2 W34 H18" + String(repeating: " ", count: 2000)).contains("does not end"))
    #expect(try message("").contains("ended before its first whole frame"))
    #expect(try message(String(repeating: "road", count: 1 << 19)).contains("neither motion JPEG nor Y4M"))
    let silent = TestPipe()
    let error = roadError { _ = try StreamSource(descriptor: silent.reader, name: "-", patience: 1_000_000) }
    #expect(error?.cause.contains("no frame arrived in time") == true)
    #expect(roadError { _ = try StreamSource(path: "/nonexistent.mjpeg") }?.subject == .stream)
  }

  @Test("a Y4M stream that loses its place ends")
  func lostPlace() throws {
    var bytes = try Goldens.bytes("pattern-420.y4m")
    let second = bytes.count - 2 * (6 + 918)
    bytes.remove(at: second)
    #expect(try readAll(bytes).outcomes == [good, .corrupt(.undecodable), .ended])
  }

  @Test("nothing within the timeout is a timeout, and the frame comes later")
  func timeout() throws {
    let jpegs = try Goldens.jpegs()
    let pipe = TestPipe()
    pipe.write(jpegs[0] + jpegs[1].prefix(500))
    let source = try StreamSource(descriptor: pipe.reader, name: "-")
    let frame = Frame(capacity: source.properties.maximumFrameBytes)
    #expect(source.read(into: frame, timeout: 0) == good)
    #expect(source.read(into: frame, timeout: 5_000_000) == .timedOut)
    pipe.write(jpegs[1].dropFirst(500))
    #expect(source.read(into: frame, timeout: 5_000_000_000) == good)
    #expect(Array(frame.bytes.prefix(frame.byteCount)) == jpegs[1])
    #expect(frame.sequence == 1)
    pipe.closeWriter()
    #expect(source.read(into: frame, timeout: 0) == .ended)
  }

  @Test("live, every frame in the pipe for who wants them")
  func liveEveryFrame() throws {
    let jpegs = try Goldens.jpegs()
    let pipe = TestPipe()
    pipe.write(jpegs[0] + jpegs[1] + jpegs[2])
    let source = try StreamSource(descriptor: pipe.reader, name: "-", isLive: true)
    let frame = Frame(capacity: source.properties.maximumFrameBytes)
    source.deliverEveryFrame()
    for jpeg in jpegs.prefix(3) {
      #expect(source.read(into: frame, timeout: 1_000_000_000) == .frame(skipped: 0, lost: 0))
      #expect(Array(frame.bytes.prefix(frame.byteCount)) == jpeg)
    }
    pipe.closeWriter()
  }

  @Test("live, the newest frame in the pipe wins")
  func live() throws {
    let jpegs = try Goldens.jpegs()
    let pipe = TestPipe()
    let begun = Array(jpegs[0].prefix(300))
    pipe.write(Array([jpegs[0], jpegs[1], jpegs[2], begun].joined()))
    let source = try StreamSource(descriptor: pipe.reader, name: "-", isLive: true)
    let frame = Frame(capacity: source.properties.maximumFrameBytes)
    #expect(source.read(into: frame, timeout: 1_000_000_000) == .frame(skipped: 2, lost: 0))
    #expect(Array(frame.bytes.prefix(frame.byteCount)) == jpegs[2])
    #expect(frame.sequence == 2)
    #expect(source.read(into: frame, timeout: 0) == .timedOut)
    pipe.write(jpegs[0].dropFirst(300) + jpegs[1].prefix(200))
    pipe.closeWriter()
    #expect(source.read(into: frame, timeout: 1_000_000_000) == good)
    #expect(source.read(into: frame, timeout: 1_000_000_000) == .corrupt(.truncated), "200 bytes hold no picture data")
    #expect(source.read(into: frame, timeout: 1_000_000_000) == .ended)
  }

  @Test("live, a frame that the stream's end cuts off is told once, as the last")
  func liveEndsWithinFrame() throws {
    let jpegs = try Goldens.jpegs()
    let pipe = TestPipe()
    pipe.write(jpegs[0] + jpegs[1].prefix(500))
    pipe.closeWriter()
    let source = try StreamSource(descriptor: pipe.reader, name: "-", isLive: true)
    let frame = Frame(capacity: source.properties.maximumFrameBytes)
    #expect(source.read(into: frame, timeout: 1_000_000_000) == .frame(skipped: 1, lost: 0))
    #expect(Array(frame.bytes.prefix(frame.byteCount)) == Array(jpegs[1].prefix(500)))
    #expect(try FrameDecoder().decode(frame, into: Picture(size: Goldens.size)) == .corrupt(.truncated))
    #expect(source.read(into: frame, timeout: 1_000_000_000) == .ended)
  }

  @Test("damaged streams always end, and the good frames of before are given", arguments: 0..<60)
  func fuzz(seed: Int) throws {
    var random = SplitMix(state: UInt64(seed))
    let name = ["pattern.mjpeg", "pattern-420.y4m"][seed % 2]
    var bytes = try Goldens.bytes(name) + Goldens.bytes(name)
    for _ in 0..<Int.random(in: 1...6, using: &random) {
      let at = Int.random(in: 1100..<bytes.count, using: &random)
      switch Int.random(in: 0..<4, using: &random) {
      case 0: bytes[at] = .random(in: 0...255, using: &random)
      case 1: bytes.remove(at: at)
      case 2: bytes.insert(contentsOf: [0xFF, [0xD8, 0xD9, 0xDA, 0xFF, 0xC0].randomElement(using: &random)!], at: at)
      default: bytes.removeSubrange(at..<min(at + 300, bytes.count))
      }
    }
    let all = try readAll(bytes, piece: 501)
    #expect(all.outcomes.last == .ended)
    #expect(all.outcomes.first == good)
  }
}
