import RoadBase
import RoadKernelContract

/// One layer of a fused group.
struct FusedStage {
  let layer: PreparedLayer
  /// Rows of the chain's tensor that a row of the output sees.
  let window: WindowGeometry
  /// Which of the layer's inputs comes from the stage before; nil for the first.
  let chainInput: Int?
  /// Views of all inputs; the one from the stage before is replaced by its strip.
  let sources: [TensorView]
  /// Of the output.
  let layout: TensorLayout
  let zeroPoint: UInt8
}

/// A chain of layers run depth-first over strips of rows. Each thread has strips of its own; a chunk starts with empty
/// ones, so rows at the border of two chunks are computed twice, with the same bytes.
final class FusedStep: PlanStep {
  let chunks: Int
  let layerCount: Int
  var isTimed = false
  private let stages: [FusedStage]
  private let destination: TensorView
  private let stripRows: Int
  private let lanes: UnsafeMutablePointer<Lane>
  private let laneCount: Int

  /// What one thread works with; every pointer is allocated once.
  private struct Lane {
    /// Of all stages but the last.
    let buffers: UnsafeMutablePointer<StripBuffer>
    let sources: UnsafeMutablePointer<UnsafeMutablePointer<TensorView>>
    /// Output rows of each stage in the current strip.
    let rows: UnsafeMutablePointer<Range<Int>>
    let nanoseconds: UnsafeMutablePointer<UInt64>
  }

  /// - Parameter strips: for each thread a block of `stripBytes` bytes; steps that do not run at the same time share
  ///   them.
  init(
    _ stages: [FusedStage], destination: TensorView, stripRows: Int, chunks: Int, strips: [UnsafeMutableRawPointer],
    memory: PlanMemory
  ) {
    self.stages = stages
    self.destination = destination
    self.stripRows = stripRows
    self.chunks = min(max(chunks, 1), destination.height)
    layerCount = stages.count
    laneCount = strips.count
    lanes = memory.copy(strips.map { Self.lane(stages, stripRows: stripRows, at: $0, memory) })
  }

  private static func lane(
    _ stages: [FusedStage], stripRows: Int, at start: UnsafeMutableRawPointer, _ memory: PlanMemory
  ) -> Lane {
    let capacities = bufferRows(stages.map(\.window), stripRows: stripRows)
    var next = start
    let buffers = zip(stages.dropLast(), capacities).map { stage, rows in
      defer { next += StripBuffer.byteCount(layout: stage.layout, rows: rows) }
      return StripBuffer(layout: stage.layout, zeroPoint: stage.zeroPoint, at: next)
    }
    return Lane(
      buffers: memory.copy(buffers), sources: memory.copy(stages.map { memory.copy($0.sources) }),
      rows: memory.copy(stages.map { _ in 0..<0 }), nanoseconds: memory.copy(stages.map { _ in 0 }))
  }

  /// Rows that the buffer behind each stage but the last must hold for strips of `stripRows` rows.
  static func bufferRows(_ windows: [WindowGeometry], stripRows: Int) -> [Int] {
    var rows = [stripRows]
    for window in windows.dropFirst().reversed() {
      let last = (rows[rows.count - 1] - 1) * window.strideHeight
      rows.append(last + (window.kernelHeight - 1) * window.dilationHeight + 1)
    }
    return rows.dropFirst().reversed()
  }

  /// Bytes of all buffers of one thread.
  static func stripBytes(_ windows: [WindowGeometry], _ layouts: [TensorLayout], stripRows: Int) -> Int {
    zip(layouts, bufferRows(windows, stripRows: stripRows)).reduce(0) {
      $0 + StripBuffer.byteCount(layout: $1.0, rows: $1.1)
    }
  }

  func run(chunk: Int, worker: Int) {
    let rows = rowRange(chunk: chunk, of: chunks, rows: destination.height)
    let lane = lanes[worker]
    for stage in 0..<stages.count - 1 { lane.buffers[stage].empty() }
    var first = rows.lowerBound
    while first < rows.upperBound {
      let end = min(first + stripRows, rows.upperBound)
      run(strip: first..<end, lane)
      first = end
    }
  }

  private func run(strip: Range<Int>, _ lane: Lane) {
    let last = stages.count - 1
    lane.rows[last] = strip
    for stage in stride(from: last, to: 0, by: -1) {
      lane.rows[stage - 1] = stages[stage].window.sourceRows(lane.rows[stage])
    }
    // One look at the clock between two layers: it is what timing costs.
    var start = isTimed ? MonotonicClock.now() : 0
    for stage in 0...last {
      if let input = stages[stage].chainInput { lane.sources[stage][input] = lane.buffers[stage - 1].view }
      if stage < last {
        let rows = lane.buffers[stage].slide(to: lane.rows[stage])
        if !rows.isEmpty { stages[stage].layer.run(lane.sources[stage], lane.buffers[stage].view, rows) }
        lane.buffers[stage].fillSides(rows)
      } else {
        stages[stage].layer.run(lane.sources[stage], destination, strip)
        destination.fillHalo(beside: strip, with: stages[stage].zeroPoint)
      }
      guard isTimed else { continue }
      let end = MonotonicClock.now()
      lane.nanoseconds[stage] += end - start
      start = end
    }
  }

  /// The layers ran interleaved on several threads: each gets the share of the step's time that it had of the threads'
  /// time.
  func split(_ nanoseconds: UInt64, into times: UnsafeMutablePointer<UInt64>) {
    var total: UInt64 = 0
    for stage in 0..<layerCount {
      times[stage] = 0
      for lane in 0..<laneCount {
        times[stage] += lanes[lane].nanoseconds[stage]
        lanes[lane].nanoseconds[stage] = 0
      }
      total += times[stage]
    }
    guard total > 0 else { return }
    for stage in 0..<layerCount {
      times[stage] = UInt64(Double(nanoseconds) * Double(times[stage]) / Double(total))
    }
  }
}
