import RoadKernelContract

/// The definition of the product of two tensors.
@inline(__always)
func int16Product<Left: FixedWidthInteger, Right: FixedWidthInteger, Destination: FixedWidthInteger>(
  _ pointer: UnsafePointer<BinaryArguments<Int16Product>>, _ firstRow: Int, _ endRow: Int, _: Left.Type,
  _: Right.Type, _: Destination.Type
) {
  let (arguments, rule) = (pointer.pointee, pointer.pointee.rule)
  for y in firstRow..<endRow {
    for x in 0..<arguments.destination.width {
      let left = arguments.left.elements(y, x, Left.self)
      let right = arguments.right.elements(y, x, Right.self)
      let to = arguments.destination.elements(y, x, Destination.self)
      for channel in 0..<arguments.destination.channels {
        let a = Int64(left[arguments.leftIsOneChannel ? 0 : channel]) &- rule.leftZeroPoint
        let b = Int64(right[arguments.rightIsOneChannel ? 0 : channel]) &- rule.rightZeroPoint
        to[channel] = Destination(truncatingIfNeeded: rule.rescaling.apply(a &* b))
      }
    }
  }
}

/// The definition of the product of two matrices.
@inline(__always)
func int16InnerProduct<Left: FixedWidthInteger, Right: FixedWidthInteger, Destination: FixedWidthInteger>(
  _ pointer: UnsafePointer<Int16InnerProductArguments>, _ firstRow: Int, _ endRow: Int, _: Left.Type, _: Right.Type,
  _: Destination.Type
) {
  let arguments = pointer.pointee
  let depth = arguments.left.channels
  for y in firstRow..<endRow {
    let left = arguments.left.elements(y, 0, Left.self)
    let first = y / arguments.leftRows * arguments.rightStep
    let to = arguments.destination.elements(y, 0, Destination.self)
    let constant =
      Int64(depth) &* arguments.leftZeroPoint &* arguments.rightZeroPoint &- arguments.rightZeroPoint
      &* sum(left, depth)
    for column in 0..<arguments.destination.channels {
      let right = arguments.right.elements(first &+ column, 0, Right.self)
      let products = product(left, right, depth) &- arguments.leftZeroPoint &* sum(right, depth)
      to[column] = Destination(truncatingIfNeeded: arguments.rescaling.apply(products &+ constant))
    }
  }
}

@inline(__always)
private func sum<Element: FixedWidthInteger>(_ elements: UnsafeMutablePointer<Element>, _ count: Int) -> Int64 {
  var sum: Int64 = 0
  for index in 0..<count { sum = sum &+ Int64(elements[index]) }
  return sum
}

@inline(__always)
private func product<Left: FixedWidthInteger, Right: FixedWidthInteger>(
  _ left: UnsafeMutablePointer<Left>, _ right: UnsafeMutablePointer<Right>, _ count: Int
) -> Int64 {
  var sum: Int64 = 0
  for index in 0..<count { sum = sum &+ Int64(Int32(left[index]) &* Int32(right[index])) }
  return sum
}

/// The definition of the per-channel affine function.
@inline(__always)
func int16Affine<Source: FixedWidthInteger, Destination: FixedWidthInteger>(
  _ pointer: UnsafePointer<Int16AffineArguments>, _ firstRow: Int, _ endRow: Int, _: Source.Type, _: Destination.Type
) {
  let arguments = pointer.pointee
  let bits = Int16AffineArguments.Factors.fractionBits
  for y in firstRow..<endRow {
    for x in 0..<arguments.destination.width {
      let from = arguments.source.elements(y, x, Source.self)
      let to = arguments.destination.elements(y, x, Destination.self)
      for channel in 0..<arguments.destination.channels {
        let (element, factors) = (Int64(from[channel]), arguments.factors[channel])
        let whole = element &* factors.factor &+ factors.bias
        let value = whole < 0 ? element &* factors.negativeFactor &+ factors.negativeBias : whole
        let level = (value &+ 1 &<< (bits &- 1)) &>> bits &+ arguments.zeroPoint
        to[channel] = Destination(truncatingIfNeeded: min(max(level, arguments.low), arguments.high))
      }
    }
  }
}
