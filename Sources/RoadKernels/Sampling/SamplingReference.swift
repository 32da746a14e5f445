import RoadKernelContract

/// The law of sampling at given positions. Bilinear weights are the upper 11 bits of the fraction, as in the resize:
/// `out = (h_0·v0 + h_1·v1 + 2^21) >> 22`. The nearest pixel is that of `position + 1/2`, a tie going to the even pixel.
@Sendable
func samplingReference(_ pointer: UnsafePointer<SamplingArguments>, firstRow: Int, endRow: Int) {
  let arguments = pointer.pointee
  let (source, destination) = (arguments.source, arguments.destination)
  for y in firstRow..<endRow {
    for x in 0..<destination.width {
      let field = arguments.field.pixel(y, x)
      let base = arguments.base + 2 * (y * destination.width + x)
      let across = position(
        Int(base[0]) + Int(arguments.tables[Int(field[0])]), size: source.width, arguments)
      let down = position(
        Int(base[1]) + Int(arguments.tables[256 + Int(field[1])]), size: source.height, arguments)
      if arguments.nearest {
        copyNearest(arguments, down, across, destination.pixel(y, x))
      } else {
        blend(arguments, down, across, destination.pixel(y, x))
      }
    }
  }
}

/// Border clamps the position, reflection folds it at the picture's edges (centres of the outermost pixels with `alignsCorners`,
/// their outer edges without), zeros leaves it but for what is far outside.
private func position(_ raw: Int, size: Int, _ arguments: SamplingArguments) -> Int {
  let one = 1 << SamplingArguments.positionBits
  switch arguments.padding {
  case .zeros: return min(max(raw, -2 * one), (size + 1) * one)
  case .border: return min(max(raw, 0), (size - 1) * one)
  case .reflection:
    let low = arguments.alignsCorners ? 0 : -one / 2
    let span = arguments.alignsCorners ? (size - 1) * one : size * one
    guard span > 0 else { return 0 }
    let period = 2 * span
    var offset = (raw - low) % period
    if offset < 0 { offset += period }
    let folded = low + (offset > span ? period - offset : offset)
    return min(max(folded, 0), (size - 1) * one)
  }
}

private func copyNearest(
  _ arguments: SamplingArguments, _ down: Int, _ across: Int, _ to: UnsafeMutablePointer<UInt8>
) {
  let (row, column) = (nearest(down), nearest(across))
  let isInside =
    (0..<arguments.source.height).contains(row) && (0..<arguments.source.width).contains(column)
  for channel in 0..<arguments.destination.channels {
    to[channel] = isInside ? arguments.source.pixel(row, column)[channel] : arguments.zeroPoint
  }
}

private func nearest(_ position: Int) -> Int {
  let bits = SamplingArguments.positionBits
  let half = 1 << (bits - 1)
  let floor = position >> bits
  let fraction = position - floor << bits
  return fraction > half || (fraction == half && floor & 1 == 1) ? floor + 1 : floor
}

private func blend(_ arguments: SamplingArguments, _ down: Int, _ across: Int, _ to: UnsafeMutablePointer<UInt8>) {
  let bits = SamplingArguments.positionBits
  let shift = bits - ResizeArguments.weightBits
  let (row, column) = (down >> bits, across >> bits)
  let below = Int32(truncatingIfNeeded: (down - row << bits) >> shift)
  let right = Int32(truncatingIfNeeded: (across - column << bits) >> shift)
  let one = Int32(1) << Int32(ResizeArguments.weightBits)
  for channel in 0..<arguments.destination.channels {
    func byte(_ y: Int, _ x: Int) -> Int32 {
      let isInside = (0..<arguments.source.height).contains(y) && (0..<arguments.source.width).contains(x)
      return Int32(isInside ? arguments.source.pixel(y, x)[channel] : arguments.zeroPoint)
    }
    let upper = byte(row, column) * (one - right) + byte(row, column + 1) * right
    let lower = byte(row + 1, column) * (one - right) + byte(row + 1, column + 1) * right
    to[channel] = UInt8((upper * (one - below) + lower * below + (1 << 21)) >> 22)
  }
}
