import RoadBase

// Parameters of the kernels that read or write int16. A tensor of int16 lies as one of uint8 does, with two bytes a
// channel: pitches count bytes, `channels` counts elements. It has no halo; kernels leave out the taps that lie outside
// the picture.

/// UInt8 or Int16.
public enum TensorElement: Hashable, Sendable {
  case uint8, int16

  /// Bytes of one.
  public var size: Int { self == .uint8 ? 1 : 2 }
}

/// Convolution, dense or in groups: `acc = bias + Σ (a − z)·w` over the taps inside the picture, then the rounding rule
/// of `Int16Rescaling`.
public struct Int16ConvolutionArguments {
  /// Products of a word and a weight of that magnitude that an Int32 holds: at most 256, as of weights of −255...255;
  /// even, for vectors that add pairs.
  public static func products(inInt32Of element: TensorElement, largestWeight: Int) -> Int {
    let largest = max(largestWeight, 1) << (element == .int16 ? 15 : 8)
    return min(Int(Int32.max) / largest, 256) & ~1
  }

  public var source: TensorView
  public var destination: TensorView
  public var window: WindowGeometry
  /// `[output][kernel row][kernel column][input of the group]`.
  public var weights: UnsafePointer<Int16>
  /// Σ of the weights of each `[output][kernel row][kernel column]`.
  public var sums: UnsafePointer<Int64>
  public var bias: UnsafePointer<Int64>
  public var rescalings: UnsafePointer<Int16Rescaling>
  /// Channels that one output channel sees, and how many output channels see the same.
  public var groupInputs: Int
  public var groupOutputs: Int
  public var sourceZeroPoint: Int64
  /// ``products(inInt32Of:largestWeight:)``.
  public var productsInInt32: Int

  public init(
    source: TensorView, destination: TensorView, window: WindowGeometry, weights: UnsafePointer<Int16>,
    sums: UnsafePointer<Int64>, bias: UnsafePointer<Int64>, rescalings: UnsafePointer<Int16Rescaling>, groupInputs: Int,
    groupOutputs: Int, sourceZeroPoint: Int64, productsInInt32: Int
  ) {
    self.source = source
    self.destination = destination
    self.window = window
    self.weights = weights
    self.sums = sums
    self.bias = bias
    self.rescalings = rescalings
    self.groupInputs = groupInputs
    self.groupOutputs = groupOutputs
    self.sourceZeroPoint = sourceZeroPoint
    self.productsInInt32 = productsInInt32
  }
}

/// Sum: `clamp(floor(((a − za)·ma + (b − zb)·mb + 2^(s−1)) / 2^s) + z, low, high)` with `|ma|, |mb| ≤ 2^30`, `s`
/// 1...62.
public struct Int16Sum: Hashable, Sendable {
  public var leftZeroPoint: Int64
  public var rightZeroPoint: Int64
  public var leftMultiplier: Int64
  public var rightMultiplier: Int64
  public var shift: Int64
  public var zeroPoint: Int64
  public var low: Int64
  public var high: Int64

  public init(
    leftZeroPoint: Int64, rightZeroPoint: Int64, leftMultiplier: Int64, rightMultiplier: Int64, shift: Int64,
    zeroPoint: Int64, low: Int64, high: Int64
  ) {
    self.leftZeroPoint = leftZeroPoint
    self.rightZeroPoint = rightZeroPoint
    self.leftMultiplier = leftMultiplier
    self.rightMultiplier = rightMultiplier
    self.shift = shift
    self.zeroPoint = zeroPoint
    self.low = low
    self.high = high
  }
}

/// Product: `acc = (a − za)·(b − zb)`, `|acc| ≤ 2^32`, then the rounding rule of `Int16Rescaling`.
public struct Int16Product: Hashable, Sendable {
  public var leftZeroPoint: Int64
  public var rightZeroPoint: Int64
  public var rescaling: Int16Rescaling

  public init(leftZeroPoint: Int64, rightZeroPoint: Int64, rescaling: Int16Rescaling) {
    self.leftZeroPoint = leftZeroPoint
    self.rightZeroPoint = rightZeroPoint
    self.rescaling = rescaling
  }
}

