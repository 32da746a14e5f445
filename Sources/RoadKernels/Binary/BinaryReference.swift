import RoadBase
import RoadKernelContract

/// The definition of the sum with broadcasting.
@Sendable
func binarySumReference(_ pointer: UnsafePointer<BinaryArguments<BinarySum>>, firstRow: Int, endRow: Int) {
  binarySumLoop(pointer, firstRow, endRow)
}

/// The definition of the sum with factors of each channel's own; both operands have all rows, columns and channels.
@Sendable
func perChannelAffineReference(_ pointer: UnsafePointer<BinaryArguments<PerChannelAffine>>, firstRow: Int, endRow: Int)
{
  let arguments = pointer.pointee
  let rule = arguments.rule
  forEachPixel(arguments, firstRow, endRow) { left, right, to in
    var channel = 0
    while channel < arguments.destination.channels {
      let factors = rule.factors[channel]
      let sum = Int64(left[channel]) &* factors.left &+ Int64(right[channel]) &* factors.right &+ factors.bias
      let level = (sum &>> PerChannelAffine.Factors.fractionBits) &+ rule.zeroPoint
      to[channel] = UInt8(truncatingIfNeeded: min(max(level, rule.low), rule.high))
      channel &+= 1
    }
  }
}

/// The definition of the product of two activations.
@Sendable
func binaryProductReference(_ pointer: UnsafePointer<BinaryArguments<BinaryProduct>>, firstRow: Int, endRow: Int) {
  binaryProductLoop(pointer, firstRow, endRow)
}

/// The rounding rule of any function of two bytes.
@Sendable
func binaryTableReference(_ pointer: UnsafePointer<BinaryArguments<BinaryTable>>, firstRow: Int, endRow: Int) {
  let arguments = pointer.pointee
  let table = arguments.rule.bytes
  forEachPixel(arguments, firstRow, endRow) { left, right, to in
    forEachChannel(arguments, left, right, to) { a, b in table[Int(a) &* 256 &+ Int(b)] }
  }
}
