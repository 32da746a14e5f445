import RoadKernelContract

// Shared source: the reference and each instruction-set target compile their own copy (a linked folder); loops become
// vectors of their own width.

/// Calls `body` with the bytes of both operands and of the result for every pixel of a row range.
@inline(__always)
func forEachPixel<Rule>(
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
func forEachChannel<Rule>(
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

@inline(__always)
func binarySumLoop(_ pointer: UnsafePointer<BinaryArguments<BinarySum>>, _ firstRow: Int, _ endRow: Int) {
  let arguments = pointer.pointee
  let rule = arguments.rule
  forEachPixel(arguments, firstRow, endRow) { left, right, to in
    forEachChannel(arguments, left, right, to) { a, b in
      let sum = Int32(a) &* rule.leftMultiplier &+ Int32(b) &* rule.rightMultiplier &+ rule.bias
      return UInt8(truncatingIfNeeded: min(max((sum &>> rule.shift) &+ rule.zeroPoint, rule.low), rule.high))
    }
  }
}

@inline(__always)
func binaryProductLoop(_ pointer: UnsafePointer<BinaryArguments<BinaryProduct>>, _ firstRow: Int, _ endRow: Int) {
  let arguments = pointer.pointee
  let rule = arguments.rule
  let (shift, multiplier) = (rule.requantization.shift, Int32(rule.requantization.multiplier))
  let rounding = rule.rounding
  let multiplierBits = BinaryProduct.multiplierBits
  let (zero, low, high) = (
    Int32(rule.requantization.zeroPoint), Int32(rule.requantization.low), Int32(rule.requantization.high)
  )
  forEachPixel(arguments, firstRow, endRow) { left, right, to in
    forEachChannel(arguments, left, right, to) { a, b in
      let product = (Int32(a) &- rule.leftZeroPoint) &* (Int32(b) &- rule.rightZeroPoint)
      let value = min(max((product &+ rounding) &>> shift, -32768), 32767)
      let level = ((value &* multiplier &+ (1 << 14)) &>> multiplierBits) &+ zero
      return UInt8(truncatingIfNeeded: min(max(level, low), high))
    }
  }
}
