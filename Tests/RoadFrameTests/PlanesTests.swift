import RoadBase
import RoadFrame
import Testing

/// Frames that go to the network as luma and chroma, and canvases of planes.
@Suite("Planes")
struct PlanesTests {
  static let size = PictureSize(width: 37, height: 22)

  /// The frame's pixels at its own size, as the network's input gets them.
  static func rgb(_ pixels: FramePixels) -> [UInt8] {
    let picture = Picture(size: pixels.size)
    PictureScaler(from: pixels.size, to: pixels.size).scale(pixels, into: picture)
    return Goldens.rgb(picture)
  }

  @Test(
    "a JPEG's planes are those of libjpeg without interpolated chroma",
    arguments: ["422", "420", "progressive", "grey"])
  func equalsPlainDecoding(kind: String) throws {
    let frame = Frame(try Goldens.bytes("jpeg-\(kind).jpg"), .mjpeg, Self.size)
    let planes = PlanarPicture(size: Self.size)
    let prepared = try FrameDecoder().prepare(frame, planes: planes)
    #expect(prepared.outcome == .decoded)
    #expect(prepared.planesAreFilled)
    let golden = try Goldens.bytes("jpeg-\(kind)-plain.rgb")
    #expect(Goldens.largestDifference(Self.rgb(prepared.pixels), golden) <= 1)
    planes.fold()
    #expect(planes.sampling == .halfBoth)
    let difference = Goldens.largestDifference(Self.rgb(.samples(planes.samples)), golden)
    #expect(difference <= (kind == "422" ? 60 : 1), "only 4:2:2 loses half of its chroma")
  }

  @Test(
    "made smaller, a JPEG's luma is that of another program, its chroma near the whole one",
    arguments: ["422", "420", "progressive", "grey"], [2, 4, 8])
  func reductions(kind: String, factor: Int) throws {
    let frame = Frame(try Goldens.bytes("jpeg-\(kind).jpg"), .mjpeg, Self.size)
    let size = JPEGReduction.size(of: Self.size, by: factor)
    let planes = PlanarPicture(size: size)
    let prepared = try FrameDecoder().prepare(frame, planes: planes, reduction: factor)
    #expect(prepared.outcome == .decoded)
    #expect(prepared.pixels.size == size)
    let golden = try Goldens.bytes("jpeg-\(kind)-\(8 / factor).luma")
    let luma = (0..<size.pixels).map { planes.luma[$0 / size.width * planes.lumaPitch + $0 % size.width] }
    #expect(luma == golden)
    // The same as what the whole picture's mean is.
    let whole = Picture(size: Self.size)
    _ = try FrameDecoder().decode(frame, into: whole)
    let (small, large) = (Self.rgb(prepared.pixels), Goldens.rgb(whole))
    for channel in 0..<3 {
      func mean(_ bytes: [UInt8]) -> Double {
        let values = stride(from: channel, to: bytes.count, by: 3).map { Double(bytes[$0]) }
        return values.reduce(0, +) / Double(values.count)
      }
      #expect(abs(mean(small) - mean(large)) < 9, "the uncovered rest of a block counts as much as a block")
    }
    let torn = Frame(Array(try Goldens.bytes("jpeg-\(kind).jpg").prefix(300)), .mjpeg, Self.size)
    let outcome = try FrameDecoder().decode(torn, into: whole)
    #expect(try FrameDecoder().prepare(torn, planes: planes, reduction: factor).outcome == outcome)
  }

