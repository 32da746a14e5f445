import RoadKernelContract

/// The definition of the product of two matrices of activations, with the zero-points taken out of the sums:
/// `Σ (l − zl)(r − zr) = Σ l·r − zl·Σ r − zr·Σ l + k·zl·zr`. The plan keeps k under 2^15: every sum fits an Int32.
@Sendable
func innerProductReference(_ pointer: UnsafePointer<InnerProductArguments>, firstRow: Int, endRow: Int) {
  let arguments = pointer.pointee
  let depth = arguments.left.channels
  let (leftZero, rightZero) = (Int(arguments.leftZeroPoint), Int(arguments.rightZeroPoint))
  for y in firstRow..<endRow {
    let left = UnsafePointer(arguments.left.pixel(y, 0))
    let first = y / arguments.leftRows * arguments.rightStep
    let to = arguments.destination.pixel(y, 0)
    let constant = depth * leftZero * rightZero - rightZero * byteSum(left, depth)
    for n in 0..<arguments.destination.channels {
      let right = UnsafePointer(arguments.right.pixel(first + n, 0))
      let sum = Int(byteProduct(left, right, depth)) - leftZero * byteSum(right, depth) + constant
      to[n] = arguments.rescaling.apply(sum)
    }
  }
}

@inline(__always)
private func byteSum(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int {
  var sum: Int32 = 0
  var index = 0
  while index < count {
    sum = sum &+ Int32(bytes[index])
    index &+= 1
  }
  return Int(sum)
}

@inline(__always)
private func byteProduct(_ left: UnsafePointer<UInt8>, _ right: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
  var sum: Int32 = 0
  var index = 0
  while index < count {
    sum = sum &+ Int32(left[index]) &* Int32(right[index])
    index &+= 1
  }
  return sum
}
