/// Softmax over the channels of each pixel, of 16-bit integers.
///
/// `e_c = exponents[min(max a − a_c, count − 1)]`, `out_c = clamp(z + floor((e_c·m + S·2^11) ÷ (S·2^12)), low, high)`
/// with `S = Σ e`. With e up to 2^24, m under 2^38 and up to 2^18 channels nothing leaves 64 bits.
public struct Int16SoftmaxArguments {
  public static let exponentBits = 24
  public static let multiplierBits = 12
  public static let mostChannels = 1 << 18
  public static let mostMultiplier: Int64 = 1 << 38

  public var source: TensorView
  public var destination: TensorView
  /// `round(2^24·exp(−scale·distance))` by the distance from the greatest, the last one 0.
  public var exponents: UnsafePointer<UInt32>
  public var count: Int
  /// `round(2^12 ÷ output scale)`.
  public var multiplier: Int64
  public var zeroPoint: Int64
  public var low: Int64
  public var high: Int64

  public init(
    source: TensorView, destination: TensorView, exponents: UnsafePointer<UInt32>, count: Int, multiplier: Int64,
    zeroPoint: Int64, low: Int64, high: Int64
  ) {
    self.source = source
    self.destination = destination
    self.exponents = exponents
    self.count = count
    self.multiplier = multiplier
    self.zeroPoint = zeroPoint
    self.low = low
    self.high = high
  }
}
