import RoadBase
import RoadKernelContract
import RoadKernels

/// Luma and chroma as they lie in a frame or in planes, read row by row as RGBX (see ``YUVEncoding``); a view that owns
/// nothing and is valid as long as the memory below it.
///
/// Every layout with half the chroma across goes through one kernel: its rows are brought into the order of YUYV first.
public struct YUVSamples: @unchecked Sendable {
  enum Layout: Hashable, Sendable {
    /// Y U Y V, or U Y V Y.
    case packed(lumaFirst: Bool)
    /// A row of U V U V … for each two rows.
    case semiPlanar
    /// One sample of U and of V for so many pixels across, and down.
    case planar(across: Int, down: Int)
    case grey
  }

  public let size: PictureSize
  let encoding: YUVEncoding
  let layout: Layout
  let luma: UnsafePointer<UInt8>
  /// Bytes from one row of luma, or of packed samples, to the next.
  let pitch: Int
  /// U, or U and V by turns; nil for packed and grey ones.
  let u: UnsafePointer<UInt8>?
  let v: UnsafePointer<UInt8>?
  let chromaPitch: Int

  /// A raw frame of a YUV format whose length was checked; nil for any other format.
  init?(_ bytes: UnsafePointer<UInt8>, of frame: Frame) {
    size = frame.size
    encoding = frame.yuvEncoding
    luma = bytes
    let pitch = frame.rowPitch
    self.pitch = pitch
    let chroma = bytes + pitch * frame.size.height
    let rows = frame.size.height
    switch frame.format {
    case .yuyv: (layout, u, v, chromaPitch) = (.packed(lumaFirst: true), nil, nil, 0)
    case .uyvy: (layout, u, v, chromaPitch) = (.packed(lumaFirst: false), nil, nil, 0)
    case .grey: (layout, u, v, chromaPitch) = (.grey, nil, nil, 0)
    case .nv12: (layout, u, v, chromaPitch) = (.semiPlanar, chroma, nil, pitch + pitch % 2)
    case .i420:
      chromaPitch = (pitch + 1) / 2
      (layout, u, v) = (.planar(across: 2, down: 2), chroma, chroma + chromaPitch * ((rows + 1) / 2))
    case .i422:
      chromaPitch = (pitch + 1) / 2
      (layout, u, v) = (.planar(across: 2, down: 1), chroma, chroma + chromaPitch * rows)
    case .i444: (layout, u, v, chromaPitch) = (.planar(across: 1, down: 1), chroma, chroma + pitch * rows, pitch)
    case .i411:
      chromaPitch = (pitch + 3) / 4
      (layout, u, v) = (.planar(across: 4, down: 1), chroma, chroma + chromaPitch * rows)
    case .rgbx, .mjpeg, .png: return nil
    }
  }

  /// Planes of full range.
  init(planes: PlanarPicture) {
    size = planes.size
    encoding = .bt601Full
    luma = UnsafePointer(planes.luma)
    pitch = planes.lumaPitch
    chromaPitch = planes.chromaPitch
    (u, v) = (UnsafePointer(planes.u), UnsafePointer(planes.v))
    layout =
      switch planes.sampling {
      case .grey: .grey
      case .halfWidth: .planar(across: 2, down: 1)
      case .halfBoth: .planar(across: 2, down: 2)
      }
  }

  /// Writes row `y` as RGBX: `4 * width` bytes.
  func write(
    row y: Int, to out: UnsafeMutablePointer<UInt8>, with scratch: PixelScratch, kernels: KernelSet
  ) {
    switch encoding {
    case .bt601: write(y, by: BT601.self, to: out, scratch, kernels)
    case .bt601Full: write(y, by: BT601Full.self, to: out, scratch, kernels)
    case .bt709: write(y, by: BT709.self, to: out, scratch, kernels)
    case .bt709Full: write(y, by: BT709Full.self, to: out, scratch, kernels)
    }
  }

