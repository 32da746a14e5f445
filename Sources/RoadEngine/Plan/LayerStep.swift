import RoadKernelContract

/// A unit of the plan: everything in it runs before the next step starts; its chunks run on any thread in any order.
protocol PlanStep: AnyObject {
  var chunks: Int { get }
  /// Layers that it runs.
  var layerCount: Int { get }
  /// While true, the step keeps what ``split(_:into:)`` needs.
  var isTimed: Bool { get set }
  /// - Parameter worker: number of the thread, for scratch memory of its own.
  func run(chunk: Int, worker: Int)
  /// Spreads the time that the step took over its layers.
  func split(_ nanoseconds: UInt64, into times: UnsafeMutablePointer<UInt64>)
}

/// One layer over whole tensors, in chunks of rows.
final class LayerStep: PlanStep {
  let chunks: Int
  let layerCount = 1
  var isTimed = false
  private let layer: PreparedLayer
  private let sources: UnsafePointer<TensorView>
  private let destination: TensorView
  private let zeroPoint: UInt8

  init(
    _ layer: PreparedLayer, sources: UnsafePointer<TensorView>, destination: TensorView, zeroPoint: UInt8, chunks: Int
  ) {
    self.layer = layer
    self.sources = sources
    self.destination = destination
    self.zeroPoint = zeroPoint
    self.chunks = min(max(chunks, 1), destination.height)
  }

  func run(chunk: Int, worker: Int) {
    let rows = rowRange(chunk: chunk, of: chunks, rows: destination.height)
    layer.run(sources, destination, rows)
    destination.fillHalo(beside: rows, with: zeroPoint)
  }

  func split(_ nanoseconds: UInt64, into times: UnsafeMutablePointer<UInt64>) { times[0] = nanoseconds }
}

/// Chunk `chunk` of `rows` split into `chunks` parts whose sizes differ by at most one.
func rowRange(chunk: Int, of chunks: Int, rows: Int) -> Range<Int> {
  (chunk * rows / chunks)..<((chunk + 1) * rows / chunks)
}
