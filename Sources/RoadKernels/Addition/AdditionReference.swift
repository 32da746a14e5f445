import RoadKernelContract

/// The definition of the addition of two tensors.
@Sendable
func additionReference(_ pointer: UnsafePointer<AdditionArguments>, firstRow: Int, endRow: Int) {
  let arguments = pointer.pointee
  let destination = arguments.destination
  for y in firstRow..<endRow {
    for x in 0..<destination.width {
      let (left, right) = (arguments.left.pixel(y, x), arguments.right.pixel(y, x))
      for channel in 0..<destination.channels {
        let sum =
          Int32(left[channel]) * arguments.leftMultiplier + Int32(right[channel]) * arguments.rightMultiplier
          + arguments.bias
        // A tie has been rounded up: where that made it odd, the even number is the one below.
        let isTie = arguments.roundsAsONNXRuntime && sum & ((1 << arguments.shift) - 1) == 0
        let rounded = sum >> arguments.shift
        let value = (isTie ? rounded & ~1 : rounded) + Int32(arguments.zeroPoint)
        destination.pixel(y, x)[channel] = UInt8(min(max(value, Int32(arguments.low)), Int32(arguments.high)))
      }
    }
  }
}
