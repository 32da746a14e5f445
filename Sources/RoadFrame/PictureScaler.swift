import RoadBase
import RoadKernelContract
import RoadKernels

/// A picture of one size to RGBX of another, by bilinear interpolation with half-pixel centres, in integers.
///
/// The definition, per axis with `S` source and `D` destination pixels:
/// - Up to a reduction of 2 the result is that of OpenCV's `INTER_LINEAR` and ONNX's `half_pixel` within 1.
/// - Beyond 2, where interpolation between two neighbours would skip pixels and shimmer from frame to frame, blocks of
///   `k = min(floor(S / D), 16)` pixels are averaged first (rounded to nearest, the last block filled up with the edge
///   pixel), and the averages interpolated: each source pixel has its say.
/// - Destination pixel `x` lies at `u = ((2x + 1)·S − D·k) / (2·D·k)` in blocks, clamped to them; `w =
///   floor(2048·frac(u) + 1/2)`.
/// - Rows first: `v = floor((a·(2048 − w) + b·w + 8) / 2^4)`, then columns: `floor((v0·(2048 − w) + v1·w + 2^17) /
///   2^18)`.
///
/// Planned once; scaling allocates nothing. The destination is cut into strips of rows, each with its own scratch
/// memory, so that several threads can share one picture.
public final class PictureScaler: @unchecked Sendable {
  public let source: PictureSize
  public let destination: PictureSize
  public let strips: Int

  private let columns: ScaleAxis
  private let rows: ScaleAxis
  private let scratch: [ScaleScratch]
  private let kernels = KernelSet.ofThisMachine

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
    let columns = ScaleAxis(source: source.width, destination: destination.width, pitch: 4)
    self.columns = columns
    rows = ScaleAxis(source: source.height, destination: destination.height, pitch: 1)
    scratch = (0..<strips).map { _ in ScaleScratch(sourceWidth: source.width, blocks: columns.blocks) }
  }

  public func scale(_ picture: Picture, into other: Picture) { scale(.picture(picture), into: other) }

  /// Scales the whole frame.
  public func scale(_ pixels: FramePixels, into other: Picture) {
    precondition(other.size == destination, "destination of \(other.size), planned for \(destination)")
    for strip in 0..<strips { scale(pixels, into: other.base, rowPitch: other.rowPitch, strip: strip) }
  }

  /// Scales one strip of rows; different strips may be scaled at the same time. Luma and chroma become red, green and
  /// blue row by row, where they are needed.
  ///
  /// - Parameters:
  ///   - base: the destination's pixel (0, 0), whatever the strip.
  ///   - rowPitch: bytes from one row of the destination to the next.
  public func scale(_ pixels: FramePixels, into base: UnsafeMutablePointer<UInt8>, rowPitch: Int, strip: Int) {
    precondition(pixels.size == source, "picture of \(pixels.size), planned for \(source)")
    precondition(rowPitch >= 4 * destination.width, "row pitch \(rowPitch) for \(destination.width) pixels")
    let memory = scratch[strip]
    memory.forgetBlocks()
    for y in strip * destination.height / strips..<(strip + 1) * destination.height / strips {
      let first = Int(rows.offsets[y])
      var between = BlendRowArguments(
        above: blockRow(first, of: pixels, in: memory),
        below: blockRow(min(first + 1, rows.blocks - 1), of: pixels, in: memory), weight: rows.weight(y),
        count: 4 * columns.blocks, destination: memory.blended)
      kernels.blendRow.run(&between)
      var across = InterpolateRowArguments(
        row: memory.blended, offsets: columns.offsets, weights: columns.weights, count: destination.width,
        destination: base + y * rowPitch)
      kernels.interpolateRow.run(&across)
    }
  }

  /// Row `index` of the picture of block averages: the picture's own row if blocks are single pixels.
  private func blockRow(_ index: Int, of pixels: FramePixels, in memory: ScaleScratch) -> UnsafePointer<UInt8> {
    let isWhole = rows.block == 1 && columns.block == 1
    if isWhole, case .picture(let picture) = pixels { return UnsafePointer(picture.row(index)) }
    let slot = index & 1
    let row = memory.averages[slot]
    guard memory.held[slot] != index else { return UnsafePointer(row) }
    memory.held[slot] = index
    if isWhole {
      return pixelRow(index, of: pixels, in: memory, row)
    }
    if rows.block == 1, columns.block == 2 {
      ScaleRow.averagePairs(pixelRow(index, of: pixels, in: memory, memory.row), width: source.width, into: row)
      return UnsafePointer(row)
    }
    for line in 0..<rows.block {
      let y = min(index * rows.block + line, source.height - 1)
      ScaleRow.accumulate(
        pixelRow(y, of: pixels, in: memory, memory.row), count: 4 * source.width, first: line == 0, into: memory.sums)
    }
    ScaleRow.average(
      memory.sums, width: source.width, block: columns.block, lines: rows.block, blocks: columns.blocks, into: row)
    return UnsafePointer(row)
  }

  /// Row `y` as RGBX, in `row` unless it lies there already.
  private func pixelRow(
    _ y: Int, of pixels: FramePixels, in memory: ScaleScratch, _ row: UnsafeMutablePointer<UInt8>
  ) -> UnsafePointer<UInt8> {
    switch pixels {
    case .picture(let picture): return UnsafePointer(picture.row(y))
    case .samples(let samples):
      samples.write(row: y, to: row, with: memory.packing, kernels: kernels)
      return UnsafePointer(row)
    }
  }
}

