import RoadBase
import RoadKernelContract

/// The definition of sampling at given positions. Bilinear weights are the upper 11 bits of the fraction, as in the
/// resize: `out = (h_0·v0 + h_1·v1 + 2^21) >> 22`. The nearest pixel is that of `position + 1/2`, a tie going to the
/// even pixel.
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
      switch arguments.mode {
      case .nearest: copyNearest(arguments, down, across, destination.pixel(y, x))
      case .linear: blend(arguments, down, across, destination.pixel(y, x))
      case .cubic(let rule): blendCubic(arguments, rule, down, across, destination.pixel(y, x))
      }
    }
  }
}

/// Border clamps the position, reflection folds it at the picture's edges (centres of the outermost pixels with
/// `alignsCorners`, their outer edges without), zeros leaves it but for what is far outside.
private func position(_ raw: Int, size: Int, _ arguments: SamplingArguments) -> Int {
  let one = 1 << SamplingArguments.positionBits
  // The taps of a cubic are clamped or folded one by one.
  if case .cubic = arguments.mode { return raw }
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

/// Sixteen pixels under Keys' cubic with a = −3/4.
private func blendCubic(
  _ arguments: SamplingArguments, _ rule: Int16Rescaling, _ down: Int, _ across: Int, _ to: UnsafeMutablePointer<UInt8>
) {
  let bits = SamplingArguments.positionBits
  let (row, column) = (down >> bits - 1, across >> bits - 1)
  let (rows, columns) = (CubicWeights(down), CubicWeights(across))
  for channel in 0..<arguments.destination.channels {
    var sum: Int64 = 0
    for y in 0..<4 {
      var line: Int64 = 0
      for x in 0..<4 {
        guard let y = inside(row + y, arguments.source.height, arguments),
          let place = inside(column + x, arguments.source.width, arguments)
        else { continue }
        line += columns[x] * Int64(Int(arguments.source.pixel(y, place)[channel]) - Int(arguments.zeroPoint))
      }
      sum += rows[y] * line
    }
    to[channel] = UInt8(rule.apply(sum))
  }
}

/// The row or column that stands for one that may lie outside; nil where zero does.
private func inside(_ index: Int, _ size: Int, _ arguments: SamplingArguments) -> Int? {
  if (0..<size).contains(index) { return index }
  switch arguments.padding {
  case .zeros: return nil
  case .border: return min(max(index, 0), size - 1)
  case .reflection:
    let period = arguments.alignsCorners ? max(2 * (size - 1), 1) : 2 * size
    let offset = (index % period + period) % period
    let folded = offset < size ? offset : (arguments.alignsCorners ? period : period - 1) - offset
    return min(max(folded, 0), size - 1)
  }
}

/// The weights of the four pixels around a position, in 2^-14, which add up to one.
private struct CubicWeights {
  private let weights: (Int64, Int64, Int64, Int64)

  /// With t the fraction in 2^-16: −3(t − 2t² + t³)/4, 1 + (5t³ − 9t²)/4 (from the sum), (3t + 6t² − 5t³)/4 and 3(t³ −
  /// t²)/4.
  init(_ position: Int) {
    let bits = SamplingArguments.positionBits
    let t = Int64(position - (position >> bits) << bits)
    let one = Int64(1) << Int64(bits)
    let (t1, t2, t3) = (t * one * one, t * t * one, t * t * t)
    // Quarters of 2^-48 to 2^-14.
    let shift = Int64(3 * bits + 2 - SamplingArguments.weightBits)
    func weight(_ sum: Int64) -> Int64 { (sum + 1 << (shift - 1)) >> shift }
    let (first, third, fourth) = (
      weight(6 * t2 - 3 * t3 - 3 * t1), weight(3 * t1 + 6 * t2 - 5 * t3), weight(3 * t3 - 3 * t2)
    )
    weights = (first, 1 << Int64(SamplingArguments.weightBits) - first - third - fourth, third, fourth)
  }

  subscript(_ index: Int) -> Int64 {
    switch index {
    case 0: weights.0
    case 1: weights.1
    case 2: weights.2
    default: weights.3
    }
  }
}