  @Test("the largest reduction that leaves the network's input")
  func factors() throws {
    func factor(_ picture: String, _ input: String) throws -> Int {
      JPEGReduction.factor(of: try #require(PictureSize(picture)), for: try #require(PictureSize(input)))
    }
    #expect(try factor("640x480", "480x360") == 1)
    #expect(try factor("1280x720", "480x360") == 2)
    #expect(try factor("1279x719", "640x360") == 2)
    #expect(try factor("1277x719", "640x360") == 1)
    #expect(try factor("3840x2160", "480x360") == 4)
    #expect(try factor("7680x4320", "480x360") == 8)
    #expect(try factor("320x240", "480x360") == 1)
  }

  @Test("what is damaged is damaged on either way", arguments: ["420", "422", "progressive", "grey"])
  func damageIsTheSame(kind: String) throws {
    let whole = try Goldens.bytes("jpeg-\(kind).jpg")
    let decoder = try FrameDecoder()
    let planes = PlanarPicture(size: Self.size)
    let picture = Picture(size: Self.size)
    for count in 1...whole.count {
      for ending in [[], [0xFF, 0xD9], [0, 0, 0, 0xFF, 0xD9]] as [[UInt8]] {
        let frame = Frame(Array(whole.prefix(count)) + ending, .mjpeg, Self.size)
        let outcome = decoder.decode(frame, into: picture)
        #expect(decoder.prepare(frame, planes: planes).outcome == outcome, "\(count) bytes, then \(ending)")
      }
    }
    var random = SystemRandomNumberGenerator()
    for _ in 0..<200 {
      var bytes = whole
      for _ in 0..<3 { bytes[Int.random(in: 2..<whole.count, using: &random)] = .random(in: 0...255, using: &random) }
      let frame = Frame(bytes, .mjpeg, Self.size)
      #expect(decoder.prepare(frame, planes: planes).outcome == decoder.decode(frame, into: picture), "\(bytes)")
    }
    let partial = try FrameDecoder(acceptsPartial: true)
    let torn = Frame(Array(whole.prefix(whole.count - 60)) + [0xFF, 0xD9], .mjpeg, Self.size)
    #expect(partial.prepare(torn, planes: planes).outcome == .partly(.undecodable))
    let other = PlanarPicture(size: PictureSize(width: 36, height: 22))
    #expect(
      decoder.prepare(Frame(whole, .mjpeg, Self.size), planes: other).outcome == .corrupt(.wrongSize))
  }

  @Test("what planes cannot hold goes through a picture", arguments: ["jpeg-444.jpg", "rgb.png", "exif-3.jpg"])
  func detour(file: String) throws {
    let bytes = try Goldens.bytes(file)
    let decoder = try FrameDecoder()
    let sizes = ["jpeg-444.jpg": "37x22", "rgb.png": "8x4", "exif-3.jpg": "23x14"]
    let size = try #require(PictureSize(sizes[file] ?? ""))
    let planes = PlanarPicture(size: size)
    let frame = Frame(bytes, file.hasSuffix("png") ? .png : .mjpeg, size)
    let prepared = decoder.prepare(frame, planes: planes)
    #expect(prepared.outcome == .decoded)
    let picture = Picture(size: size)
    #expect(try FrameDecoder().decode(frame, into: picture) == .decoded)
    #expect(Self.rgb(prepared.pixels) == Goldens.rgb(picture))
    let luma = zip(0..<size.pixels, Goldens.rgb(picture).triples).map { index, rgb in
      abs(
        0.299 * rgb.0 + 0.587 * rgb.1 + 0.114 * rgb.2
          - Double(planes.luma[index / size.width * planes.lumaPitch + index % size.width]))
    }
    #expect(luma.max() ?? 0 <= 0.51)
  }

  static let rawFormats: [PixelFormat] = [.yuyv, .uyvy, .nv12, .i420, .i422, .i444, .i411, .grey]

  /// The promise that raw frames give the same masks on either way.
  @Test("rows on the fly are those of the whole picture", arguments: rawFormats, YUVEncoding.allCases)
  func rowsAreThePictures(format: PixelFormat, encoding: YUVEncoding) throws {
    var random = SystemRandomNumberGenerator()
    for text in ["37x22", "64x48", "1x1", "2x3"] {
      let size = try #require(PictureSize(text))
      let pitch = format.packedRowPitch(width: size.width) + 6
      let count = try #require(format.frameBytes(size: size, rowPitch: pitch))
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      let frame = Frame(bytes, format, size, rowPitch: pitch)
      frame.yuvEncoding = encoding
      let picture = Picture(size: size)
      let decoder = try FrameDecoder()
      #expect(decoder.decode(frame, into: picture) == .decoded)
      let prepared = decoder.prepare(frame, planes: PlanarPicture(size: size))
      #expect(prepared.outcome == .decoded)
      #expect(!prepared.planesAreFilled)
      for target in ["37x22", "28x17", "9x5", "70x30", "1x1"].compactMap({ PictureSize($0) }) {
        for strips in [1, min(3, target.height)] {
          let scaler = PictureScaler(from: size, to: target, strips: strips)
          let (direct, detour) = (Picture(size: target), Picture(size: target))
          scaler.scale(prepared.pixels, into: direct)
          scaler.scale(picture, into: detour)
          #expect(Goldens.rgb(direct) == Goldens.rgb(detour), "\(size) to \(target), \(strips) strips")
        }
      }
      frame.byteCount = count - 1
      #expect(decoder.prepare(frame, planes: PlanarPicture(size: size)).outcome == .corrupt(.truncated))
    }
  }

