import RoadBase

// The plain parameter structs of every kernel. They live in this baseline module, never beside a kernel: a generic or
// inlinable function of theirs that the compiler emitted into an instruction-set target would be a weak symbol compiled
// for an instruction set that other machines lack.
//
// A kernel computes the output rows `rows`, left to right, all channels. It reads `source` at
// `row · stride − pad + tap · dilation` only, which the halo makes readable, and of each pixel no more than its
// `storedChannels`. It writes the real pixels of those rows only (no halo), of each pixel no more than its
// `storedChannels`.

/// Geometry shared by convolution, depthwise convolution and pooling.
public struct WindowGeometry: Hashable, Sendable {
  public var kernelHeight: Int
  public var kernelWidth: Int
  public var strideHeight: Int
  public var strideWidth: Int
  public var dilationHeight: Int
  public var dilationWidth: Int
  public var padTop: Int
  public var padLeft: Int

  public init(
    kernelHeight: Int, kernelWidth: Int, strideHeight: Int = 1, strideWidth: Int = 1,
    dilationHeight: Int = 1, dilationWidth: Int = 1, padTop: Int = 0, padLeft: Int = 0
  ) {
    self.kernelHeight = kernelHeight
    self.kernelWidth = kernelWidth
    self.strideHeight = strideHeight
    self.strideWidth = strideWidth
    self.dilationHeight = dilationHeight
    self.dilationWidth = dilationWidth
    self.padTop = padTop
    self.padLeft = padLeft
  }
}

extension WindowGeometry {
  /// The source row that output row `y` sees at kernel row `tap`.
  @inlinable
  public func sourceRow(_ y: Int, _ tap: Int) -> Int { y * strideHeight - padTop + tap * dilationHeight }

  /// The source column that output column `x` sees at kernel column `tap`.
  @inlinable
  public func sourceColumn(_ x: Int, _ tap: Int) -> Int { x * strideWidth - padLeft + tap * dilationWidth }
}

/// Dense convolution: every output channel sees every input channel. A 1x1 convolution is the same with a 1x1 window.
///
/// The sums run over real input channels: what padding channels hold does not matter. The destination is
/// channel-blocked (``TensorView/isPacked4`` is false); the source may be packed RGBX.
public struct ConvolutionArguments {
  public var source: TensorView
  public var destination: TensorView
  public var window: WindowGeometry
  /// What `pack` of the very same kernel wrote, from a ``WeightLayer``; aligned to ``WeightLayer/alignment`` bytes.
  public var packed: UnsafeRawPointer
  /// Of the destination, 0...255.
  public var zeroPoint: Int16
  public var low: UInt8
  public var high: UInt8
  /// Whether the packed layer has multipliers of 31 bits: ``WeightLayer/onnxRuntimeFactors``.
  public var roundsAsONNXRuntime: Bool
  /// Of such a layer: ``WeightLayer/roundsToNearest``.
  public var roundsToNearest: Bool

  public init(
    source: TensorView, destination: TensorView, window: WindowGeometry, packed: UnsafeRawPointer,
    zeroPoint: Int16, low: UInt8, high: UInt8, roundsAsONNXRuntime: Bool = false, roundsToNearest: Bool = false
  ) {
    self.source = source
    self.destination = destination
    self.window = window
    self.packed = packed
    self.zeroPoint = zeroPoint
    self.low = low
    self.high = high
    self.roundsAsONNXRuntime = roundsAsONNXRuntime
    self.roundsToNearest = roundsToNearest
  }
}

/// Depthwise convolution: output channel c sees input channel c only. Source and destination are channel-blocked.
public typealias DepthwiseArguments = ConvolutionArguments

/// Residual addition with its own scales: `acc = a·ma + b·mb + bias`, `out = clamp((acc >> shift) + z, low, high)`.
///
/// `bias` holds `−za·ma − zb·mb + 2^(shift−1)`: ties go towards plus infinity. `ma`, `mb` are at most 2^14 in
/// magnitude, 2^21 where `roundsAsONNXRuntime`, and may be negative (subtraction). `acc` fits an Int32 and `shift` is
/// 1...30; where `roundsAsONNXRuntime`, a tie goes to the even of the two `acc >> shift`. All three tensors are
/// channel-blocked; the destination may be one of the operands.
public struct AdditionArguments {
  public var left: TensorView
  public var right: TensorView
  public var destination: TensorView
  public var leftMultiplier: Int32
  public var rightMultiplier: Int32
  public var bias: Int32
  public var shift: Int32
  public var zeroPoint: Int16
  public var low: UInt8
  public var high: UInt8
  public var roundsAsONNXRuntime: Bool

