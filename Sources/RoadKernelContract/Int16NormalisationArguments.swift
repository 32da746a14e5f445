/// ``NormalisationArguments`` of 16-bit integers, in the same arithmetic: with up to 2^14 numbers `V` stays under 2^59
/// and `D_c·I` under 2^63.
public struct Int16NormalisationArguments {
  /// Numbers that may be normalised together.
  public static let mostNumbers = 1 << 14

  public var source: TensorView
  public var destination: TensorView
  public var spread: Int64
  /// As of ``NormalisationArguments``.
  public var gains: UnsafePointer<Int64>
  public var offsets: UnsafePointer<Int64>
  public var isByColumn: Bool
  public var zeroPoint: Int64
  public var low: Int64
  public var high: Int64

  public init(
    source: TensorView, destination: TensorView, spread: Int64, gains: UnsafePointer<Int64>,
    offsets: UnsafePointer<Int64>, isByColumn: Bool, zeroPoint: Int64, low: Int64, high: Int64
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
