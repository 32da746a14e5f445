/// A byte table that happens to be affine between its clamps: `clamp((x · multiplier + bias) >> shift, 0, 255)`.
///
/// Normalisation and changes of scale are such tables, and a line has vector instructions where a lookup has none.
/// There are four lines, for bytes 0 to 3 of every four: the channels of a packed picture, or four times the same.
public struct AffineBytes: Hashable, Sendable {
  /// -32768...32767 each.
  public var multiplier: SIMD4<Int32>
  /// Less than 2^29 in magnitude each.
  public var bias: SIMD4<Int32>
  /// 0...20 each.
  public var shift: SIMD4<Int32>

  public init(multiplier: SIMD4<Int32>, bias: SIMD4<Int32>, shift: SIMD4<Int32>) {
    self.multiplier = multiplier
    self.bias = bias
    self.shift = shift
  }
}
