/// ``Int16ConvolutionArguments`` with weights packed for vectors: the same bytes, in panels of output channels side by
/// side, or by channel where each output channel sees one of its own.
///
/// Packed is, for each panel (of each group), or once for all channels by channel: `bias − z·Σw` (Int64), rounding
/// (Int64), shift − 16 (Int64) and multiplier (Int32) of `Int16Rescaling`, an entry a lane each; then the weights. Of a
/// panel: pairs of Int16, a lane an output channel, in the order kernel row, kernel column, input, the last one of an
/// odd number with a zero. By channel: an Int16 a lane for each kernel row and column.
public struct Int16PackedArguments {
  /// Bytes of a window that is written out before it meets the weights.
  public static let largestWindowBytes = 1 << 16
  /// Channels that a layer by channel may have.
  public static let largestColumn = 1 << 13
  /// Lanes that arrays by channel are padded to.
  public static let columnLanes = 16

  public var source: TensorView
  public var destination: TensorView
  public var window: WindowGeometry
  public var packed: UnsafeRawPointer
  public var groups: Int
  public var groupInputs: Int
  public var groupOutputs: Int
  /// Of the source: an `Int16`, or 0...255 of bytes.
  public var sourceZeroPoint: Int64
  /// What every channel's `Int16Rescaling` says.
  public var zeroPoint: Int64
  public var low: Int64
  public var high: Int64
  /// Of ``Int16ConvolutionArguments``, in pairs.
  public var pairsInInt32: Int
  public var sourceElement: TensorElement
  public var destinationElement: TensorElement

  public init(
    source: TensorView, destination: TensorView, window: WindowGeometry, packed: UnsafeRawPointer, groups: Int,
    groupInputs: Int, groupOutputs: Int, sourceZeroPoint: Int64, zeroPoint: Int64, low: Int64, high: Int64,
    pairsInInt32: Int, sourceElement: TensorElement, destinationElement: TensorElement
  ) {
    self.source = source
    self.destination = destination
    self.window = window
    self.packed = packed
    self.groups = groups
    self.groupInputs = groupInputs
    self.groupOutputs = groupOutputs
    self.sourceZeroPoint = sourceZeroPoint
    self.zeroPoint = zeroPoint
    self.low = low
    self.high = high
    self.pairsInInt32 = pairsInInt32
    self.sourceElement = sourceElement
    self.destinationElement = destinationElement
  }
}

/// Where the parts of a panel lie, in bytes from its start.
public struct Int16PanelLayout {
  public let lanes: Int
  /// Weights a lane, or rows of weights by channel.
  public let rows: Int
  /// Bytes of a row of weights.
  public let rowBytes: Int

  /// A panel of ``rows`` pairs.
  @inlinable
  public init(lanes: Int, pairs: Int) { (self.lanes, rows, rowBytes) = (lanes, pairs, 4 &* lanes) }

  /// All channels, with so many taps.
  @inlinable
  public init(channels: Int, taps: Int) {
    lanes = (channels &+ Int16PackedArguments.columnLanes &- 1) & (0 &- Int16PackedArguments.columnLanes)
    rows = taps
    rowBytes = 2 &* lanes
  }

  @inlinable public var roundings: Int { 8 &* lanes }
  @inlinable public var shifts: Int { 16 &* lanes }
  @inlinable public var multipliers: Int { 24 &* lanes }
  @inlinable public var weights: Int { 28 &* lanes }
  @inlinable public var byteCount: Int { weights &+ rows &* rowBytes }
}