/// A per-channel affine function, with another slope below zero: with `v = a·m + b`, and `v = a·m' + b'` instead where
/// that is negative, `out = clamp(floor((v + 2^31) / 2^32) + z, low, high)`. `|m|, |m'| < 2^44`, `|b|, |b'| < 2^61`.
public struct Int16AffineArguments {
  public struct Factors: Hashable, Sendable {
    public static let fractionBits: Int64 = 32

    public var factor: Int64
    public var bias: Int64
    public var negativeFactor: Int64
    public var negativeBias: Int64

    public init(factor: Int64, bias: Int64, negativeFactor: Int64, negativeBias: Int64) {
      self.factor = factor
      self.bias = bias
      self.negativeFactor = negativeFactor
      self.negativeBias = negativeBias
    }
  }

  public var source: TensorView
  public var destination: TensorView
  public var factors: UnsafePointer<Factors>
  public var zeroPoint: Int64
  public var low: Int64
  public var high: Int64

  public init(
    source: TensorView, destination: TensorView, factors: UnsafePointer<Factors>, zeroPoint: Int64, low: Int64,
    high: Int64
  ) {
    self.source = source
    self.destination = destination
    self.factors = factors
    self.zeroPoint = zeroPoint
    self.low = low
    self.high = high
  }
}

/// ``InnerProductArguments`` where a matrix or the result has 16 bits; the sum of k products stays under 2^46.
public struct Int16InnerProductArguments {
  public static let largestDepth = 1 << 14

  public var left: TensorView
  public var right: TensorView
  public var destination: TensorView
  public var leftRows: Int
  public var rightStep: Int
  public var leftZeroPoint: Int64
  public var rightZeroPoint: Int64
  public var rescaling: Int16Rescaling

  public init(
    left: TensorView, right: TensorView, destination: TensorView, leftRows: Int, rightStep: Int, leftZeroPoint: Int64,
    rightZeroPoint: Int64, rescaling: Int16Rescaling
  ) {
    self.left = left
    self.right = right
    self.destination = destination
    self.leftRows = leftRows
    self.rightStep = rightStep
    self.leftZeroPoint = leftZeroPoint
    self.rightZeroPoint = rightZeroPoint
    self.rescaling = rescaling
  }
}

/// Any function of one uint8 or int16, through a table that counts from the lowest integer on; one for all channels, or
/// one each.
public struct ConversionArguments {
  public var source: TensorView
  public var destination: TensorView
  /// Elements of the destination's kind; nil: as they are, between tensors of one kind.
  public var table: UnsafeRawPointer?
  /// Table entries from one channel to the next; 0 where one table serves all.
  public var channelStep: Int

  public init(source: TensorView, destination: TensorView, table: UnsafeRawPointer?, channelStep: Int) {
    self.source = source
    self.destination = destination
    self.table = table
    self.channelStep = channelStep
  }
}

/// Mean of each window: `rescale(Σ a − n·z)` over the n taps inside the picture.
public struct Int16AverageArguments {
  public var source: TensorView
  public var destination: TensorView
  public var window: WindowGeometry
  /// `factors[rowFactors[y] + columnFactors[x]]` divides the window of output (y, x).
  public var factors: UnsafePointer<Int16Rescaling>
  public var rowFactors: UnsafePointer<Int32>
  public var columnFactors: UnsafePointer<Int32>
  public var sourceZeroPoint: Int64

  public init(
    source: TensorView, destination: TensorView, window: WindowGeometry, factors: UnsafePointer<Int16Rescaling>,
    rowFactors: UnsafePointer<Int32>, columnFactors: UnsafePointer<Int32>, sourceZeroPoint: Int64
  ) {
    self.source = source
    self.destination = destination
    self.window = window
    self.factors = factors
    self.rowFactors = rowFactors
    self.columnFactors = columnFactors
    self.sourceZeroPoint = sourceZeroPoint
  }
}

/// ``UnpoolingArguments`` for int16; the argmax indices are bytes.
public struct Int16UnpoolingArguments {
  public var source: TensorView
  public var argmax: TensorView
  public var destination: TensorView
  public var window: WindowGeometry
  public var zeroPoint: Int16

  public init(
    source: TensorView, argmax: TensorView, destination: TensorView, window: WindowGeometry, zeroPoint: Int16
  ) {
    self.source = source
    self.argmax = argmax
    self.destination = destination
    self.window = window
    self.zeroPoint = zeroPoint
  }
}