  /// A smooth picture, so that halved chroma costs little.
  @Test("raw frames on a canvas look as their pictures", arguments: rawFormats, YUVEncoding.allCases)
  func canvasLooksAsThePicture(format: PixelFormat, encoding: YUVEncoding) throws {
    let size = Self.size
    let frame = Frame(Self.smooth(format, size), format, size)
    frame.yuvEncoding = encoding
    let picture = Picture(size: size)
    #expect(try FrameDecoder().decode(frame, into: picture) == .decoded)
    let planes = PlanarPicture(size: size)
    planes.fill(from: try FrameDecoder().prepare(frame, planes: planes).pixels)
    #expect(planes.sampling == .halfBoth)
    let difference = Goldens.largestDifference(Self.rgb(.samples(planes.samples)), Goldens.rgb(picture))
    #expect(difference <= 9, "halved chroma, two roundings")
    let fromPicture = PlanarPicture(size: size)
    fromPicture.fill(from: .picture(picture))
    var worst = 0
    for y in 0..<size.height {
      for x in 0..<size.width {
        worst = max(
          worst, abs(Int(planes.luma[y * planes.lumaPitch + x]) - Int(fromPicture.luma[y * planes.lumaPitch + x])))
      }
    }
    #expect(worst <= 2)
  }

  /// Gradients well inside of the limited range.
  static func smooth(_ format: PixelFormat, _ size: PictureSize) -> [UInt8] {
    func y(_ x: Int, _ row: Int) -> UInt8 { UInt8(60 + x + row) }
    func u(_ x: Int, _ row: Int) -> UInt8 { UInt8(110 + x) }
    func v(_ x: Int, _ row: Int) -> UInt8 { UInt8(140 - row) }
    func plane(_ sample: (Int, Int) -> UInt8, _ across: Int, _ down: Int) -> [UInt8] {
      stride(from: 0, to: size.height, by: down).flatMap { row in
        stride(from: 0, to: size.width, by: across).map { sample($0, row) }
      }
    }
    switch format {
    case .yuyv, .uyvy:
      return (0..<size.height).flatMap { row in
        stride(from: 0, to: size.width, by: 2).flatMap { x in
          let pair = [y(x, row), u(x, row), y(x + 1, row), v(x, row)]
          return format == .yuyv ? pair : [pair[1], pair[0], pair[3], pair[2]]
        }
      }
    case .nv12:
      let rows = stride(from: 0, to: size.height, by: 2)
      let chroma = rows.flatMap { row in stride(from: 0, to: size.width, by: 2).flatMap { [u($0, row), v($0, row)] } }
      return plane(y, 1, 1) + chroma
    case .i420: return plane(y, 1, 1) + plane(u, 2, 2) + plane(v, 2, 2)
    case .i422: return plane(y, 1, 1) + plane(u, 2, 1) + plane(v, 2, 1)
    case .i444: return plane(y, 1, 1) + plane(u, 1, 1) + plane(v, 1, 1)
    case .i411: return plane(y, 1, 1) + plane(u, 4, 1) + plane(v, 4, 1)
    default: return plane(y, 1, 1)
    }
  }

  @Test("planes become a JPEG that decodes to them again", arguments: ["37x22", "64x48", "1x1", "16x17"])
  func roundTrip(text: String) throws {
    let size = try #require(PictureSize(text))
    let planes = PlanarPicture(size: size)
    let frame = Frame(Self.smooth(.i420, size), .i420, size)
    frame.yuvEncoding = .bt601Full
    planes.fill(from: try FrameDecoder().prepare(frame, planes: planes).pixels)
    let encoder = try JPEGEncoder(largest: PictureSize(width: 64, height: 64), quality: 95)
    let bytes = Array(try #require(encoder.encode(.planes(planes))))
    let again = PlanarPicture(size: size)
    let prepared = try FrameDecoder().prepare(Frame(bytes, .mjpeg, size), planes: again)
    #expect(prepared.outcome == .decoded)
    #expect(again.sampling == .halfBoth)
    for y in 0..<size.height {
      for x in 0..<size.width {
        let difference = Int(planes.luma[y * planes.lumaPitch + x]) - Int(again.luma[y * planes.lumaPitch + x])
        #expect(abs(difference) <= 6, "\(x), \(y)")
      }
    }
    let copy = Canvas(.planes, size: size)
    copy.copy(from: .planes(planes))
    let second = Array(try #require(encoder.encode(copy)))
    #expect(second == bytes)
  }
}

extension [UInt8] {
  /// Red, green and blue of each pixel.
  fileprivate var triples: [(Double, Double, Double)] {
    stride(from: 0, to: count, by: 3).map { (Double(self[$0]), Double(self[$0 + 1]), Double(self[$0 + 2])) }
  }
}
