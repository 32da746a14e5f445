import RoadBase

/// A picture of one size to RGBX of another, by bilinear interpolation with half-pixel centres, in integers.
///
/// The definition, per axis with `S` source and `D` destination pixels:
/// - Up to a reduction of 2 the result is that of OpenCV's `INTER_LINEAR` and ONNX's `half_pixel` within 1.
/// - Beyond 2, where interpolation between two neighbours would skip pixels and shimmer from frame to frame, blocks of
///   `k = min(floor(S / D), 16)` pixels are averaged first (rounded to nearest, the last block filled up with the edge
///   pixel), and the averages interpolated: each source pixel has its say.
/// - Destination pixel `x` lies at `u = ((2x + 1)·S − D·k) / (2·D·k)` in blocks, clamped to them; `w = floor(2048·frac(u) + 1/2)`.
/// - Rows first: `v = floor((a·(2048 − w) + b·w + 8) / 2^4)`, then columns: `floor((v0·(2048 − w) + v1·w + 2^17) / 2^18)`.
///
/// Planned once; scaling allocates nothing. The destination is cut into strips of rows, each with its own scratch memory,
/// so that several threads can share one picture.
public final class PictureScaler: @unchecked Sendable {
  public let source: PictureSize
  public let destination: PictureSize
  public let strips: Int

  private let columns: ScaleAxis
  private let rows: ScaleAxis
  private let scratch: [ScaleScratch]

  /// - Parameter strips: how many threads may work on one picture, 1 up to the destination's height.
  public init(from source: PictureSize, to destination: PictureSize, strips: Int = 1) {
    precondition(Picture.sides.contains(source.width) && Picture.sides.contains(source.height), "source of \(source)")
    precondition(
      Picture.sides.contains(destination.width) && Picture.sides.contains(destination.height),
      "destination of \(destination)")
    precondition((1...destination.height).contains(strips), "\(strips) strips of \(destination.height) rows")
    self.source = source
    self.destination = destination
    self.strips = strips
    let columns = ScaleAxis(source: source.width, destination: destination.width)
    self.columns = columns
    rows = ScaleAxis(source: source.height, destination: destination.height)
    scratch = (0..<strips).map { _ in ScaleScratch(sourceWidth: source.width, blocks: columns.blocks) }
  }

  /// Scales the whole picture to `base`, whose rows lie `rowPitch` bytes apart.
  public func scale(_ picture: Picture, into base: UnsafeMutablePointer<UInt8>, rowPitch: Int) {
    for strip in 0..<strips { scale(picture, into: base, rowPitch: rowPitch, strip: strip) }
  }

  public func scale(_ picture: Picture, into other: Picture) {
    precondition(other.size == destination, "destination of \(other.size), planned for \(destination)")
    scale(picture, into: other.base, rowPitch: other.rowPitch)
  }

  /// Scales one strip of rows; different strips may be scaled at the same time.
  ///
  /// - Parameter base: the destination's pixel (0, 0), whatever the strip.
  public func scale(_ picture: Picture, into base: UnsafeMutablePointer<UInt8>, rowPitch: Int, strip: Int) {
    precondition(picture.size == source, "picture of \(picture.size), planned for \(source)")
    precondition(rowPitch >= 4 * destination.width, "row pitch \(rowPitch) for \(destination.width) pixels")
    let memory = scratch[strip]
    memory.forgetBlocks()
    for y in strip * destination.height / strips..<(strip + 1) * destination.height / strips {
      let tap = rows.taps[y]
      let above = blockRow(Int(tap.first), of: picture, in: memory)
      let below = blockRow(Int(tap.second), of: picture, in: memory)
      ScaleRow.blend(above, below, weight: tap.weight, count: 4 * columns.blocks, into: memory.blended)
      ScaleRow.interpolate(memory.blended, taps: columns.taps, count: destination.width, into: base + y * rowPitch)
    }
  }

  /// Row `index` of the picture of block averages: the picture's own row if blocks are single pixels.
  private func blockRow(_ index: Int, of picture: Picture, in memory: ScaleScratch) -> UnsafePointer<UInt8> {
    if rows.block == 1, columns.block == 1 { return UnsafePointer(picture.row(index)) }
    let slot = index & 1
    let row = memory.averages[slot]
    if memory.held[slot] != index {
      memory.held[slot] = index
      for line in 0..<rows.block {
        let y = min(index * rows.block + line, source.height - 1)
        ScaleRow.accumulate(picture.row(y), count: 4 * source.width, first: line == 0, into: memory.sums)
      }
      ScaleRow.average(
        memory.sums, width: source.width, block: columns.block, lines: rows.block, blocks: columns.blocks, into: row)
    }
    return UnsafePointer(row)
  }
}

/// One axis of the plan.
private final class ScaleAxis: @unchecked Sendable {
  struct Tap {
    var first: Int32
    var second: Int32
    /// Q11 share of `second`.
    var weight: Int32
  }

  let block: Int
  let blocks: Int
  let taps: UnsafeMutablePointer<Tap>

