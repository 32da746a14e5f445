import RoadBase
import RoadFrame
import Testing

@Suite("Raw camera formats to RGBX")
struct FrameDecoderTests {
  @Test("equals OpenCV within 1", arguments: [PixelFormat.yuyv, .uyvy, .nv12, .i420])
  func equalsOpenCV(format: PixelFormat) throws {
    let size = PictureSize(width: 18, height: 6)
    let packed = format == .yuyv || format == .uyvy
    let frame = Frame(try Goldens.bytes(packed ? "yuv422-18x6.bin" : "yuv420-18x6.bin"), format, size)
    let picture = Picture(size: size)
    #expect(try FrameDecoder().decode(frame, into: picture) == .decoded)
    let golden = try Goldens.bytes("\(format.rawValue)-18x6.rgb")
    #expect(Goldens.largestDifference(Goldens.rgb(picture), golden) <= 1)
    #expect(Goldens.everyFourthByteIs255(picture))
  }

  /// The real formula of BT.601 and BT.709, from their defining constants.
  private func real(_ y: Int, _ u: Int, _ v: Int, _ encoding: YUVEncoding) -> [Double] {
    let (kr, kb) = encoding == .bt709 || encoding == .bt709Full ? (0.2126, 0.0722) : (0.299, 0.114)
    let limited = encoding == .bt601 || encoding == .bt709
    let luma = limited ? Double(y - 16) / 219 : Double(y) / 255
    let cb = Double(u - 128) / (limited ? 224 : 255)
    let cr = Double(v - 128) / (limited ? 224 : 255)
    let red = luma + 2 * (1 - kr) * cr
    let blue = luma + 2 * (1 - kb) * cb
    let green = (luma - kr * red - kb * blue) / (1 - kr - kb)
    return [red, green, blue].map { min(max($0 * 255, 0), 255) }
  }

  @Test("every encoding is within 1 of the real formula, over a grid of all bytes", arguments: YUVEncoding.allCases)
  func withinOneOfReal(encoding: YUVEncoding) throws {
    let steps = Array(stride(from: 0, through: 255, by: 5))
    let decoder = try FrameDecoder()
    var worst = 0.0
    for v in steps {
      // One row of YUYV pairs for each u: both lumas the same.
      let size = PictureSize(width: 2 * steps.count, height: steps.count)
      let bytes = steps.flatMap { u in steps.flatMap { y in [UInt8(y), UInt8(u), UInt8(y), UInt8(v)] } }
      let frame = Frame(bytes, .yuyv, size)
      frame.yuvEncoding = encoding
      let picture = Picture(size: size)
      #expect(decoder.decode(frame, into: picture) == .decoded)
      for (row, u) in steps.enumerated() {
        for (column, y) in steps.enumerated() {
          for (channel, value) in real(y, u, v, encoding).enumerated() {
            worst = max(worst, abs(Double(picture.row(row)[8 * column + channel]) - value))
          }
        }
      }
    }
    #expect(worst <= 0.75, "rounding alone is 0.5")
  }

  @Test("all 4:2:2 and 4:2:0 layouts of the same samples give the same picture", arguments: [(7, 5), (8, 4), (1, 1)])
  func layoutsAgree(width: Int, height: Int) throws {
    let size = PictureSize(width: width, height: height)
    let chroma = (width + 1) / 2
    func y(_ x: Int, _ row: Int) -> UInt8 { UInt8((x * 37 + row * 11 + 16) % 256) }
    func u(_ x: Int, _ row: Int) -> UInt8 { UInt8((x * 53 + row / 2 * 29) % 256) }
    func v(_ x: Int, _ row: Int) -> UInt8 { UInt8((x * 71 + row / 2 * 17 + 90) % 256) }
    var yuyv: [UInt8] = []
    var uyvy: [UInt8] = []
    for row in 0..<height {
      for x in 0..<chroma {
        let second = y(2 * x + 1, row)
        yuyv += [y(2 * x, row), u(x, row), second, v(x, row)]
        uyvy += [u(x, row), y(2 * x, row), v(x, row), second]
      }
    }
    func plane(_ sample: (Int, Int) -> UInt8, columns: Int, rows: [Int]) -> [UInt8] {
      var values: [UInt8] = []
      for row in rows { for x in 0..<columns { values.append(sample(x, row)) } }
      return values
    }
    let halfRows = Array(stride(from: 0, to: height, by: 2))
    let allRows = Array(0..<height)
    let luma = plane(y, columns: width, rows: allRows)
    let halfU = plane(u, columns: chroma, rows: halfRows)
    let halfV = plane(v, columns: chroma, rows: halfRows)
    let fullU = plane(u, columns: chroma, rows: allRows)
    let fullV = plane(v, columns: chroma, rows: allRows)
    var mixed: [UInt8] = []
    for (u, v) in zip(halfU, halfV) { mixed += [u, v] }
    let frames: [Frame] = [
      Frame(yuyv, .yuyv, size), Frame(uyvy, .uyvy, size), Frame(luma + halfU + halfV, .i420, size),
      Frame(luma + fullU + fullV, .i422, size), Frame(luma + mixed, .nv12, size),
    ]
    let decoder = try FrameDecoder()
    let pictures = frames.map { frame in
      let picture = Picture(size: size)
      #expect(decoder.decode(frame, into: picture) == .decoded)
      return Goldens.rgb(picture)
    }
    #expect(Set(pictures).count == 1)
  }

