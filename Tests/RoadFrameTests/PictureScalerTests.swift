import RoadBase
import RoadFrame
import Testing

@Suite("Picture scaler")
struct PictureScalerTests {
  static let size = PictureSize(width: 41, height: 30)

  @Test("equals OpenCV's INTER_LINEAR within 1", arguments: ["41x30", "31x23", "21x15", "64x45", "100x31", "39x60"])
  func equalsOpenCV(name: String) throws {
    let rgb = try Goldens.bytes("scale-41x30.rgb")
    let golden = name == "41x30" ? rgb : try Goldens.bytes("scale-41x30-to-\(name).rgb")
    let destination = Picture(size: try #require(PictureSize(name)))
    PictureScaler(from: Self.size, to: destination.size)
      .scale(Goldens.picture(rgb: rgb, size: Self.size), into: destination)
    #expect(Goldens.largestDifference(Goldens.rgb(destination), golden) <= (name == "41x30" ? 0 : 1))
    #expect(Goldens.everyFourthByteIs255(destination))
  }

  @Test("strips together give the whole picture's bytes", arguments: [2, 3, 7, 23])
  func strips(count: Int) throws {
    let source = Goldens.picture(rgb: try Goldens.bytes("scale-41x30.rgb"), size: Self.size)
    for size in [
      PictureSize(width: 31, height: 23), PictureSize(width: 9, height: 23), PictureSize(width: 5, height: 24),
    ] {
      let whole = Picture(size: size)
      let parts = Picture(size: size)
      PictureScaler(from: Self.size, to: size).scale(source, into: whole)
      PictureScaler(from: Self.size, to: size, strips: count).scale(source, into: parts)
      #expect(Goldens.rgb(whole) == Goldens.rgb(parts))
    }
  }

  /// The definition in the type's comment, in real numbers.
  private func real(_ source: Picture, to size: PictureSize) -> [Double] {
    func block(_ s: Int, _ d: Int) -> Int { s > 2 * d ? min(s / d, 16) : 1 }
    let (kx, ky) = (block(source.size.width, size.width), block(source.size.height, size.height))
    func average(_ bx: Int, _ by: Int, _ channel: Int) -> Double {
      var sum = 0.0
      for y in by * ky..<(by + 1) * ky {
        for x in bx * kx..<(bx + 1) * kx {
          sum += Double(source.row(min(y, source.size.height - 1))[4 * min(x, source.size.width - 1) + channel])
        }
      }
      return sum / Double(kx * ky)
    }
    func taps(_ x: Int, _ s: Int, _ d: Int, _ k: Int) -> (Int, Int, Double) {
      let last = (s + k - 1) / k - 1
      let u = min(max((Double(x) + 0.5) * Double(s) / Double(d) / Double(k) - 0.5, 0), Double(last))
      return (Int(u), min(Int(u) + 1, last), u - u.rounded(.down))
    }
    var out: [Double] = []
    for y in 0..<size.height {
      let (y0, y1, wy) = taps(y, source.size.height, size.height, ky)
      for x in 0..<size.width {
        let (x0, x1, wx) = taps(x, source.size.width, size.width, kx)
        for channel in 0..<3 {
          let top = average(x0, y0, channel) * (1 - wx) + average(x1, y0, channel) * wx
          let bottom = average(x0, y1, channel) * (1 - wx) + average(x1, y1, channel) * wx
          out.append(top * (1 - wy) + bottom * wy)
        }
      }
    }
    return out
  }

  @Test(
    "is within 1.2 of the definition in real numbers, at reductions of any kind",
    arguments: ["41x30", "20x15", "17x11", "13x30", "5x3", "2x2", "1x1", "82x7"])
  func real(name: String) throws {
    let source = Goldens.picture(rgb: try Goldens.bytes("scale-41x30.rgb"), size: Self.size)
    let destination = Picture(size: try #require(PictureSize(name)))
    PictureScaler(from: Self.size, to: destination.size).scale(source, into: destination)
    let worst = zip(Goldens.rgb(destination), real(source, to: destination.size))
      .reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
    #expect(worst <= 1.2, "half from the block's rounding, half from the result's, the rest from Q11 weights")
  }

  @Test("a flat picture stays flat, white stays white", arguments: ["7x5", "41x30", "90x70"])
  func flat(name: String) throws {
    let source = Picture(size: Self.size)
    source.fill(red: 255, green: 255, blue: 1)
    let destination = Picture(size: try #require(PictureSize(name)))
    PictureScaler(from: Self.size, to: destination.size).scale(source, into: destination)
    #expect(Set(Goldens.rgb(destination)) == [255, 1])
  }

  @Test("a destination with its own pitch keeps its padding")
  func pitch() throws {
    let source = Goldens.picture(rgb: try Goldens.bytes("scale-41x30.rgb"), size: Self.size)
    var bytes = [UInt8](repeating: 77, count: 50 * 4)
    PictureScaler(from: Self.size, to: PictureSize(width: 10, height: 4)).scale(
      .picture(source), into: &bytes, rowPitch: 50, strip: 0)
    for row in 0..<4 { #expect(bytes[row * 50 + 40..<row * 50 + 50].allSatisfy { $0 == 77 }) }
  }
}