  init(source: Int, destination: Int) {
    block = source > 2 * destination ? min(source / destination, 16) : 1
    blocks = (source + block - 1) / block
    taps = .allocate(capacity: destination)
    let denominator = 2 * destination * block
    for x in 0..<destination {
      let numerator = max((2 * x + 1) * source - destination * block, 0)
      let first = min(numerator / denominator, blocks - 1)
      let remainder = numerator - first * denominator
      let weight = first == blocks - 1 ? 0 : (remainder * 2048 + denominator / 2) / denominator
      taps[x] = Tap(first: Int32(first), second: Int32(min(first + 1, blocks - 1)), weight: Int32(weight))
    }
  }

  deinit { taps.deallocate() }
}

/// The memory that one strip works in.
private final class ScaleScratch: @unchecked Sendable {
  /// One row between the rows of the destination, Q7, four channels a pixel.
  let blended: UnsafeMutablePointer<UInt64>
  /// Sums of the rows of one block, four channels a pixel.
  let sums: UnsafeMutablePointer<UInt64>
  /// The two rows of block averages last used, and which they are.
  let averages: [UnsafeMutablePointer<UInt8>]
  let held: UnsafeMutablePointer<Int>

  init(sourceWidth: Int, blocks: Int) {
    blended = .allocate(capacity: blocks)
    sums = .allocate(capacity: sourceWidth)
    averages = [.allocate(capacity: 4 * blocks), .allocate(capacity: 4 * blocks)]
    held = .allocate(capacity: 2)
    forgetBlocks()
  }

  deinit {
    blended.deallocate()
    sums.deallocate()
    for row in averages { row.deallocate() }
    held.deallocate()
  }

  func forgetBlocks() {
    held[0] = -1
    held[1] = -1
  }
}

/// The loops.
private enum ScaleRow {
  static func blend(
    _ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, weight: Int32, count: Int,
    into out: UnsafeMutablePointer<UInt64>
  ) {
    let row = UnsafeMutableRawPointer(out).assumingMemoryBound(to: UInt16.self)
    let other = 2048 - weight
    for i in 0..<count {
      row[i] = UInt16(truncatingIfNeeded: (Int32(a[i]) &* other &+ Int32(b[i]) &* weight &+ 8) &>> 4)
    }
  }

  /// Two channels at once in the halves of a 64-bit word: red and blue, green and the fourth.
  static func interpolate(
    _ row: UnsafePointer<UInt64>, taps: UnsafePointer<ScaleAxis.Tap>, count: Int, into out: UnsafeMutablePointer<UInt8>
  ) {
    let lanes: UInt64 = 0x0000_FFFF_0000_FFFF
    let rounding: UInt64 = 0x0002_0000_0002_0000
    let bytes: UInt64 = 0x0000_00FF_0000_00FF
    let pixels = UnsafeMutableRawPointer(out).assumingMemoryBound(to: UInt32.self)
    for x in 0..<count {
      let tap = taps[x]
      let w = UInt64(truncatingIfNeeded: tap.weight)
      let other = 2048 &- w
      let a = row[Int(tap.first)]
      let b = row[Int(tap.second)]
      let even = ((a & lanes) &* other &+ (b & lanes) &* w &+ rounding) &>> 18 & bytes
      let odd = ((a &>> 16 & lanes) &* other &+ (b &>> 16 & lanes) &* w &+ rounding) &>> 18 & bytes
      let pixel = even | odd &<< 8
      pixels[x] = UInt32(truncatingIfNeeded: pixel | pixel &>> 16)
    }
  }

  static func accumulate(
    _ row: UnsafePointer<UInt8>, count: Int, first: Bool, into out: UnsafeMutablePointer<UInt64>
  ) {
    let sums = UnsafeMutableRawPointer(out).assumingMemoryBound(to: UInt16.self)
    if first {
      for i in 0..<count { sums[i] = UInt16(row[i]) }
    } else {
      for i in 0..<count { sums[i] &+= UInt16(row[i]) }
    }
  }

  /// Four 16-bit sums a pixel, added as one word: 16 · 16 · 255 is less than 2^16, so that no sum carries into the next.
  static func average(
    _ pixels: UnsafePointer<UInt64>, width: Int, block: Int, lines: Int, blocks: Int,
    into out: UnsafeMutablePointer<UInt8>
  ) {
    let samples = UInt64(block * lines)
    // Exact: (sum + samples / 2) < 2^17 and samples <= 2^8, so that the reciprocal's error stays below 1 / samples.
    let reciprocal = ((1 << 32) + samples - 1) / samples
    for i in 0..<blocks {
      var sum: UInt64 = 0
      for x in i * block..<(i + 1) * block { sum &+= pixels[min(x, width - 1)] }
      for channel in 0..<4 {
        let lane = sum &>> UInt64(16 * channel) & 0xFFFF
        out[4 * i + channel] = UInt8(truncatingIfNeeded: ((lane &+ samples / 2) &* reciprocal) &>> 32)
      }
    }
  }
}