  @Test("row padding is skipped")
  func rowPadding() throws {
    let size = PictureSize(width: 4, height: 2)
    let rows: [[UInt8]] = [[16, 128, 235, 128, 100, 90, 50, 200], [60, 70, 80, 90, 100, 110, 120, 130]]
    let tight = Picture(size: size)
    let padded = Picture(size: size)
    let decoder = try FrameDecoder()
    #expect(decoder.decode(Frame(rows[0] + rows[1], .yuyv, size), into: tight) == .decoded)
    let bytes = rows[0] + [1, 2, 3, 4, 5] + rows[1] + [1, 2, 3, 4, 5]
    #expect(decoder.decode(Frame(bytes, .yuyv, size, rowPitch: 13), into: padded) == .decoded)
    #expect(Goldens.rgb(tight) == Goldens.rgb(padded))
    #expect(Array(Goldens.rgb(tight)[0..<6]) == [0, 0, 0, 255, 255, 255])
  }

  @Test("grey of full range is the byte itself; RGBX is copied")
  func greyAndRGBX() throws {
    let size = PictureSize(width: 256, height: 1)
    let ramp = (0..<256).map { UInt8($0) }
    let frame = Frame(ramp, .grey, size)
    frame.yuvEncoding = .bt601Full
    let picture = Picture(size: size)
    let decoder = try FrameDecoder()
    #expect(decoder.decode(frame, into: picture) == .decoded)
    #expect(Goldens.rgb(picture) == Array(ramp.map { [$0, $0, $0] }.joined()))
    let pixels: [UInt8] = [1, 2, 3, 255, 4, 5, 6, 255]
    let small = Picture(size: PictureSize(width: 2, height: 1))
    #expect(decoder.decode(Frame(pixels, .rgbx, small.size), into: small) == .decoded)
    #expect(Goldens.rgb(small) == [1, 2, 3, 4, 5, 6])
  }

  static let rawFormats = PixelFormat.allCases.filter { $0 != .mjpeg && $0 != .png }

  @Test("one byte too few is truncated, another size is the wrong size", arguments: rawFormats)
  func lengthsAreChecked(format: PixelFormat) throws {
    let size = PictureSize(width: 7, height: 5)
    let pitch = format.packedRowPitch(width: 7)
    let needed = try #require(format.frameBytes(size: size, rowPitch: pitch))
    let decoder = try FrameDecoder()
    let picture = Picture(size: size)
    let frame = Frame([UInt8](repeating: 90, count: needed), format, size)
    #expect(decoder.decode(frame, into: picture) == .decoded)
    frame.byteCount = needed - 1
    #expect(decoder.decode(frame, into: picture) == .corrupt(.truncated))
    frame.byteCount = needed + 1
    #expect(decoder.decode(frame, into: picture) == .corrupt(.truncated))
    frame.byteCount = needed
    frame.rowPitch = pitch - 1
    #expect(decoder.decode(frame, into: picture) == .corrupt(.truncated))
    let other = Picture(size: PictureSize(width: 8, height: 5))
    #expect(decoder.decode(frame, into: other) == .corrupt(.wrongSize))
  }
}