  private func write<Gains: YUVGains>(
    _ y: Int, by gains: Gains.Type, to out: UnsafeMutablePointer<UInt8>, _ scratch: PixelScratch, _ kernels: KernelSet
  ) {
    let row = luma + y * pitch
    let width = size.width
    let pixels = UnsafeMutableRawPointer(out).assumingMemoryBound(to: UInt32.self)
    switch layout {
    case .packed(let lumaFirst):
      convert(row, lumaFirst: lumaFirst, by: gains, to: out, kernels)
      guard width % 2 == 1 else { return }
      let rest = row + 2 * (width - 1)
      let (first, chroma) = lumaFirst ? (0, 1) : (1, 0)
      YUVRow<Gains>.planar(
        y: rest + first, u: rest + chroma, v: rest + chroma + 2, pixelsPerChroma: 1, width: 1,
        out: pixels + width - 1)
    case .grey: YUVRow<Gains>.grey(row, width: width, out: pixels)
    case .semiPlanar:
      guard let u else { return }
      let both = u + y / 2 * chromaPitch
      scratch.pack(row, both, count: width / 2 * 2)
      convert(scratch.packed, lumaFirst: true, by: gains, to: out, kernels)
      last(row, both + width / 2 * 2, both + width / 2 * 2 + 1, by: gains, pixels)
    case .planar(let across, let down):
      guard let u, let v else { return }
      let (uRow, vRow) = (u + y / down * chromaPitch, v + y / down * chromaPitch)
      guard across == 2 else {
        return YUVRow<Gains>.planar(y: row, u: uRow, v: vRow, pixelsPerChroma: across, width: width, out: pixels)
      }
      scratch.pack(row, uRow, vRow, pairs: width / 2)
      convert(scratch.packed, lumaFirst: true, by: gains, to: out, kernels)
      last(row, uRow + width / 2, vRow + width / 2, by: gains, pixels)
    }
  }

  /// The last pixel of an odd width, which has the chroma of its half pair.
  private func last<Gains: YUVGains>(
    _ row: UnsafePointer<UInt8>, _ u: UnsafePointer<UInt8>, _ v: UnsafePointer<UInt8>, by gains: Gains.Type,
    _ pixels: UnsafeMutablePointer<UInt32>
  ) {
    guard size.width % 2 == 1 else { return }
    let at = size.width - 1
    YUVRow<Gains>.planar(y: row + at, u: u, v: v, pixelsPerChroma: 1, width: 1, out: pixels + at)
  }

  private func convert<Gains: YUVGains>(
    _ packed: UnsafePointer<UInt8>, lumaFirst: Bool, by gains: Gains.Type, to out: UnsafeMutablePointer<UInt8>,
    _ kernels: KernelSet
  ) {
    var arguments = PackedYUVRowArguments(
      source: packed, pairs: size.width / 2, lumaFirst: lumaFirst, luma: Int16(Gains.luma), redV: Int16(Gains.redV),
      greenU: Int16(Gains.greenU), greenV: Int16(Gains.greenV), blueU: Int16(Gains.blueU), black: Int16(Gains.black),
      destination: out)
    kernels.packedYUVRow.run(&arguments)
  }
}

/// The memory in which rows of samples are brought into the order of YUYV. One thread uses it at a time.
final class PixelScratch: @unchecked Sendable {
  private let words: UnsafeMutablePointer<UInt16>
  private let chroma: UnsafeMutablePointer<UInt16>

  let width: Int

  init(width: Int) {
    self.width = width
    words = .allocate(capacity: width + 2)
    chroma = .allocate(capacity: width / 2 + 2)
    words.initialize(repeating: 0, count: width + 2)
    chroma.initialize(repeating: 0, count: width / 2 + 2)
  }

  deinit {
    words.deallocate()
    chroma.deallocate()
  }

  /// What was packed last.
  var packed: UnsafePointer<UInt8> { UnsafeRawPointer(words).assumingMemoryBound(to: UInt8.self) }

  /// Luma and chroma by turns.
  func pack(_ luma: UnsafePointer<UInt8>, _ chroma: UnsafePointer<UInt8>, count: Int) {
    Self.zip(luma, chroma, count: count, into: words)
  }

  func pack(_ luma: UnsafePointer<UInt8>, _ u: UnsafePointer<UInt8>, _ v: UnsafePointer<UInt8>, pairs: Int) {
    Self.zip(u, v, count: pairs, into: chroma)
    Self.zip(luma, UnsafeRawPointer(chroma).assumingMemoryBound(to: UInt8.self), count: 2 * pairs, into: words)
  }

  @inline(__always)
  private static func zip(
    _ low: UnsafePointer<UInt8>, _ high: UnsafePointer<UInt8>, count: Int, into words: UnsafeMutablePointer<UInt16>
  ) {
    for i in 0..<count { words[i] = (UInt16(low[i]) | UInt16(high[i]) &<< 8).littleEndian }
  }
}
