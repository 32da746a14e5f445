import RoadBase
import RoadKernelContract
import RoadKernels

/// Turns groups of layers into steps: chooses kernels, chunks and the height of strips.
struct StepMaker {
  let network: LoweredNetwork
  let layouts: [TensorLayout]
  let views: [TensorView]
  let threads: Int
  var context: PlanContext
  private(set) var descriptions: [LayerDescription] = []
  /// For each thread the memory that strips of fused groups lie in, one group at a time.
  private let strips: [UnsafeMutableRawPointer]
  let stripBytes: Int

  init(
    network: LoweredNetwork, groups: [[Int]], layouts: [TensorLayout], views: [TensorView], threads: Int,
    context: PlanContext
  ) {
    self.network = network
    self.layouts = layouts
    self.views = views
    self.threads = threads
    self.context = context
    let needs = groups.filter { $0.count > 1 }.map { group in
      let shape = StripShape(group.map { network.layers[$0] }, layouts, budget: context.kernels.stripBudget)
      return FusedStep.stripBytes(shape.windows, shape.layouts, stripRows: shape.rows)
    }
    let size = needs.max() ?? 0
    strips = (0..<(size > 0 ? threads : 0)).compactMap { _ in context.memory.allocate(size).baseAddress }
    stripBytes = size * strips.count
  }

  mutating func step(_ group: [Int], number: Int) throws(RoadError) -> any PlanStep {
    var prepared: [PreparedLayer] = []
    var work: [LayerDescription] = []
    for layer in group.map({ network.layers[$0] }) {
      let ready = try layer.prepare(&context)
      prepared.append(ready)
      work.append(LayerDescription(layer, network, kernel: ready.kernel, step: number))
    }
    descriptions += work
    guard group.count > 1 else { return layerStep(network.layers[group[0]], prepared[0], work[0]) }
    return fusedStep(group.map { network.layers[$0] }, prepared, work)
  }

  private func layerStep(
    _ layer: any Layer, _ prepared: PreparedLayer, _ work: LayerDescription
  ) -> any PlanStep {
    LayerStep(
      prepared, sources: UnsafePointer(context.memory.copy(layer.inputs.map { views[$0] })),
      destination: views[layer.output], zeroPoint: network.tensors[layer.output].quantization.zeroPoint,
      chunks: even(min(chunks([work]), threads * 4)))
  }

  private func fusedStep(
    _ layers: [any Layer], _ prepared: [PreparedLayer], _ work: [LayerDescription]
  ) -> any PlanStep {
    let stages = layers.indices.map { index in
      let layer = layers[index]
      let before = index > 0 ? layers[index - 1].output : nil
      return FusedStage(
        layer: prepared[index], window: layer.rowWindow ?? .pixel,
        chainInput: before.flatMap { layer.inputs.firstIndex(of: $0) }, sources: layer.inputs.map { views[$0] },
        layout: layouts[layer.output], zeroPoint: network.tensors[layer.output].quantization.zeroPoint)
    }
    let destination = views[layers[layers.count - 1].output]
    // Rows at the border of two chunks are computed twice: few chunks.
    let chunks = even(min(chunks(work), threads * 2, max(threads, destination.height / Self.smallestChunkRows)))
    return FusedStep(
      stages, destination: destination,
      stripRows: StripShape(layers, layouts, budget: context.kernels.stripBudget).rows, chunks: chunks, strips: strips,
      memory: context.memory)
  }

  /// Enough chunks that a thread which lost its core is waited for only shortly, each long enough to be worth a claim.
  private func chunks(_ work: [LayerDescription]) -> Int {
    guard threads > 1 else { return 1 }
    let products = work.reduce(0) { $0 + $1.multiplyAccumulates }
    let bytes = work.reduce(0) { $0 + $1.bytesMoved }
    let core = CoreType.ofThisMachine
    return max(products / core.chunkMultiplyAccumulates + bytes / core.chunkBytes, 1)
  }

  /// As many chunks for each thread: for three, two threads take as long as for four.
  private func even(_ chunks: Int) -> Int { chunks < threads ? chunks : chunks - chunks % threads }

  private static let smallestChunkRows = 12
}

/// Windows, layouts and height of the strips of a fused group.
private struct StripShape {
  let windows: [WindowGeometry]
  let layouts: [TensorLayout]
  /// Rows of the group's result.
  let rows: Int

  /// - Parameter budget: bytes that the strips of a thread may take.
  init(_ layers: [any Layer], _ all: [TensorLayout], budget: Int) {
    windows = layers.map { $0.rowWindow ?? .pixel }
    layouts = layers.map { all[$0.output] }
    let (windows, layouts) = (windows, layouts)
    let height = layouts[layouts.count - 1].height
    let fitting = [48, 32, 16, 8, 4].first {
      $0 <= height && FusedStep.stripBytes(windows, layouts, stripRows: $0) <= budget
    }
    rows = fitting ?? min(2, height)
  }
}
