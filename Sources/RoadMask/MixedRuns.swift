import RoadKernelContract
import RoadKernels

/// The way through cells whose corners disagree that suits vector units: every pixel of a run of blocks is computed,
/// class by class, sixteen at a time. Where all cells are mixed this is many times faster than walking envelopes; it is
/// exact, too, so pixels of pure cells beside a run may be computed along.
///
/// It holds scores in 16 bits between the axes and keys in 32: sizes whose denominators are too large for that take the
/// other way.
struct MixedRuns: Sendable {
  let classRow: RowKernel<ClassRowArguments>
  private let classes: Int
  private let pitch: Int
  private let mask: Int32
  private let columns: [Int32]
  private let weights: [Int32]
  private let starts: [Int32]
  /// Of the rows.
  private let denominator: Int32

  /// Entries of each of the two scratch tables.
  static let capacity = 8192

  /// Nil where the sizes do not fit, see above.
  init?(scoreWidth: Int, classes: Int, width: Int, columns plan: AxisPlan, rows: AxisPlan, kernels: KernelSet) {
    let shift = Int32(classes <= 1 ? 1 : Int.bitWidth - (classes - 1).leadingZeroBitCount)
    let largest = 255 * Int(plan.denominator) * Int(rows.denominator) << Int(shift)
    pitch = (scoreWidth + ClassRowArguments.padding + 15) / 16 * 16
    guard width >= max(scoreWidth, ClassRowArguments.blockPixels), classes * pitch <= Self.capacity,
      255 * rows.denominator <= Int16.max, plan.denominator << shift <= Int16.max, largest < 1 << 30
    else { return nil }
    classRow = kernels.classRow
    self.classes = classes
    mask = 1 << shift - 1
    denominator = rows.denominator
    let block = ClassRowArguments.blockPixels
    // The last block reaches back over the one before, so that none ends outside the row.
    let starts = (0..<(width + block - 1) / block).map { min($0 * block, width - block) }
    let pixels = Self.pixels(plan, shift: shift)
    let order = starts.flatMap { $0..<$0 + block }
    self.starts = starts.map { Int32($0) }
    columns = order.map { pixels[$0].column }
    weights = order.map { pixels[$0].weights }
  }

  /// The left score column of each pixel, and the weights of it and of the next.
  private static func pixels(_ plan: AxisPlan, shift: Int32) -> [(column: Int32, weights: Int32)] {
    plan.spans.flatMap { span in
      (0..<span.end - span.start).map { offset in
        let right = span.first == span.second ? 0 : span.weight + offset * span.step
        return (span.first, (plan.denominator - right) << shift | right << (16 + shift))
      }
    }
  }

  /// Blocks that hold the pixels.
  func blocks(_ pixels: Range<Int>) -> Range<Int> {
    let block = ClassRowArguments.blockPixels
    return pixels.lowerBound / block..<(pixels.upperBound - 1) / block + 1
  }

  /// All rows of a band, in the given blocks.
  func run(
    _ blocks: Range<Int>, band: AxisPlan.Span, of scores: ScoreView, into target: UnsafeMutablePointer<UInt8>,
    width: Int, scratch: MixedScratch
  ) {
    let block = ClassRowArguments.blockPixels
    let first = Int(columns[blocks.lowerBound * block])
    let end = Int(columns[blocks.upperBound * block - 1]) + 1
    gather(first...min(end, scores.width - 1), band, scores, scratch.pairs)
    columns.withUnsafeBufferPointer { columns in
      weights.withUnsafeBufferPointer { weights in
        starts.withUnsafeBufferPointer { starts in
          guard let columns = columns.baseAddress, let weights = weights.baseAddress, let starts = starts.baseAddress
          else { return }
          for row in 0..<band.end - band.start {
            let lower = band.first == band.second ? 0 : band.weight + row * band.step
            var arguments = ClassRowArguments(
              scorePairs: scratch.pairs, interpolated: scratch.interpolated, pitch: pitch, classes: classes,
              verticalWeights: (denominator - lower) | lower << 16, firstColumn: first, endColumn: end,
              columns: columns, weights: weights, starts: starts, firstBlock: blocks.lowerBound,
              endBlock: blocks.upperBound, mask: mask, destination: target + Int(band.start + row) * width)
            classRow.run(&arguments)
          }
        }
      }
    }
  }

  /// Scores of two rows, class by class.
  private func gather(
    _ range: ClosedRange<Int>, _ band: AxisPlan.Span, _ scores: ScoreView, _ pairs: UnsafeMutablePointer<Int32>
  ) {
    for column in range {
      let upper = scores.pixel(Int(band.first), column)
      let lower = scores.pixel(Int(band.second), column)
      var place = pairs + column
      for c in 0..<classes {
        place.pointee = Int32(upper[c]) | Int32(lower[c]) &<< 16
        place += pitch
      }
    }
  }
}

/// What ``MixedRuns`` writes between the axes; each thread has its own.
struct MixedScratch {
  let pairs: UnsafeMutablePointer<Int32>
  let interpolated: UnsafeMutablePointer<Int32>
}
