import RoadBase
import RoadFrame

/// The road from above, undistorted: each pixel shows a square of a flat road. What stands on the road is smeared away
/// from the camera.
///
/// Made once; `draw` allocates nothing and works in integers. One thread uses it at a time.
public final class BirdsEye: @unchecked Sendable {
  /// What it shows: the camera is below the middle of the lower edge.
  public struct Extent: Hashable, Sendable {
    /// Metres ahead of the camera, and to each side.
    public var ahead: Int
    public var side: Int
    /// Pixels a metre.
    public var scale: Int

    public init(ahead: Int = 30, side: Int = 8, scale: Int = 20) {
      precondition((1...100).contains(ahead) && (1...50).contains(side) && (1...100).contains(scale))
      (self.ahead, self.side, self.scale) = (ahead, side, scale)
    }

    public var size: PictureSize { PictureSize(width: 2 * side * scale, height: ahead * scale) }
  }

  public let extent: Extent
  /// What was drawn last.
  public let picture: Picture

  /// Where a pixel is seen in the camera's picture, in 1/16 pixels; column -1 where it is not.
  private struct Source {
    var x: Int32
    var y: Int32
  }
  private let sources: UnsafeMutablePointer<Source>
  private let size: PictureSize

  /// Metres between two lines of the grid.
  private static let grid = 5

  public init(_ calibration: CameraCalibration, extent: Extent = Extent()) {
    self.extent = extent
    size = calibration.size
    picture = Picture(size: extent.size)
    sources = .allocate(capacity: extent.size.pixels)
    let projection = GroundProjection(calibration)
    let (last, lowest) = (Double(size.width - 1), Double(size.height - 1))
    let scale = Double(extent.scale)
    for row in 0..<extent.size.height {
      let z = Double(extent.ahead) - (Double(row) + 0.5) / scale
      for column in 0..<extent.size.width {
        var source = Source(x: -1, y: 0)
        let x = (Double(column) + 0.5) / scale - Double(extent.side)
        if z >= calibration.nearest ?? 0, let place = projection.pixel(x: x, z: z), (0...last).contains(place.u),
          (0...lowest).contains(place.v)
        {
          source = Source(x: Int32((place.u * 16).rounded()), y: Int32((place.v * 16).rounded()))
        }
        (sources + row * extent.size.width + column).initialize(to: source)
      }
    }
  }

  deinit { sources.deallocate() }

  /// Draws what a picture of the calibration's size shows of the road.
  public func draw(_ canvas: Canvas) {
    precondition(canvas.size == size, "canvas \(canvas.size), made for \(size)")
    for row in 0..<extent.size.height {
      let (line, target) = (sources + row * extent.size.width, picture.row(row))
      switch canvas {
      case .rgbx(let picture): draw(line, picture, into: target)
      case .planes(let planes): draw(line, planes, into: target)
      }
    }
    for metres in stride(from: Self.grid, to: extent.ahead, by: Self.grid) {
      drawLine((extent.ahead - metres) * extent.scale)
    }
  }

  private func draw(_ line: UnsafePointer<Source>, _ source: Picture, into target: UnsafeMutablePointer<UInt8>) {
    eachPixel(of: line, into: target) { _, taps, out in
      let (upper, lower) = (source.row(taps.y0), source.row(taps.y1))
      for channel in 0..<3 {
        out[channel] = taps.mix(
          upper[4 * taps.x0 + channel], upper[4 * taps.x1 + channel], lower[4 * taps.x0 + channel],
          lower[4 * taps.x1 + channel])
      }
    }
  }

  /// By the formulas of JFIF in 2^-16; chroma is that of the nearest sample.
  private func draw(_ line: UnsafePointer<Source>, _ source: PlanarPicture, into target: UnsafeMutablePointer<UInt8>) {
    eachPixel(of: line, into: target) { place, taps, out in
      let (upper, lower) = (source.luma + taps.y0 * source.lumaPitch, source.luma + taps.y1 * source.lumaPitch)
      let luma = Int32(taps.mix(upper[taps.x0], upper[taps.x1], lower[taps.x0], lower[taps.x1])) << 16 + 32768
      let chroma = Int(place.y >> 5) * source.chromaPitch + Int(place.x >> 5)
      let (u, v) = (Int32(source.u[chroma]) - 128, Int32(source.v[chroma]) - 128)
      out[0] = Self.byte(luma + 91881 * v)
      out[1] = Self.byte(luma - 22554 * u - 46802 * v)
      out[2] = Self.byte(luma + 116130 * u)
    }
  }

  /// Black where the camera sees nothing of the road; calls `paint` for the others.
  @inline(__always)
  private func eachPixel(
    of line: UnsafePointer<Source>, into target: UnsafeMutablePointer<UInt8>,
    _ paint: (_ place: Source, _ taps: Taps, _ out: UnsafeMutablePointer<UInt8>) -> Void
  ) {
    for column in 0..<extent.size.width {
      let (place, out) = (line[column], target + 4 * column)
      if place.x < 0 {
        (out[0], out[1], out[2]) = (0, 0, 0)
      } else {
        paint(place, Taps(place, size), out)
      }
    }
  }

  private static func byte(_ value: Int32) -> UInt8 { UInt8(truncatingIfNeeded: min(max(value >> 16, 0), 255)) }

  /// Half white, between two rows.
  private func drawLine(_ row: Int) {
    let target = picture.row(row)
    for index in 0..<4 * extent.size.width { target[index] = UInt8((UInt16(target[index]) + 255) / 2) }
  }

  /// Four pixels and their weights.
  private struct Taps {
    let x0: Int
    let x1: Int
    let y0: Int
    let y1: Int
    let right: Int32
    let low: Int32

    @inline(__always)
    init(_ place: Source, _ size: PictureSize) {
      (x0, y0) = (Int(place.x >> 4), Int(place.y >> 4))
      (x1, y1) = (min(x0 + 1, size.width - 1), min(y0 + 1, size.height - 1))
      (right, low) = (place.x & 15, place.y & 15)
    }

    @inline(__always)
    func mix(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) -> UInt8 {
      let upper = Int32(a) * (16 - right) + Int32(b) * right
      let lower = Int32(c) * (16 - right) + Int32(d) * right
      return UInt8(truncatingIfNeeded: (upper * (16 - low) + lower * low + 128) >> 8)
    }
  }
}
