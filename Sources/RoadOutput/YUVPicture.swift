import RoadBase
import RoadFrame

/// A picture as video programs take it: BT.601, limited range (luma 16...235), in memory that is allocated once.
///
/// With R, G, B of 0...255, each sum an integer and `>>` rounding down:
///
///     Y = ((66 R + 129 G + 25 B + 128) >> 8) + 16
///     U = ((112 B - 74 G - 38 R + 128) >> 8) + 128
///     V = ((112 R - 94 G - 18 B + 128) >> 8) + 128
///
/// A chroma sample that stands for several pixels is computed of the sums of their colours, with 128 and the shift
/// grown alike; beyond the right and the lower edge the last pixel counts again.
package final class YUVPicture {
  package enum Layout: Sendable {
    /// Packed 4:2:2, Y0 U Y1 V.
    case yuyv
    /// 4:2:0 in planes Y, U, V.
    case i420
  }

  package let size: PictureSize
  package let layout: Layout
  package let bytes: UnsafeMutableRawBufferPointer

  package init(size: PictureSize, layout: Layout) {
    self.size = size
    self.layout = layout
    bytes = .allocate(byteCount: Self.byteCount(size, layout), alignment: 64)
    bytes.initializeMemory(as: UInt8.self, repeating: 16)
  }

  deinit { bytes.deallocate() }

  private static func byteCount(_ size: PictureSize, _ layout: Layout) -> Int {
    let (chromaWidth, chromaHeight) = ((size.width + 1) / 2, (size.height + 1) / 2)
    switch layout {
    case .yuyv: return 4 * chromaWidth * size.height
    case .i420: return size.pixels + 2 * chromaWidth * chromaHeight
    }
  }

  /// Planes are narrowed to the limited range: `Y·220 / 2^8 + 16` and `(C − 128)·225 / 2^8 + 128`, to nearest.
  package func fill(from canvas: Canvas) {
    precondition(canvas.size == size, "canvas \(canvas.size), made for \(size)")
    switch canvas {
    case .rgbx(let picture): fill(from: picture)
    case .planes(let planes): fill(from: planes)
    }
  }

  private func fill(from planes: PlanarPicture) {
    precondition(planes.sampling == .halfBoth, "planes of \(planes.sampling)")
    guard let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
    let (width, chromaWidth) = (size.width, (size.width + 1) / 2)
    switch layout {
    case .i420:
      for y in 0..<size.height { Self.narrow(planes.luma + y * planes.lumaPitch, width, into: base + y * width) }
      let u = base + size.pixels
      let v = u + chromaWidth * ((size.height + 1) / 2)
      for y in 0..<(size.height + 1) / 2 {
        let (from, to) = (y * planes.chromaPitch, y * chromaWidth)
        for x in 0..<chromaWidth { u[to + x] = Self.narrowed(chroma: planes.u[from + x]) }
        for x in 0..<chromaWidth { v[to + x] = Self.narrowed(chroma: planes.v[from + x]) }
      }
    case .yuyv:
      for y in 0..<size.height {
        let luma = planes.luma + y * planes.lumaPitch
        let (u, v) = (planes.u + y / 2 * planes.chromaPitch, planes.v + y / 2 * planes.chromaPitch)
        let out = base + y * 4 * chromaWidth
        for pair in 0..<chromaWidth {
          out[4 &* pair] = Self.narrowed(luma: luma[2 &* pair])
          out[4 &* pair &+ 1] = Self.narrowed(chroma: u[pair])
          out[4 &* pair &+ 2] = Self.narrowed(luma: luma[min(2 &* pair &+ 1, width &- 1)])
          out[4 &* pair &+ 3] = Self.narrowed(chroma: v[pair])
        }
      }
    }
  }

  private static func narrow(_ row: UnsafePointer<UInt8>, _ count: Int, into out: UnsafeMutablePointer<UInt8>) {
    for x in 0..<count { out[x] = narrowed(luma: row[x]) }
  }

  @inline(__always)
  private static func narrowed(luma: UInt8) -> UInt8 {
    UInt8(truncatingIfNeeded: (UInt16(luma) &* 220 &+ 128) &>> 8 &+ 16)
  }

  @inline(__always)
  private static func narrowed(chroma: UInt8) -> UInt8 {
    UInt8(truncatingIfNeeded: ((Int32(chroma) &- 128) &* 225 &+ 128) &>> 8 &+ 128)
  }

  package func fill(from picture: Picture) {
    precondition(picture.size == size, "picture \(picture.size), made for \(size)")
    guard let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
    switch layout {
    case .yuyv:
      let pitch = 4 * ((size.width + 1) / 2)
      for y in 0..<size.height { Self.pack(picture.row(y), into: base + y * pitch, width: size.width) }
    case .i420: fillPlanes(picture, base)
    }
  }

  private static func pack(_ row: UnsafePointer<UInt8>, into target: UnsafeMutablePointer<UInt8>, width: Int) {
    for pair in 0..<(width + 1) / 2 {
      let first = row + 8 * pair
      let second = 2 * pair + 1 < width ? first + 4 : first
      let sum = RGBSum(first) + RGBSum(second)
      let out = target + 4 * pair
      out[0] = RGBSum(first).luma
      out[1] = sum.blueness(shift: 9)
      out[2] = RGBSum(second).luma
      out[3] = sum.redness(shift: 9)
    }
  }

  private func fillPlanes(_ picture: Picture, _ base: UnsafeMutablePointer<UInt8>) {
    let (width, height) = (size.width, size.height)
    let chromaWidth = (width + 1) / 2
    let u = base + size.pixels
    let v = u + chromaWidth * ((height + 1) / 2)
    for y in 0..<height {
      let (row, target) = (picture.row(y), base + y * width)
      for x in 0..<width { target[x] = RGBSum(row + 4 * x).luma }
    }
    for y in 0..<(height + 1) / 2 {
      let (upper, lower) = (picture.row(2 * y), picture.row(min(2 * y + 1, height - 1)))
      for x in 0..<chromaWidth {
        let (left, right) = (8 * x, 4 * min(2 * x + 1, width - 1))
        let sum = RGBSum(upper + left) + RGBSum(upper + right) + RGBSum(lower + left) + RGBSum(lower + right)
        u[y * chromaWidth + x] = sum.blueness(shift: 10)
        v[y * chromaWidth + x] = sum.redness(shift: 10)
      }
    }
  }
}

/// Red, green and blue of one pixel, or of several added.
private struct RGBSum {
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

  /// Of one pixel.
  @inline(__always)
  var luma: UInt8 {
    let sum: Int32 = 66 &* red &+ 129 &* green &+ 25 &* blue
    return UInt8(truncatingIfNeeded: (sum &+ 128) >> 8 &+ 16)
  }

  /// - Parameter shift: 8 for one pixel, 9 for two, 10 for four.
  @inline(__always)
  func blueness(shift: Int32) -> UInt8 {
    let sum: Int32 = 112 &* blue &- 74 &* green &- 38 &* red
    return UInt8(truncatingIfNeeded: (sum &+ 1 << (shift &- 1)) >> shift &+ 128)
  }

  @inline(__always)
  func redness(shift: Int32) -> UInt8 {
    let sum: Int32 = 112 &* red &- 94 &* green &- 18 &* blue
    return UInt8(truncatingIfNeeded: (sum &+ 1 << (shift &- 1)) >> shift &+ 128)
  }
}
