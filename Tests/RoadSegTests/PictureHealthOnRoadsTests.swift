import RoadBase
import RoadCamera
import RoadFrame
import RoadMask
import Testing

/// The word for a picture's health on frames of the synthetic road, as they are and disturbed at several strengths.
@Suite("Health of the picture on roads") struct PictureHealthOnRoadsTests {
  private static let size = PictureSize(width: 480, height: 360)

  /// Frames of two roads and of all hours, which are a part of ``SyntheticScene/dayLength`` each.
  private static let frames = Result { () throws(RoadError) in
    var pictures: [Picture] = []
    for seed in UInt64(1)...2 {
      let scene = try SyntheticScene(size: size, seed: seed)
      for frame in stride(from: UInt64(0), to: UInt64(SyntheticScene.dayLength), by: 600) {
        let picture = Picture(size: size)
        scene.render(frame: frame, pixels: picture.base, rowPitch: picture.rowPitch)
        pictures.append(picture)
      }
    }
    return pictures
  }

  private static func words(_ change: (Picture) -> Picture) throws -> [PictureHealth.Word] {
    try frames.get().map { picture in
      let plane = LumaPlane(halving: size)
      let changed = change(picture)
      withExtendedLifetime(changed) {
        plane.fill(rows: 0..<plane.size.height, from: changed.base, rowPitch: changed.rowPitch)
      }
      return PictureHealth(of: plane).word
    }
  }

  private static func share(of word: PictureHealth.Word, _ change: (Picture) -> Picture) throws -> Double {
    let words = try words(change)
    return Double(words.filter { $0 == word }.count) / Double(words.count)
  }

  private static func each(
    _ picture: Picture, _ value: (_ x: Int, _ y: Int, _ channel: Int, _ byte: Int) -> Int
  ) -> Picture {
    let changed = Picture(size: size)
    for y in 0..<size.height {
      for x in 0..<size.width {
        for channel in 0..<3 {
          changed.row(y)[4 * x + channel] = UInt8(clamping: value(x, y, channel, Int(picture.row(y)[4 * x + channel])))
        }
      }
    }
    return changed
  }

  @Test("as they are, by day and at dusk, they are good")
  func good() throws {
    #expect(try Self.share(of: .good) { $0 } == 1)
  }

  @Test("darkness", arguments: [(70, 0.0), (20, 1.0), (8, 1.0)])
  func darkness(percent: Int, told: Double) throws {
    #expect(try Self.share(of: .dark) { Self.each($0) { $3 * percent / 100 } } == told)
  }

  /// Three times a box, which is nearly a Gaussian.
  private static func blurred(_ picture: Picture, _ reach: Int) -> Picture {
    var now = picture
    for _ in 0..<3 {
      for isAcross in [true, false] {
        let from = now
        now = each(from) { x, y, channel, _ in
          var sum = 0
          for step in -reach...reach {
            let u = isAcross ? min(max(x + step, 0), size.width - 1) : x
            let v = isAcross ? y : min(max(y + step, 0), size.height - 1)
            sum += Int(from.row(v)[4 * u + channel])
          }
          return (sum + reach) / (2 * reach + 1)
        }
      }
    }
    return now
  }

  @Test("blur of three boxes of 5 and of 9 pixels", arguments: [2, 4])
  func blur(reach: Int) throws {
    #expect(try Self.share(of: .blurred) { Self.blurred($0, reach) } == 1)
  }

  /// A sun on the road: so many percent of the picture below 40 percent of its height as bright as can be, with a rim.
  private static func glare(_ picture: Picture, _ percent: Double) -> Picture {
    let (width, height) = (Double(size.width), Double(size.height))
    let radius = (percent / 100 * width * height * 0.6 / Double.pi).squareRoot()
    return each(picture) { x, y, _, byte in
      let (dx, dy) = (Double(x) - 0.55 * width, Double(y) - 0.7 * height)
      let beyond = max(0, (dx * dx + dy * dy).squareRoot() / radius - 1)
      return byte + Int(300 / (1 + 8 * beyond * beyond))
    }
  }

  @Test("glare", arguments: [(2.0, 0.0), (10, 1), (20, 1)])
  func glare(percent: Double, told: Double) throws {
    #expect(try Self.share(of: .glare) { Self.glare($0, percent) } == told)
  }
}
