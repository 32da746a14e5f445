/// The convolution that makes a model's scores where the model leaves them as real numbers: 15 bits a class, all of one
/// scale.
///
/// For class c, with its folded bias and a multiplier `m` of up to 31 bits:
///
///     v = clamp(floor((acc·m + r) / 2^s) + 2^14, low, high)
///     r = 2^(s-1), or what a bias with a part of a unit makes of it
///
/// The byte of channel c is `v >> 7`, a score like any other; that of channel `lowChannel + c` the 7 bits below it.
public struct Int15ScoresArguments {
  public static let lowBits = 7
  public static let zero: Int32 = 1 << 14
  public static let highest: Int32 = 1 << 15 - 1

  public var source: TensorView
  public var destination: TensorView
  public var window: WindowGeometry
  public var classes: Int
  public var lowChannel: Int
  /// OHWI.
  public var weights: UnsafePointer<Int8>
  /// With the zero-point folded in, an entry for each class.
  public var bias: UnsafePointer<Int32>
  public var multipliers: UnsafePointer<Int64>
  public var roundings: UnsafePointer<Int64>
  /// 1...62.
  public var shift: Int64
  public var low: Int64
  public var high: Int64

  public init(
    source: TensorView, destination: TensorView, window: WindowGeometry, classes: Int, lowChannel: Int,
    weights: UnsafePointer<Int8>, bias: UnsafePointer<Int32>, multipliers: UnsafePointer<Int64>,
    roundings: UnsafePointer<Int64>, shift: Int64, low: Int64, high: Int64
  ) {
    self.source = source
    self.destination = destination
    self.window = window
    self.classes = classes
    self.lowChannel = lowChannel
    self.weights = weights
    self.bias = bias
    self.multipliers = multipliers
    self.roundings = roundings
    self.shift = shift
    self.low = low
    self.high = high
  }
}