  public init(
    left: TensorView, right: TensorView, destination: TensorView, leftMultiplier: Int32,
    rightMultiplier: Int32, bias: Int32, shift: Int32, zeroPoint: Int16, low: UInt8, high: UInt8,
    roundsAsONNXRuntime: Bool = false
  ) {
    self.left = left
    self.right = right
    self.destination = destination
    self.leftMultiplier = leftMultiplier
    self.rightMultiplier = rightMultiplier
    self.bias = bias
    self.shift = shift
    self.zeroPoint = zeroPoint
    self.low = low
    self.high = high
    self.roundsAsONNXRuntime = roundsAsONNXRuntime
  }
}

/// Bilinear resize; scale and zero-point stay those of the source.
///
/// For an output pixel with source columns `x0`, `x1` (clamped) and weights `w0 + w1 = 2^11`, rows likewise:
/// `h_i = p_i0·w0 + p_i1·w1`, `out = (h_0·v0 + h_1·v1 + 2^21) >> 22`: to nearest, ties up. Both tensors are
/// channel-blocked or both are packed pictures.
public struct ResizeArguments {
  public static let weightBits = 11
  /// Of int16, which 11 bits would blend coarser than they are: `out = (h_0·v0 + h_1·v1 + 2^39) >> 40`.
  public static let int16WeightBits = 20

  public var source: TensorView
  public var destination: TensorView
  /// For each output column: left source column, right source column, weight of the right one (0...2048, of int16
  /// 0...2^20).
  public var columns: UnsafePointer<ResizeTap>
  /// For each output row, the same.
  public var rows: UnsafePointer<ResizeTap>

  public init(
    source: TensorView, destination: TensorView, columns: UnsafePointer<ResizeTap>,
    rows: UnsafePointer<ResizeTap>
  ) {
    self.source = source
    self.destination = destination
    self.columns = columns
    self.rows = rows
  }
}

/// One output coordinate of a bilinear resize: the two source coordinates and the weight of the second.
public struct ResizeTap: Hashable, Sendable {
  public var first: Int32
  public var second: Int32
  public var secondWeight: Int32

  public init(first: Int32, second: Int32, secondWeight: Int32) {
    self.first = first
    self.second = second
    self.secondWeight = secondWeight
  }
}

/// Resize with any number of taps on either axis: `out = rule(Σ Σ v·w·(a − z))`, the weights of an axis adding up to
/// 2^14. Absolute weights add up to less than 2^15 (a cubic's do to 1.4 · 2^14), so the sum stays under 2^38.
public struct ResamplingArguments {
  public static let weightBits = 14

  /// Of one output row or column: the first source row or column, how many follow, and where their weights begin. No
  /// taps: outside.
  public struct Taps: Hashable, Sendable {
    public var first: Int32
    public var count: Int32
    public var weights: Int32

    public init(first: Int32, count: Int32, weights: Int32) {
      self.first = first
      self.count = count
      self.weights = weights
    }
  }

  public var source: TensorView
  public var destination: TensorView
  public var rows: UnsafePointer<Taps>
  public var columns: UnsafePointer<Taps>
  public var weights: UnsafePointer<Int32>
  public var rule: Int16Rescaling
  public var sourceZeroPoint: Int64
  /// What is written where a row or column has no taps.
  public var outside: Int64

  public init(
    source: TensorView, destination: TensorView, rows: UnsafePointer<Taps>, columns: UnsafePointer<Taps>,
    weights: UnsafePointer<Int32>, rule: Int16Rescaling, sourceZeroPoint: Int64, outside: Int64
  ) {
    self.source = source
    self.destination = destination
    self.rows = rows
    self.columns = columns
    self.weights = weights
    self.rule = rule
    self.sourceZeroPoint = sourceZeroPoint
    self.outside = outside
  }
}

/// Byte to byte through a table of its own for each channel (`tables[c * 256 + byte]`), or one for all
/// (`perChannel == false`): input normalisation, and any function of one 8-bit tensor. Both tensors are channel-blocked
/// or both are packed pictures; the destination may be the source.
public struct TableArguments {
  public var source: TensorView
  public var destination: TensorView
  public var tables: UnsafePointer<UInt8>
  public var perChannel: Bool
  /// The same tables in affine form (`AffineBytes.fitting`), nil where they are none. Vector kernels use them instead
  /// of the tables, except for channel-blocked tensors with a table for each channel.
  public var affine: UnsafePointer<AffineBytes>?

  public init(
    source: TensorView, destination: TensorView, tables: UnsafePointer<UInt8>, perChannel: Bool,
    affine: UnsafePointer<AffineBytes>? = nil
  ) {
    self.source = source
    self.destination = destination
    self.tables = tables
    self.perChannel = perChannel
    self.affine = affine
  }
}