/// One axis of the plan.
private final class ScaleAxis: @unchecked Sendable {
  let block: Int
  let blocks: Int
  /// For each destination pixel the block before it, and four times the Q11 shares of that one and of the next.
  let offsets: UnsafeMutablePointer<Int32>
  let weights: UnsafeMutablePointer<Int16>

  /// - Parameter pitch: what the distance between blocks counts for in the offsets.
  init(source: Int, destination: Int, pitch: Int) {
    block = source > 2 * destination ? min(source / destination, 16) : 1
    blocks = (source + block - 1) / block
    offsets = .allocate(capacity: destination)
    weights = .allocate(capacity: 8 * destination)
    let denominator = 2 * destination * block
    for x in 0..<destination {
      let numerator = max((2 * x + 1) * source - destination * block, 0)
      let first = min(numerator / denominator, blocks - 1)
      let remainder = numerator - first * denominator
      let weight = first == blocks - 1 ? 0 : (remainder * 2048 + denominator / 2) / denominator
      offsets[x] = Int32(first * pitch)
      for channel in 0..<4 {
        weights[8 * x + 2 * channel] = Int16(2048 - weight)
        weights[8 * x + 2 * channel + 1] = Int16(weight)
      }
    }
  }

  deinit {
    offsets.deallocate()
    weights.deallocate()
  }

  /// Q11 share of the block after pixel `x`.
  func weight(_ x: Int) -> Int16 { weights[8 * x + 1] }
}

/// The memory that one strip works in.
private final class ScaleScratch: @unchecked Sendable {
  /// One row between the rows of the destination, Q7, four channels a pixel; one pixel more, which no weight counts.
  let blended: UnsafeMutablePointer<Int16>
  /// Sums of the rows of one block, four channels a pixel.
  let sums: UnsafeMutablePointer<UInt64>
  /// The two rows of block averages last used, and which they are.
  let averages: [UnsafeMutablePointer<UInt8>]
  let held: UnsafeMutablePointer<Int>
  /// One row of RGBX, and what luma and chroma need on the way there.
  let row: UnsafeMutablePointer<UInt8>
  let packing: PixelScratch

  init(sourceWidth: Int, blocks: Int) {
    row = .allocate(capacity: 4 * sourceWidth)
    packing = PixelScratch(width: sourceWidth)
    blended = .allocate(capacity: 4 * blocks + 4)
    blended.initialize(repeating: 0, count: 4 * blocks + 4)
    sums = .allocate(capacity: sourceWidth)
    averages = [.allocate(capacity: 4 * blocks), .allocate(capacity: 4 * blocks)]
    held = .allocate(capacity: 2)
    forgetBlocks()
  }

