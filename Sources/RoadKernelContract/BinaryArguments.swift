import RoadBase

/// Two tensors, byte by byte. An operand that is repeated down or across the picture comes with a pitch of 0; one that
/// is repeated over the channels is marked so, and its one channel is read.
public struct BinaryArguments<Rule> {
  public var left: TensorView
  public var right: TensorView
  public var destination: TensorView
  public var leftIsOneChannel: Bool
  public var rightIsOneChannel: Bool
  public var rule: Rule

  public init(
    left: TensorView, right: TensorView, destination: TensorView, leftIsOneChannel: Bool, rightIsOneChannel: Bool,
    rule: Rule
  ) {
    self.left = left
    self.right = right
    self.destination = destination
    self.leftIsOneChannel = leftIsOneChannel
    self.rightIsOneChannel = rightIsOneChannel
    self.rule = rule
  }
}

/// Sum with broadcasting; the rounding rule and the ranges are those of ``AdditionArguments``.
public struct BinarySum: Hashable, Sendable {
  public var leftMultiplier: Int32
  public var rightMultiplier: Int32
  public var bias: Int32
  public var shift: Int32
  public var zeroPoint: Int32
  public var low: Int32
  public var high: Int32

  public init(
    leftMultiplier: Int32, rightMultiplier: Int32, bias: Int32, shift: Int32, zeroPoint: Int32, low: Int32, high: Int32
  ) {
    self.leftMultiplier = leftMultiplier
    self.rightMultiplier = rightMultiplier
    self.bias = bias
    self.shift = shift
    self.zeroPoint = zeroPoint
    self.low = low
    self.high = high
  }
}

/// Sum with factors of each channel's own: `clamp(floor((a·ma + b·mb + bias) / 2^32) + z, low, high)`, an entry a
/// channel each. `|ma|, |mb| < 2^48`, `|bias| < 2^56`.
public struct PerChannelAffine {
  /// Of each channel: what multiplies the left byte, the right one, and what is added.
  public struct Factors: Hashable, Sendable {
    public static let fractionBits: Int64 = 32

    public var left: Int64
    public var right: Int64
    public var bias: Int64

    public init(left: Int64, right: Int64, bias: Int64) {
      self.left = left
      self.right = right
      self.bias = bias
    }
  }

  public var factors: UnsafePointer<Factors>
  public var zeroPoint: Int64
  public var low: Int64
  public var high: Int64

  public init(factors: UnsafePointer<Factors>, zeroPoint: Int64, low: Int64, high: Int64) {
    self.factors = factors
    self.zeroPoint = zeroPoint
    self.low = low
    self.high = high
  }
}

/// Product: `acc = (a − za)·(b − zb)`, requantized by the rounding rule of `Requantization`. `|acc| ≤ 255²`.
public struct BinaryProduct: Hashable, Sendable {
  public var leftZeroPoint: Int32
  public var rightZeroPoint: Int32
  public var requantization: Requantization

  public init(leftZeroPoint: Int32, rightZeroPoint: Int32, requantization: Requantization) {
    self.leftZeroPoint = leftZeroPoint
    self.rightZeroPoint = rightZeroPoint
    self.requantization = requantization
  }

  /// What the first shift adds before it, to round.
  public var rounding: Int32 { Requantization.rounding(forShift: requantization.shift) }
  public static let multiplierBits = Requantization.multiplierBits
}

/// Any function of two bytes: `out = table[a · 256 + b]`.
public struct BinaryTable {
  public var bytes: UnsafePointer<UInt8>

  public init(bytes: UnsafePointer<UInt8>) { self.bytes = bytes }
}
