import RoadBase
import RoadKernelContract

/// The definition of ``ONNXRuntimeResizeArguments``.
@Sendable
func onnxRuntimeResizeReference(_ pointer: UnsafePointer<ONNXRuntimeResizeArguments>, firstRow: Int, endRow: Int) {
  let arguments = pointer.pointee
  for y in firstRow..<endRow {
    for x in 0..<arguments.destination.width {
      let cell = Cell(arguments, y, x)
      if let rescalings = arguments.rescalings {
        cell.rescale(arguments, rescalings)
      } else if arguments.isExact {
        cell.blend(arguments, weightBits: Int32(ONNXRuntimeResizeArguments.exactWeightBits))
      } else {
        cell.blend(arguments, weightBits: Int64(ONNXRuntimeResizeArguments.weightBits))
      }
    }
  }
}

/// Channels of one pixel that a kernel leaves to the definition, since its own numbers are too near to a half to tell.
///
/// - Parameter channels: a bit for each, from `firstChannel` on; the arguments have no rescalings.
func onnxRuntimeResizeChannels(
  _ pointer: UnsafePointer<ONNXRuntimeResizeArguments>, _ y: Int, _ x: Int, _ firstChannel: Int, _ channels: UInt32
) {
  let arguments = pointer.pointee
  let cell = Cell(arguments, y, x)
  let bits = arguments.isExact ? ONNXRuntimeResizeArguments.exactWeightBits : ONNXRuntimeResizeArguments.weightBits
  let mean = WeightedMean(cell.column.secondWeight, cell.row.secondWeight, Int64(bits))
  let factors = CellFactors(cell.row, cell.column)
  var left = channels
  while left != 0 {
    let channel = firstChannel &+ left.trailingZeroBitCount
    if channel < arguments.destination.channels {
      let sum = cell.weighted(channel, mean)
      cell.to[channel] =
        mean.isNearHalf(sum)
        ? cell.nearHalf(channel, mean.below(sum), factors, arguments) : mean.nearest(sum)
    }
    left &= left &- 1
  }
}

/// One output pixel and the four that it blends.
private struct Cell {
  let row: ONNXRuntimeResizeArguments.Tap
  let column: ONNXRuntimeResizeArguments.Tap
  let topLeft: UnsafePointer<UInt8>
  let topRight: UnsafePointer<UInt8>
  let bottomLeft: UnsafePointer<UInt8>
  let bottomRight: UnsafePointer<UInt8>
  let to: UnsafeMutablePointer<UInt8>

  init(_ arguments: ONNXRuntimeResizeArguments, _ y: Int, _ x: Int) {
    let source = arguments.source
    (row, column) = (arguments.rows[y], arguments.columns[x])
    topLeft = UnsafePointer(source.pixel(Int(row.first), Int(column.first)))
    topRight = UnsafePointer(source.pixel(Int(row.first), Int(column.second)))
    bottomLeft = UnsafePointer(source.pixel(Int(row.second), Int(column.first)))
    bottomRight = UnsafePointer(source.pixel(Int(row.second), Int(column.second)))
    to = arguments.destination.pixel(y, x)
  }

  /// Every channel to nearest (the compiler makes vectors of it), then those that are too near to a half to tell.
  @inline(__always)
  func blend<Sum: FixedWidthInteger>(_ arguments: ONNXRuntimeResizeArguments, weightBits: Sum) {
    let mean = WeightedMean(column.secondWeight, row.secondWeight, weightBits)
    var halves: Sum = 0
    for channel in 0..<arguments.destination.channels {
      let sum = weighted(channel, mean)
      to[channel] = mean.nearest(sum)
      halves |= mean.isNearHalf(sum) ? 1 : 0
    }
    guard halves != 0 else { return }
    let factors = CellFactors(row, column)
    for channel in 0..<arguments.destination.channels {
      let sum = weighted(channel, mean)
      if mean.isNearHalf(sum) { to[channel] = nearHalf(channel, mean.below(sum), factors, arguments) }
    }
  }

  @inline(__always)
  func weighted<Sum: FixedWidthInteger>(_ channel: Int, _ mean: WeightedMean<Sum>) -> Sum {
    mean.sum(topLeft[channel], topRight[channel], bottomLeft[channel], bottomRight[channel])
  }

