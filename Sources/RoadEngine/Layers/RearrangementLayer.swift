import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

/// Moves bytes: transpositions, slices, reshapes, paddings and broadcasts that a view alone cannot express.
struct RearrangementLayer: Layer {
  let name: String
  let kind = LayerKind.rearrangement
  let source: TensorID
  let output: TensorID
  let rows: [SourceIndex]
  let columns: [SourceIndex]
  let runs: [ChannelRun]
  let padding: UInt8
  let carries: Bool
  /// The same as loops; nil where nothing but the lists gives it.
  let nest: RearrangementNest?
  /// Bytes of an element; indices and runs count bytes.
  var elementSize = 1

  var inputs: [TensorID] { [source] }
  func halo(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
  func multiplyAccumulates(in network: LoweredNetwork) -> Int { 0 }

  /// - Parameter source: shape of the view's tensor.
  init(
    name: String, view: ElementView, source: PlaneShape, arrangement: Arrangement, output: TensorID,
    elementSize: Int = 1
  ) {
    let elements = view.elements
    var parts = [arrangement.rows, arrangement.columns, arrangement.channels].map { axes in
      var part = StridedView(of: axes.map { elements.shape[$0] })
      part.strides = axes.map { elements.strides[$0] }
      return part.offsets
    }
    // Backward strides: the part's lowest offset moves to the rows, so that every entry is a place of the source.
    var base = elements.offset
    for index in parts.indices {
      let lowest = parts[index].min() ?? 0
      base += lowest
      parts[index] = parts[index].map { $0 - lowest }
    }
    let indices = parts.enumerated().map { part, offsets in
      offsets.map { source.index(of: $0 + (part == 0 ? base : 0)) }
    }
    self.init(
      name: name, source: view.tensor, output: output, rows: indices[0], columns: indices[1], channels: indices[2],
      padding: 0, carries: Self.carries(indices, source) ? source : nil)
    self.elementSize = elementSize
  }

  /// - Parameter carries: the source's plane where the parts can add up to a column or channel that is not there.
  init(
    name: String, source: TensorID, output: TensorID, rows: [SourceIndex], columns: [SourceIndex],
    channels: [SourceIndex], padding: UInt8, carries plane: PlaneShape? = nil
  ) {
    self.name = name
    self.source = source
    self.output = output
    self.rows = rows
    self.columns = columns
    carries = plane != nil
    runs = Self.runs(channels, carries: carries)
    self.padding = padding
    nest = RearrangementNest([rows, columns, channels], carrying: plane.map { ($0.width, $0.channels) })
  }

  /// Whether the parts can add up to a column or channel that is not there.
  private static func carries(_ parts: [[SourceIndex]], _ source: PlaneShape) -> Bool {
    func sum(_ part: (SourceIndex) -> Int32) -> Int { parts.reduce(0) { $0 + Int($1.map(part).max() ?? 0) } }
    return sum(\.row) >= source.height || sum(\.column) >= source.width || sum(\.channel) >= source.channels
  }

  private static func runs(_ channels: [SourceIndex], carries: Bool) -> [ChannelRun] {
    var runs: [ChannelRun] = []
    for (channel, source) in channels.enumerated() {
      if let last = runs.last, continues(last, source, carries: carries) {
        runs[runs.count - 1].count += 1
      } else {
        runs.append(ChannelRun(channel: Int32(channel), count: 1, source: source))
      }
    }
    return runs
  }

  private static func continues(_ run: ChannelRun, _ next: SourceIndex, carries: Bool) -> Bool {
    if run.source.isOutside || next.isOutside { return run.source.isOutside && next.isOutside }
    return run.source.row == next.row && run.source.column == next.column
      && run.source.channel + run.count == next.channel
  }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let kernel = context.kernels.rearrangement
    let (rowIndices, columnIndices, runs, runCount) = (
      UnsafePointer(context.memory.copy(rows)), UnsafePointer(context.memory.copy(columns)),
      UnsafePointer(context.memory.copy(runs)), runs.count
    )
    let (padding, carries, size) = (padding, carries, elementSize)
    let loops = nest.map { RearrangementLoops($0, context.memory) }
    return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
      var source = sources[0]
      source.channels *= size
      var arguments = RearrangementArguments(
        source: source, destination: destination, rows: rowIndices, columns: columnIndices, runs: runs,
        runCount: runCount, padding: padding, carries: carries, loops: loops)
      kernel.run(&arguments, rows.lowerBound, rows.upperBound)
    }
  }
}

extension RearrangementLoops {
  fileprivate init(_ nest: RearrangementNest, _ memory: PlanMemory) {
    self.init(
      rowLoopRows: nest.rowLoopRows, rowStride: nest.rowStride, within: UnsafePointer(memory.copy(nest.within)),
      withinCount: nest.within.count, elementSize: nest.elementSize)
  }
}

extension PlaneShape {
  /// Row, column and channel of an offset into the plane without padding.
  fileprivate func index(of offset: Int) -> SourceIndex {
    let (pixel, channel) = offset.quotientAndRemainder(dividingBy: max(channels, 1))
    return SourceIndex(row: Int32(pixel / max(width, 1)), column: Int32(pixel % max(width, 1)), channel: Int32(channel))
  }
}
