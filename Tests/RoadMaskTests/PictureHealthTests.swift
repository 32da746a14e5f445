import RoadBase
import RoadMask
import RoadTestSupport
import Testing

@Suite struct PictureHealthTests {
  private static let size = PictureSize(width: 200, height: 160)

  /// Boxes of random grey on grey, averaged over so many pixels to each side, at so many percent of the light.
  private static func health(blur: Int, light: Int) -> PictureHealth {
    var random = SplitMix(state: 12)
    var grey = [Int](repeating: 90, count: size.pixels)
    for _ in 0..<40 {
      let (x, y, value) = (random.integer(0...179), random.integer(0...139), random.integer(20...240))
      for v in y..<y + 20 { for u in x..<x + 20 { grey[v * size.width + u] = value } }
    }
    var pixels = [UInt8](repeating: 255, count: 4 * size.pixels)
    for y in 0..<size.height {
      for x in 0..<size.width {
        var (sum, count) = (0, 0)
        for v in max(y - blur, 0)...min(y + blur, size.height - 1) {
          for u in max(x - blur, 0)...min(x + blur, size.width - 1) {
            sum += grey[v * size.width + u]
            count += 1
          }
        }
        for channel in 0..<3 { pixels[4 * (y * size.width + x) + channel] = UInt8(sum / count * light / 100) }
      }
    }
    let plane = LumaPlane(halving: size)
    pixels.withUnsafeBufferPointer { bytes in
      plane.fill(rows: 0..<plane.size.height, from: bytes.baseAddress!, rowPitch: 4 * size.width)
    }
    return PictureHealth(of: plane)
  }

  @Test("sharp pictures are good, at half the light too; blurred and dark ones are told")
  func words() throws {
    let good = Self.health(blur: 0, light: 100)
    #expect(good.word == .good && (80...140).contains(good.luma))
    let half = Self.health(blur: 0, light: 50)
    #expect(half.word == .good && abs(half.luma * 2 - good.luma) <= 2)
    #expect(abs(try #require(half.sharpness) - #require(good.sharpness)) <= 8)
    #expect(Self.health(blur: 5, light: 100).word == .blurred)
    #expect(Self.health(blur: 0, light: 20).word == .dark)
  }

  @Test("without edges nothing is said of sharpness")
  func flat() {
    let plane = LumaPlane(halving: Self.size)
    let pixels = [UInt8](repeating: 120, count: 4 * Self.size.pixels)
    pixels.withUnsafeBufferPointer { bytes in
      plane.fill(rows: 0..<plane.size.height, from: bytes.baseAddress!, rowPitch: 4 * Self.size.width)
    }
    let health = PictureHealth(of: plane)
    #expect(health.luma == 120 && health.sharpness == nil && health.word == .good)
  }
}
