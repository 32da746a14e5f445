import RoadBase
import RoadKernels

/// One preallocated picture as a JPEG holds it: luma, and chroma at half the width or at half of both sides; BT.601,
/// full range.
///
/// Made once for a size and overwritten frame by frame; one thread owns it at a time (hence unchecked). What lies
/// beyond the right and the lower edge holds nothing of meaning.
public final class PlanarPicture: @unchecked Sendable {
  public enum Sampling: Hashable, Sendable {
    case halfBoth, halfWidth
    /// The chroma planes mean nothing.
    case grey
  }

  public let size: PictureSize
  /// Bytes from one row to the next: multiples of 64.
  public let lumaPitch: Int
  public let chromaPitch: Int
  public let luma: UnsafeMutablePointer<UInt8>
  public let u: UnsafeMutablePointer<UInt8>
  public let v: UnsafeMutablePointer<UInt8>
  /// As decoded; ``halfBoth`` once it is painted on or handed on.
  public internal(set) var sampling = Sampling.halfBoth
  /// Made with the first frame that needs them.
  private lazy var rows = (first: Picture.rowMemory(size), second: Picture.rowMemory(size))
  private lazy var scratch = PixelScratch(width: size.width)

  /// A black picture. Sides must lie in ``Picture/sides``.
  public init(size: PictureSize) {
    precondition(
      Picture.sides.contains(size.width) && Picture.sides.contains(size.height), "a picture of \(size) pixels")
    self.size = size
    (lumaPitch, chromaPitch) = Self.pitches(size)
    let rows = size.height + size.height % 2
    luma = Self.memory(lumaPitch * rows, of: 0)
    u = Self.memory(chromaPitch * rows, of: 128)
    v = Self.memory(chromaPitch * rows, of: 128)
  }

  deinit {
    for plane in [luma, u, v] { UnsafeMutableRawPointer(plane).deallocate() }
  }