  deinit {
    row.deallocate()
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

/// The loops over blocks.
private enum ScaleRow {
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

  /// Blocks of two pixels in a row, without sums in between.
  static func averagePairs(_ row: UnsafePointer<UInt8>, width: Int, into out: UnsafeMutablePointer<UInt8>) {
    let pixels = UnsafeRawPointer(row)
    let words = UnsafeMutableRawPointer(out).assumingMemoryBound(to: UInt32.self)
    for i in 0..<width / 2 {
      let left = pixels.loadUnaligned(fromByteOffset: 8 &* i, as: UInt32.self)
      let right = pixels.loadUnaligned(fromByteOffset: 8 &* i &+ 4, as: UInt32.self)
      // (a + b + 1) / 2 in each byte.
      words[i] = (left | right) &- ((left ^ right) &>> 1 & 0x7F7F_7F7F)
    }
    if width % 2 == 1 {
      words[width / 2] = pixels.loadUnaligned(fromByteOffset: 4 &* (width &- 1), as: UInt32.self)
    }
  }

  static func average(
    _ pixels: UnsafePointer<UInt64>, width: Int, block: Int, lines: Int, blocks: Int,
    into out: UnsafeMutablePointer<UInt8>
  ) {
    let division = BlockDivision(samples: UInt64(block * lines))
    let words = UnsafeMutableRawPointer(out).assumingMemoryBound(to: UInt32.self)
    let whole = width / block
    switch block {
    // The usual reductions with their block as a constant, which unrolls the inner loop.
    case 2: sum(pixels, block: 2, blocks: whole, division, into: words)
    case 3: sum(pixels, block: 3, blocks: whole, division, into: words)
    default: sum(pixels, block: block, blocks: whole, division, into: words)
    }
    for i in whole..<blocks {
      var total: UInt64 = 0
      for x in i * block..<(i + 1) * block { total &+= pixels[min(x, width - 1)] }
      words[i] = division.divide(total)
    }
  }

  @inline(__always)
  private static func sum(
    _ pixels: UnsafePointer<UInt64>, block: Int, blocks: Int, _ division: BlockDivision,
    into words: UnsafeMutablePointer<UInt32>
  ) {
    for i in 0..<blocks {
      var total: UInt64 = 0
      for x in 0..<block { total &+= pixels[i &* block &+ x] }
      words[i] = division.divide(total)
    }
  }
}

/// Rounded division of four 16-bit sums in one word, which go in and come out without carrying into each other:
/// 16 · 16 · 255 + 128 is less than 2^16.
private struct BlockDivision {
  private let half: UInt64
  private let reciprocal: UInt64
  private let shift: UInt64
  private let isPowerOfTwo: Bool

  init(samples: UInt64) {
    half = samples / 2 &* 0x0001_0001_0001_0001
    // Exact: the sums have 16 bits and the divisor 9, so that the reciprocal's error stays below 1 / samples.
    reciprocal = ((1 << 32) + samples - 1) / samples
    shift = UInt64(samples.trailingZeroBitCount)
    isPowerOfTwo = samples & (samples - 1) == 0
  }

  @inline(__always)
  func divide(_ sums: UInt64) -> UInt32 {
    let rounded = sums &+ half
    var lanes: UInt64 = 0
    if isPowerOfTwo {
      lanes = rounded &>> shift & 0x00FF_00FF_00FF_00FF
    } else {
      for lane in stride(from: 0 as UInt64, to: 64, by: 16) {
        lanes |= (((rounded &>> lane & 0xFFFF) &* reciprocal) &>> 32) &<< lane
      }
    }
    // 16 bits a channel to 8.
    let pairs = lanes | lanes &>> 8
    return UInt32(truncatingIfNeeded: pairs & 0xFFFF | pairs &>> 16 & 0xFFFF_0000)
  }
}
