import RoadBase

// Parameters of the kernels that bring many bytes together in one.

/// Maximum of the bytes of each window; taps outside the picture do not count. With `writesArgmax` the byte written is
/// not the maximum but the number of the first tap that has it, `row · kernelWidth + column`.
public struct MaximumArguments {
  public var source: TensorView
  public var destination: TensorView
  public var window: WindowGeometry
  public var writesArgmax: Bool

  public init(source: TensorView, destination: TensorView, window: WindowGeometry, writesArgmax: Bool = false) {
    self.source = source
    self.destination = destination
    self.window = window
    self.writesArgmax = writesArgmax
  }
}

/// Puts each byte back to the tap of its window that ``MaximumArguments/writesArgmax`` noted; everything else is the
/// zero-point. Where windows overlap the later one wins, in row-major order.
public struct UnpoolingArguments {
  public var source: TensorView
  public var argmax: TensorView
  public var destination: TensorView
  public var window: WindowGeometry
  public var zeroPoint: UInt8

  public init(
    source: TensorView, argmax: TensorView, destination: TensorView, window: WindowGeometry, zeroPoint: UInt8
  ) {
    self.source = source
    self.argmax = argmax
    self.destination = destination
    self.window = window
    self.zeroPoint = zeroPoint
  }
}

/// Mean of each window: `out = rescale(Σ a − n·z)` over the n taps inside the picture. What the sum is divided by may
/// count taps in the padding: `rowTaps[y] · columnTaps[x]`, with the factor
/// `factors[rowTaps[y] · (kernelWidth + 1) + columnTaps[x]]`.
public struct AverageArguments {
  public var source: TensorView
  public var destination: TensorView
  public var window: WindowGeometry
  public var factors: UnsafePointer<Rescaling>
  /// For each output row and column the taps that count.
  public var rowTaps: UnsafePointer<Int32>
  public var columnTaps: UnsafePointer<Int32>
  public var sourceZeroPoint: UInt8

  public init(
    source: TensorView, destination: TensorView, window: WindowGeometry, factors: UnsafePointer<Rescaling>,
    rowTaps: UnsafePointer<Int32>, columnTaps: UnsafePointer<Int32>, sourceZeroPoint: UInt8
  ) {
    self.source = source
    self.destination = destination
    self.window = window
    self.factors = factors
    self.rowTaps = rowTaps
    self.columnTaps = columnTaps
    self.sourceZeroPoint = sourceZeroPoint
  }
}

/// Reduces a whole picture to one pixel (each channel by itself), or each pixel's channels to one.
///
/// A sum is rescaled, `out = rescale(Σ a − n·z)`; a norm is `rescale(floor(√(2^16·Σ (a − z)²)))`, in units of 2^-8,
/// over channels only; a maximum or minimum keeps its byte.
public struct ReductionArguments {
  public enum Operation: Sendable {
    case sum, norm, maximum, minimum
  }

  public var source: TensorView
  public var destination: TensorView
  public var operation: Operation
  public var rescaling: Rescaling
  public var sourceZeroPoint: UInt8

  public init(
    source: TensorView, destination: TensorView, operation: Operation, rescaling: Rescaling, sourceZeroPoint: UInt8
  ) {
    self.source = source
    self.destination = destination
    self.operation = operation
    self.rescaling = rescaling
    self.sourceZeroPoint = sourceZeroPoint
  }
}

/// Softmax over the channels of each pixel: `e_c = exponents[max − a_c]`, `S = Σ e_c`,
/// `out_c = clamp(z + floor((e_c·m + S·2^15) / (S·2^16)), 0, 255)`.
///
/// `exponents[d]` is `round(2^20·exp(−scale·d))`; `m` is `round(2^16 ÷ output scale)`, under 2^32: the products stay
/// under 2^53, the sum of 2^24 channels under 2^44.
public struct SoftmaxArguments {
  public static let exponentBits = 20
  public static let multiplierBits = 16

  public var source: TensorView
  public var destination: TensorView
  public var exponents: UnsafePointer<Int64>
  public var multiplier: Int64
  public var zeroPoint: UInt8

  public init(
    source: TensorView, destination: TensorView, exponents: UnsafePointer<Int64>, multiplier: Int64, zeroPoint: UInt8
  ) {
    self.source = source
    self.destination = destination
    self.exponents = exponents
    self.multiplier = multiplier
    self.zeroPoint = zeroPoint
  }
}

/// Products of the rows of two matrices:
/// `out[y][n] = rescale(Σ_k (l[y][k] − zl)·(r[y / leftRows · rightStep + n][k] − zr))`.
///
/// A matrix lies as one pixel a row, k along the channels. `leftRows` rows of the left belong to the same batch entry.
public struct InnerProductArguments {
  public var left: TensorView
  public var right: TensorView
  public var destination: TensorView
  public var leftRows: Int
  /// Right rows from one batch entry to the next; 0 where all share them.
  public var rightStep: Int
  public var rescaling: Rescaling
  public var leftZeroPoint: UInt8
  public var rightZeroPoint: UInt8

  public init(
    left: TensorView, right: TensorView, destination: TensorView, leftRows: Int, rightStep: Int,
    rescaling: Rescaling, leftZeroPoint: UInt8, rightZeroPoint: UInt8
  ) {
    self.left = left
    self.right = right
    self.destination = destination
    self.leftRows = leftRows
    self.rightStep = rightStep
    self.rescaling = rescaling
    self.leftZeroPoint = leftZeroPoint
    self.rightZeroPoint = rightZeroPoint
  }
}
