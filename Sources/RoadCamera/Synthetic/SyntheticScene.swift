import RoadBase

/// Renders the synthetic road: any frame by its number, with the true class of every pixel.
///
/// A two-lane road with clothoid bends and hills through open country and suburbs; lane marks, verges, pavements, trees
/// with their shadows, houses, lamps, signs, a car ahead and others that come towards us; day and dusk; sensor noise.
/// Integers only, from the seed to the pixel: the same frame has the same bytes on every machine.
///
/// Everything is made with the scene; rendering allocates nothing. One thread renders at a time.
public final class SyntheticScene: @unchecked Sendable {
  /// Frames a second of the scene's own time.
  public static let rate = 30
  /// Frames from one noon to the next.
  public static let dayLength = 2400

  public let size: PictureSize
  public let seed: UInt64
  /// What of the car is in the picture.
  public let parts: SyntheticParts

  let hash: SyntheticHash
  let track: SyntheticTrack
  let geometry: SyntheticGeometry
  let sprites: SyntheticSprites
  let textures: SyntheticTextures
  let ridges: UnsafeMutablePointer<Int32>
  private let noise: SyntheticSensorNoise
  /// Truth that nobody asked for is written here.
  private let spareClasses: UnsafeMutablePointer<UInt8>

  /// 15 metres a second.
  private static let advance = SyntheticTrack.metre / 2

  /// - Parameter size: sides 64...4096.
  public init(size: PictureSize, seed: UInt64, parts: SyntheticParts = []) throws(RoadError) {
    let sides = 64...4096
    guard sides.contains(size.width), sides.contains(size.height) else {
      throw RoadError(.option, "a synthetic road of \(size) pixels", remedy: "choose sides in \(sides)")
    }
    self.size = size
    self.seed = seed
    self.parts = parts
    let hash = SyntheticHash(seed: seed &* 0x2545_F491_4F6C_DD1D &+ 0x1234_5678_9ABC_DEF1)
    self.hash = hash
    track = SyntheticTrack(hash: hash)
    geometry = SyntheticGeometry(width: size.width, height: size.height)
    sprites = SyntheticSprites(hash: hash)
    textures = SyntheticTextures(hash: hash)
    ridges = .allocate(capacity: 2 * size.width)
    ridges.initialize(repeating: 0, count: 2 * size.width)
    noise = SyntheticSensorNoise(hash: hash)
    spareClasses = .allocate(capacity: size.pixels)
    spareClasses.initialize(repeating: 0, count: size.pixels)
  }

  deinit {
    ridges.deallocate()
    spareClasses.deallocate()
  }

  /// Renders frame `frame`.
  ///
  /// - Parameters:
  ///   - pixels: RGBX, `size.height` rows of `rowPitch` bytes; aligned for UInt32.
  ///   - classes: the truth (``SyntheticClass``), row-major; nil if not wanted.
  public func render(
    frame: UInt64, pixels: UnsafeMutableRawPointer, rowPitch: Int, classes: UnsafeMutablePointer<UInt8>? = nil
  ) {
    precondition(rowPitch >= 4 * size.width && rowPitch % 4 == 0, "row pitch \(rowPitch) for \(size.width) pixels")
    let turn = Int(truncatingIfNeeded: frame % UInt64(1 << 40))
    let light = SyntheticLight(phase: (turn % Self.dayLength) * 65536 / Self.dayLength)
    place(turn)
    let canvas = SyntheticTarget(
      pixels: pixels.assumingMemoryBound(to: UInt32.self), pitch: rowPitch / 4, classes: classes ?? spareClasses,
      width: size.width, height: size.height)
    drawSky(on: canvas, light: light, turn: turn)
    drawRidges(on: canvas, light: light)
    drawGround(on: canvas, light: light)
    drawObjects(on: canvas, light: light, turn: turn)
    drawCar(on: canvas, light: light, turn: turn)
    noise.add(to: canvas, hash: hash, turn: turn)
  }

  /// Brings the camera to where it is at a frame.
  func place(_ turn: Int) {
    let weave = Self.wave(turn, period: 410) * 14
    let nod = Self.wave(turn, period: 37) * 60 + Self.wave(turn, period: 23) * 40
    geometry.update(
      track: track, distance: (turn * Self.advance) % SyntheticTrack.length, weave: weave, pitch: nod)
  }

  /// The true class of every pixel of frame `frame`, row-major; renders the frame for it.
  public func groundTruth(frame: UInt64) -> [UInt8] {
    let pixels = UnsafeMutableRawPointer.allocate(byteCount: 4 * size.pixels, alignment: 64)
    defer { pixels.deallocate() }
    return [UInt8](unsafeUninitializedCapacity: size.pixels) { classes, count in
      if let base = classes.baseAddress {
        base.initialize(repeating: 0, count: size.pixels)
        render(frame: frame, pixels: pixels, rowPitch: 4 * size.width, classes: base)
      }
      count = size.pixels
    }
  }

  /// A smooth wave of -1024...1024 with the period in frames.
  static func wave(_ turn: Int, period: Int) -> Int {
    let place = (turn % period) * 1024 / period
    let half = place < 512 ? place : 1024 - place
    return SyntheticTexture.smooth(half / 2) * 8 - 1024
  }
}

/// The picture that is rendered into and its truth.
struct SyntheticTarget {
  let pixels: UnsafeMutablePointer<UInt32>
  /// Pixels from one row to the next.
  let pitch: Int
  let classes: UnsafeMutablePointer<UInt8>
  let width: Int
  let height: Int
}

/// The repeating textures of sky and ground.
struct SyntheticTextures: Sendable {
  /// Grain of asphalt, gravel, grass: texels of 1/128 m.
  let grain: SyntheticTexture
  /// Stains and patches: texels of 1/8 m.
  let patches: SyntheticTexture
  /// Where trees keep the sun off, 255 in full shadow: texels of 1/16 m.
  let leaves: SyntheticTexture
  let clouds: SyntheticTexture

  init(hash: SyntheticHash) {
    grain = SyntheticTexture(bits: 9, cell: 8, octaves: 4, hash: SyntheticHash(seed: hash.seed ^ 1))
    patches = SyntheticTexture(bits: 8, cell: 64, octaves: 5, hash: SyntheticHash(seed: hash.seed ^ 2))
    // Crowns with a ragged rim: large noise decides where shade is, small noise how its edge runs.
    let crowns = SyntheticTexture(bits: 9, cell: 64, octaves: 6, hash: SyntheticHash(seed: hash.seed ^ 3))
    leaves = withExtendedLifetime(crowns) {
      let texels = crowns.level(0)
      return SyntheticTexture(bits: 9) { x, y in UInt8(min(max((Int(texels[y << 9 | x]) - 122) * 11, 0), 255)) }
    }
    clouds = SyntheticTexture(bits: 9, cell: 128, octaves: 6, hash: SyntheticHash(seed: hash.seed ^ 4))
  }
}