  /// Every channel to the nearest byte of a scale of its own.
  func rescale(
    _ arguments: ONNXRuntimeResizeArguments, _ rescalings: UnsafePointer<ONNXRuntimeResizeArguments.Rescaling>
  ) {
    let bits = Int64(
      arguments.isExact ? ONNXRuntimeResizeArguments.exactWeightBits : ONNXRuntimeResizeArguments.weightBits)
    let mean = WeightedMean(column.secondWeight, row.secondWeight, bits)
    let excess = mean.bits &- Int64(ONNXRuntimeResizeArguments.Rescaling.fractionBits)
    let zero = arguments.zeroPoint &<< mean.bits &+ mean.half
    for channel in 0..<arguments.destination.channels {
      let rule = rescalings[channel]
      let sum = weighted(channel, mean) &- zero
      let bits = rule.shift &+ Int64(ONNXRuntimeResizeArguments.Rescaling.fractionBits)
      let rounded = (sum &>> excess) &* rule.multiplier &+ (1 &<< (bits &- 1))
      if (rounded &+ rule.window) & (1 &<< bits &- 1) <= 2 &* rule.window {
        let factors = CellFactors(row, column)
        to[channel] = settled(channel, factors, arguments, rule.scale, arguments.outputZeroPoint)
      } else {
        to[channel] = UInt8(min(max(rounded &>> bits &+ arguments.outputZeroPoint, 0), 255))
      }
    }
  }

  /// The byte below a half, or the one above, as floats round it.
  @inline(never)
  func nearHalf(
    _ channel: Int, _ below: UInt8, _ factors: CellFactors, _ arguments: ONNXRuntimeResizeArguments
  ) -> UInt8 {
    real(channel, factors, arguments.dequantized).isAtLeast(arguments.thresholds[Int(below)]) ? below &+ 1 : below
  }

  /// As floats round it.
  @inline(never)
  func settled(
    _ channel: Int, _ factors: CellFactors, _ arguments: ONNXRuntimeResizeArguments, _ scale: Binary32,
    _ zeroPoint: Int64
  ) -> UInt8 {
    let byte = (real(channel, factors, arguments.dequantized) / scale).nearestInteger + zeroPoint
    return UInt8(min(max(byte, 0), 255))
  }

  @inline(__always)
  private func real(
    _ channel: Int, _ factors: CellFactors, _ dequantized: UnsafePointer<Binary32>
  ) -> Binary32 {
    let upper =
      factors.topLeft * dequantized[Int(topLeft[channel])] + factors.topRight * dequantized[Int(topRight[channel])]
    let three = upper + factors.bottomLeft * dequantized[Int(bottomLeft[channel])]
    return three + factors.bottomRight * dequantized[Int(bottomRight[channel])]
  }
}

/// The weights of the four pixels as floats round them.
private struct CellFactors {
  let topLeft: Binary32
  let topRight: Binary32
  let bottomLeft: Binary32
  let bottomRight: Binary32

  @inline(__always)
  init(_ row: ONNXRuntimeResizeArguments.Tap, _ column: ONNXRuntimeResizeArguments.Tap) {
    topLeft = column.firstFactor * row.firstFactor
    topRight = column.secondFactor * row.firstFactor
    bottomLeft = column.firstFactor * row.secondFactor
    bottomRight = column.secondFactor * row.secondFactor
  }
}

/// The mean of four bytes with weights of `bits` bits on either axis.
private struct WeightedMean<Sum: FixedWidthInteger> {
  let left: Sum
  let right: Sum
  let above: Sum
  let below: Sum
  let half: Sum
  let window: Sum
  let bits: Sum

  @inline(__always)
  init(_ right: Int32, _ below: Int32, _ weightBits: Sum) {
    let one: Sum = 1 &<< weightBits
    self.right = Sum(truncatingIfNeeded: right)
    self.below = Sum(truncatingIfNeeded: below)
    left = one &- self.right
    above = one &- self.below
    bits = 2 &* weightBits
    half = 1 &<< (bits &- 1)
    window = 1 &<< (bits &- 11)
  }

  /// With the half that makes a quotient of it the nearest one.
  @inline(__always)
  func sum(_ topLeft: UInt8, _ topRight: UInt8, _ bottomLeft: UInt8, _ bottomRight: UInt8) -> Sum {
    let upper = Sum(truncatingIfNeeded: topLeft) &* left &+ Sum(truncatingIfNeeded: topRight) &* right
    let lower = Sum(truncatingIfNeeded: bottomLeft) &* left &+ Sum(truncatingIfNeeded: bottomRight) &* right
    return upper &* above &+ lower &* below &+ half
  }

  @inline(__always)
  func nearest(_ sum: Sum) -> UInt8 { UInt8(truncatingIfNeeded: sum &>> bits) }

  /// The byte below a half that the sum is near to: at most 254, since means of bytes are at most 255.
  @inline(__always)
  func below(_ sum: Sum) -> UInt8 { UInt8(truncatingIfNeeded: (sum &- half) &>> bits) }

  /// A half has become a whole number; within the window on either side of one.
  @inline(__always)
  func isNearHalf(_ sum: Sum) -> Bool { (sum &+ window) & (2 &* half &- 1) <= 2 &* window }
}
