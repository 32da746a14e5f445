import RoadBase
import RoadKernelContract

/// Calls `body` with the bytes of both operands and of the result for every pixel of a row range.
@inline(__always)
private func forEachPixel<Law>(
  _ arguments: PairArguments<Law>, _ firstRow: Int, _ endRow: Int,
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
private func forEachChannel<Law>(
  _ arguments: PairArguments<Law>, _ left: UnsafePointer<UInt8>, _ right: UnsafePointer<UInt8>,
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

/// The law of the sum with broadcasting.
@Sendable
func pairSumReference(_ pointer: UnsafePointer<PairArguments<PairSum>>, firstRow: Int, endRow: Int) {
  let arguments = pointer.pointee
  let law = arguments.law
  forEachPixel(arguments, firstRow, endRow) { left, right, to in
    forEachChannel(arguments, left, right, to) { a, b in
      let sum = Int32(a) &* law.leftMultiplier &+ Int32(b) &* law.rightMultiplier &+ law.bias
      return UInt8(truncatingIfNeeded: min(max((sum &>> law.shift) &+ law.zeroPoint, law.low), law.high))
    }
  }
}

/// The law of the sum with factors of each channel's own; both operands have all rows, columns and channels.
@Sendable
func pairLinesReference(_ pointer: UnsafePointer<PairArguments<PairLines>>, firstRow: Int, endRow: Int) {
  let arguments = pointer.pointee
  let law = arguments.law
  forEachPixel(arguments, firstRow, endRow) { left, right, to in
    var channel = 0
    while channel < arguments.destination.channels {
      let line = law.lines[channel]
      let sum = Int64(left[channel]) &* line.left &+ Int64(right[channel]) &* line.right &+ line.bias
      let level = (sum &>> PairLines.Line.fractionBits) &+ law.zeroPoint
      to[channel] = UInt8(truncatingIfNeeded: min(max(level, law.low), law.high))
      channel &+= 1
    }
  }
}

/// The law of the product of two activations.
@Sendable
func pairProductReference(_ pointer: UnsafePointer<PairArguments<PairProduct>>, firstRow: Int, endRow: Int) {
  let arguments = pointer.pointee
  let law = arguments.law
  let (shift, multiplier) = (law.requantization.shift, Int32(law.requantization.multiplier))
  let rounding = Requantization.rounding(forShift: shift)
  let (zero, low, high) = (
    Int32(law.requantization.zeroPoint), Int32(law.requantization.low), Int32(law.requantization.high)
  )
  forEachPixel(arguments, firstRow, endRow) { left, right, to in
    forEachChannel(arguments, left, right, to) { a, b in
      let product = (Int32(a) &- law.leftZeroPoint) &* (Int32(b) &- law.rightZeroPoint)
      let value = min(max((product &+ rounding) &>> shift, -32768), 32767)
      let level = ((value &* multiplier &+ (1 << 14)) &>> Requantization.multiplierBits) &+ zero
      return UInt8(truncatingIfNeeded: min(max(level, low), high))
    }
  }
}

/// The law of any function of two bytes.
@Sendable
func pairTableReference(_ pointer: UnsafePointer<PairArguments<PairTable>>, firstRow: Int, endRow: Int) {
  let arguments = pointer.pointee
  let table = arguments.law.bytes
  forEachPixel(arguments, firstRow, endRow) { left, right, to in
    forEachChannel(arguments, left, right, to) { a, b in table[Int(a) &* 256 &+ Int(b)] }
  }
}
