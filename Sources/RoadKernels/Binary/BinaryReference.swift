import RoadBase
import RoadKernelContract

/// Calls `body` with the bytes of both operands and of the result for every pixel of a row range.
@inline(__always)
private func forEachPixel<Rule>(
  _ arguments: BinaryArguments<Rule>, _ firstRow: Int, _ endRow: Int,
  _ body: (UnsafePointer<UInt8>, UnsafePointer<UInt8>, UnsafeMutablePointer<UInt8>) -> Void
) {
  for y in firstRow..<endRow {
    var left = UnsafePointer(arguments.left.pixel(y, 0))
    var right = UnsafePointer(arguments.right.pixel(y, 0))
    var to = arguments.destination.pixel(y, 0)
    for _ in 0..<arguments.destination.width {
      body(left, right, to)
      left += arguments.left.pixelPitch
      right += arguments.right.pixelPitch
      to += arguments.destination.pixelPitch
    }
  }
}

/// One loop for each way of repeating an operand over the channels, so that each becomes vectors.
@inline(__always)
private func forEachChannel<Rule>(
  _ arguments: BinaryArguments<Rule>, _ left: UnsafePointer<UInt8>, _ right: UnsafePointer<UInt8>,
  _ to: UnsafeMutablePointer<UInt8>, _ function: (UInt8, UInt8) -> UInt8
) {
  let channels = arguments.destination.channels
  var channel = 0
  if arguments.rightIsOneChannel {
    let other = right[0]
    while channel < channels {
      to[channel] = function(left[channel], other)
      channel &+= 1
    }
  } else if arguments.leftIsOneChannel {
    let other = left[0]
    while channel < channels {
      to[channel] = function(other, right[channel])
      channel &+= 1
    }
  } else {
    while channel < channels {
      to[channel] = function(left[channel], right[channel])
      channel &+= 1
    }
  }
}

/// The definition of the sum with broadcasting.
@Sendable
func binarySumReference(_ pointer: UnsafePointer<BinaryArguments<BinarySum>>, firstRow: Int, endRow: Int) {
  let arguments = pointer.pointee
  let rule = arguments.rule
  forEachPixel(arguments, firstRow, endRow) { left, right, to in
    forEachChannel(arguments, left, right, to) { a, b in
      let sum = Int32(a) &* rule.leftMultiplier &+ Int32(b) &* rule.rightMultiplier &+ rule.bias
      return UInt8(truncatingIfNeeded: min(max((sum &>> rule.shift) &+ rule.zeroPoint, rule.low), rule.high))
    }
  }
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
  let arguments = pointer.pointee
  let rule = arguments.rule
  let (shift, multiplier) = (rule.requantization.shift, Int32(rule.requantization.multiplier))
  let rounding = Requantization.rounding(forShift: shift)
  let (zero, low, high) = (
    Int32(rule.requantization.zeroPoint), Int32(rule.requantization.low), Int32(rule.requantization.high)
  )
  forEachPixel(arguments, firstRow, endRow) { left, right, to in
    forEachChannel(arguments, left, right, to) { a, b in
      let product = (Int32(a) &- rule.leftZeroPoint) &* (Int32(b) &- rule.rightZeroPoint)
      let value = min(max((product &+ rounding) &>> shift, -32768), 32767)
      let level = ((value &* multiplier &+ (1 << 14)) &>> Requantization.multiplierBits) &+ zero
      return UInt8(truncatingIfNeeded: min(max(level, low), high))
    }
  }
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
