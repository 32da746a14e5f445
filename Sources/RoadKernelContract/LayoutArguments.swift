import RoadBase

// Parameters of the kernels that move bytes.

/// Joins tensors along one axis; each source's bytes go through a table of its own, or as they are.
public struct ConcatenationArguments {
  public enum Axis: Sendable {
    case rows, columns, channels
  }

  public var sources: UnsafePointer<TensorView>
  public var count: Int
  public var destination: TensorView
  public var axis: Axis
  /// For each source the index along the axis at which it starts.
  public var starts: UnsafePointer<Int32>
  /// For each source a table of 256 bytes; nil copies.
  public var tables: UnsafePointer<UnsafePointer<UInt8>?>

  public init(
    sources: UnsafePointer<TensorView>, count: Int, destination: TensorView, axis: Axis,
    starts: UnsafePointer<Int32>, tables: UnsafePointer<UnsafePointer<UInt8>?>
  ) {
    self.sources = sources
    self.count = count
    self.destination = destination
    self.axis = axis
    self.starts = starts
    self.tables = tables
  }
}

/// Where one index of the destination reads: a source row, column and channel that add up over the three axes.
public struct SourceIndex: Hashable, Sendable {
  public var row: Int32
  public var column: Int32
  public var channel: Int32

  public init(row: Int32, column: Int32, channel: Int32) {
    self.row = row
    self.column = column
    self.channel = channel
  }

  /// The index lies outside the source: the destination gets the padding byte.
  public static let outside = SourceIndex(row: -1, column: -1, channel: -1)
  public var isOutside: Bool { row < 0 }
}

/// A stretch of destination channels that read consecutive source channels.
public struct ChannelRun: Hashable, Sendable {
  public var channel: Int32
  public var count: Int32
  public var source: SourceIndex

  public init(channel: Int32, count: Int32, source: SourceIndex) {
    self.channel = channel
    self.count = count
    self.source = source
  }
}

/// Transposition, slice, padding, reshape, depth to space and back, broadcast:
/// `out(y, x, c) = in(rows[y] + columns[x] + channels[c])`, the three parts added by row, column and channel; padding
/// where one of them is outside.
///
/// With `carries` the sum may leave a row or a pixel: it is then taken in a tensor without padding, as
/// `(row·width + column)·channels + channel`.
public struct RearrangementArguments {
  public var source: TensorView
  public var destination: TensorView
  public var rows: UnsafePointer<SourceIndex>
  public var columns: UnsafePointer<SourceIndex>
  public var runs: UnsafePointer<ChannelRun>
  public var runCount: Int
  public var padding: UInt8
  public var carries: Bool
  /// The same as loops, where there are such.
  public var loops: RearrangementLoops?

  public init(
    source: TensorView, destination: TensorView, rows: UnsafePointer<SourceIndex>,
    columns: UnsafePointer<SourceIndex>, runs: UnsafePointer<ChannelRun>, runCount: Int, padding: UInt8, carries: Bool,
    loops: RearrangementLoops? = nil
  ) {
    self.source = source
    self.destination = destination
    self.rows = rows
    self.columns = columns
    self.runs = runs
    self.runCount = runCount
    self.padding = padding
    self.carries = carries
    self.loops = loops
  }
}

/// A rearrangement without padding as nested loops, each with a stride of source and of destination.
///
/// The first ``rowLoopRows`` rows of the destination, and every so many after them, are one loop over rows; the others
/// run within each row, `within[0]` over the destination's consecutive elements.
public struct RearrangementLoops {
  public struct Loop: Hashable, Sendable {
    public var count: Int
    /// What one turn adds, in rows, columns and channels (bytes of a pixel).
    public var source: SIMD3<Int>
    public var destination: SIMD3<Int>

    public init(count: Int, source: SIMD3<Int>, destination: SIMD3<Int>) {
      self.count = count
      self.source = source
      self.destination = destination
    }
  }

  /// What a loop over rows may not be longer than.
  public var rowLoopRows: Int
  /// What a row adds within such a loop.
  public var rowStride: SIMD3<Int>
  public var within: UnsafePointer<Loop>
  public var withinCount: Int
  /// Bytes that belong together: 1, 2, 4 or 8.
  public var elementSize: Int

  public init(
    rowLoopRows: Int, rowStride: SIMD3<Int>, within: UnsafePointer<Loop>, withinCount: Int, elementSize: Int
  ) {
    self.rowLoopRows = rowLoopRows
    self.rowStride = rowStride
    self.within = within
    self.withinCount = withinCount
    self.elementSize = elementSize
  }
}

/// Sampling at positions that a tensor holds: nearest, bilinear or bicubic. The first two keep scale and zero-point of
/// the source; a cubic overshoots, so it has a rule of its own: `out = rule(Σ Σ v·w·(a − z))`, the four weights of an
/// axis adding up to 2^14.
///
/// Position of the output pixel (y, x), in units of 2^-16 source pixels from the centre of source pixel (0, 0):
/// `base[y·width + x] + table[byte of the field]`, for x and y each. `fieldColumn`, `fieldRow` are the field's
/// channels.
public struct SamplingArguments {
  public enum Padding: Sendable {
    case zeros, border, reflection
  }
  public enum Mode: Sendable {
    case nearest, linear
    case cubic(Int16Rescaling)
  }
  public static let positionBits = 16
  /// Of a cubic's weights.
  public static let weightBits = 14

  public var source: TensorView
  public var field: TensorView
  public var destination: TensorView
  public var tables: UnsafePointer<Int32>
  /// x and y of each output pixel.
  public var base: UnsafePointer<Int32>
  public var mode: Mode
  public var alignsCorners: Bool
  public var padding: Padding
  public var zeroPoint: UInt8

  public init(
    source: TensorView, field: TensorView, destination: TensorView, tables: UnsafePointer<Int32>,
    base: UnsafePointer<Int32>, mode: Mode, alignsCorners: Bool, padding: Padding, zeroPoint: UInt8
  ) {
    self.source = source
    self.field = field
    self.destination = destination
    self.tables = tables
    self.base = base
    self.mode = mode
    self.alignsCorners = alignsCorners
    self.padding = padding
    self.zeroPoint = zeroPoint
  }
}

/// Pixels of 16-bit channels in another order, or one number where there is none:
/// `out[y][x][c] = a[rows[y]][columns[x]][c]`, `padding` where an index is negative.
public struct Int16PaddingArguments {
  public var source: TensorView
  public var destination: TensorView
  public var rows: UnsafePointer<Int32>
  public var columns: UnsafePointer<Int32>
  public var padding: Int16

  public init(
    source: TensorView, destination: TensorView, rows: UnsafePointer<Int32>, columns: UnsafePointer<Int32>,
    padding: Int16
  ) {
    self.source = source
    self.destination = destination
    self.rows = rows
    self.columns = columns
    self.padding = padding
  }
}