  private static func memory(_ count: Int, of byte: UInt8) -> UnsafeMutablePointer<UInt8> {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 64)
    return memory.initializeMemory(as: UInt8.self, repeating: byte, count: count)
  }

  private static func pitches(_ size: PictureSize) -> (luma: Int, chroma: Int) {
    ((size.width + 1 + 63) / 64 * 64, ((size.width + 1) / 2 + 63) / 64 * 64)
  }

  /// Bytes that a picture of this size takes.
  public static func byteCount(of size: PictureSize) -> Int {
    let (luma, chroma) = pitches(size)
    return (luma + 2 * chroma) * (size.height + size.height % 2)
  }

  var chromaWidth: Int { (size.width + 1) / 2 }
  /// Of ``Sampling/halfBoth``.
  var chromaHeight: Int { (size.height + 1) / 2 }

  /// The pixels as they are now.
  public var samples: YUVSamples { YUVSamples(planes: self) }

  /// Takes over the samples of a picture of the same size.
  public func copy(from other: PlanarPicture) {
    precondition(size == other.size, "copy of \(other.size) into \(size)")
    sampling = other.sampling
    luma.update(from: other.luma, count: lumaPitch * size.height)
    let rows = sampling == .halfWidth ? size.height : sampling == .halfBoth ? chromaHeight : 0
    u.update(from: other.u, count: chromaPitch * rows)
    v.update(from: other.v, count: chromaPitch * rows)
  }

  /// Brings the chroma to half of both sides: the mean of two rows, a half rounded up.
  public func fold() {
    switch sampling {
    case .halfBoth: return
    case .grey:
      u.update(repeating: 128, count: chromaPitch * chromaHeight)
      v.update(repeating: 128, count: chromaPitch * chromaHeight)
    case .halfWidth:
      for y in 0..<chromaHeight {
        let (upper, lower) = (2 * y * chromaPitch, min(2 * y + 1, size.height - 1) * chromaPitch)
        Self.mean(u + upper, u + lower, count: chromaWidth, into: u + y * chromaPitch)
        Self.mean(v + upper, v + lower, count: chromaWidth, into: v + y * chromaPitch)
      }
    }
    sampling = .halfBoth
  }

  /// The target may be one of the sources.
  private static func mean(
    _ upper: UnsafeMutablePointer<UInt8>, _ lower: UnsafeMutablePointer<UInt8>, count: Int,
    into out: UnsafeMutablePointer<UInt8>
  ) {
    for i in 0..<count { out[i] = UInt8(truncatingIfNeeded: (UInt16(upper[i]) &+ UInt16(lower[i]) &+ 1) &>> 1) }
  }

  /// Fills it with a frame's pixels, chroma at half of both sides.
  public func fill(from pixels: FramePixels) {
    precondition(pixels.size == size, "a frame of \(pixels.size) for \(size)")
    sampling = .halfBoth
    switch pixels {
    case .picture(let picture):
      for pair in 0..<chromaHeight {
        write(pair: pair, picture.row(2 * pair), picture.row(min(2 * pair + 1, size.height - 1)))
      }
    case .samples(let samples):
      if samples.copy(to: self) { return }
      let kernels = KernelSet.ofThisMachine
      for pair in 0..<chromaHeight {
        samples.write(row: 2 * pair, to: rows.first.base, with: scratch, kernels: kernels)
        samples.write(
          row: min(2 * pair + 1, size.height - 1), to: rows.second.base, with: scratch, kernels: kernels)
        write(pair: pair, UnsafePointer(rows.first.base), UnsafePointer(rows.second.base))
      }
    }
  }

  /// Two rows of RGBX, by the formulas of JFIF in 2^-16.
  private func write(pair: Int, _ upper: UnsafePointer<UInt8>, _ lower: UnsafePointer<UInt8>) {
    for (row, y) in [(upper, 2 * pair), (lower, min(2 * pair + 1, size.height - 1))] {
      let out = luma + y * lumaPitch
      for x in 0..<size.width { out[x] = JFIFColour.luma(row + 4 * x) }
    }
    for x in 0..<chromaWidth {
      let (left, right) = (8 * x, 4 * min(2 * x + 1, size.width - 1))
      let above = JFIFColour(upper + left) + JFIFColour(upper + right)
      let sum = above + JFIFColour(lower + left) + JFIFColour(lower + right)
      u[pair * chromaPitch + x] = sum.blueness
      v[pair * chromaPitch + x] = sum.redness
    }
  }
}

extension Picture {
  /// One row.
  fileprivate static func rowMemory(_ size: PictureSize) -> Picture {
    Picture(size: PictureSize(width: size.width, height: 1))
  }
}

/// Red, green and blue of four pixels added.
private struct JFIFColour {
  var red: Int32
  var green: Int32
  var blue: Int32

  @inline(__always)
  init(_ pixel: UnsafePointer<UInt8>) {
    (red, green, blue) = (Int32(pixel[0]), Int32(pixel[1]), Int32(pixel[2]))
  }

  private init(red: Int32, green: Int32, blue: Int32) { (self.red, self.green, self.blue) = (red, green, blue) }

  @inline(__always)
  static func + (left: Self, right: Self) -> Self {
    Self(red: left.red &+ right.red, green: left.green &+ right.green, blue: left.blue &+ right.blue)
  }

  @inline(__always)
  static func luma(_ pixel: UnsafePointer<UInt8>) -> UInt8 {
    let (red, green, blue) = (Int32(pixel[0]), Int32(pixel[1]), Int32(pixel[2]))
    return UInt8(truncatingIfNeeded: (19595 &* red &+ 38470 &* green &+ 7471 &* blue &+ 32768) &>> 16)
  }

  @inline(__always)
  var blueness: UInt8 { Self.byte(32768 &* blue &- 11059 &* red &- 21709 &* green) }

  @inline(__always)
  var redness: UInt8 { Self.byte(32768 &* red &- 27439 &* green &- 5329 &* blue) }

  /// Rounded to nearest, around 128; only a pure colour reaches 255.5.
  @inline(__always)
  private static func byte(_ q18: Int32) -> UInt8 {
    UInt8(truncatingIfNeeded: min((q18 &+ 1 << 17) &>> 18 &+ 128, 255))
  }
}
