/// Brings the numbers of each pixel to mean 0 and variance 1, then to a gain and an offset of their own:
/// LayerNormalization (Ba and others 2016) over the channels, InstanceNormalization (Ulyanov and others 2016) over
/// planes that lie along the channels.
///
/// Of the n channels `a_c` of a pixel: `D_c = n·a_c − Σ a`, `V = n·Σ a² − (Σ a)² + spread`, which is n² times the
/// variance and its epsilon in squared steps; `s` the even number that puts `V·2^s` into 2^60 ..< 2^62,
/// `R = floor(√(V·2^s))`, `I = floor(2^62 ÷ R)`; `u_c = floor((D_c·I + 2^(t−1)) ÷ 2^t)` with `t = 46 − s/2`: the
/// standard score in units of 2^-16, 0 where V is 0;
/// `out_c = clamp(z + floor((u_c·gain + offset + 2^31) ÷ 2^32), low, high)`.
///
/// With n up to 2^20, `spread` up to 2^60, gains up to 2^34 and offsets up to 2^60 in magnitude nothing leaves 64 bits:
/// `|u_c|` is at most `√n·2^16`.
public struct NormalisationArguments {
  /// Numbers that may be normalised together.
  public static let mostNumbers = 1 << 20
  public static let mostSpread: Int64 = 1 << 60
  public static let mostGain: Int64 = 1 << 34
  public static let mostOffset: Int64 = 1 << 60

  public var source: TensorView
  public var destination: TensorView
  public var spread: Int64
  /// `round(2^16·gain ÷ output scale)` for each channel, or for each column.
  public var gains: UnsafePointer<Int64>
  /// `round(2^32·offset ÷ output scale)`, likewise.
  public var offsets: UnsafePointer<Int64>
  public var isByColumn: Bool
  public var zeroPoint: UInt8
  public var low: UInt8
  public var high: UInt8

  public init(
    source: TensorView, destination: TensorView, spread: Int64, gains: UnsafePointer<Int64>,
    offsets: UnsafePointer<Int64>, isByColumn: Bool, zeroPoint: UInt8, low: UInt8, high: UInt8
  ) {
    self.source = source
    self.destination = destination
    self.spread = spread
    self.gains = gains
    self.offsets = offsets
    self.isByColumn = isByColumn
    self.zeroPoint = zeroPoint
    self.low = low
    self.high = high
  }
}
