import RoadBase
import RoadKernelContract
import RoadKernels

/// A lowered network made ready to run: kernels chosen, weights packed, every tensor placed in one arena.
struct Plan {
  let steps: [any PlanStep]
  let layers: [LayerDescription]
  let input: TensorView
  let output: TensorView
  let memory: PlanMemory
  let memoryReport: MemoryReport
  let tenants: [ArenaTenant]

  init(_ network: LoweredNetwork, kernels: KernelSet, threads: Int) throws(RoadError) {
    let network = network.withPackedPictures()
    let memory = PlanMemory()
    let layouts = Self.layouts(of: network)
    let requests = Self.requests(of: network, layouts)
    let arena = ArenaLayout(requests)
    let block = memory.allocate(arena.size)
    guard let start = block.baseAddress else { preconditionFailure("no arena of \(arena.size) bytes") }
    let views = zip(layouts, arena.offsets).map { $0.view(at: start + $1) }

    var context = PlanContext(kernels: kernels, memory: memory)
    var steps: [any PlanStep] = []
    var descriptions: [LayerDescription] = []
    for layer in network.layers {
      let prepared = try layer.prepare(&context)
      let description = LayerDescription(layer, network, kernel: prepared.kernel)
      steps.append(
        LayerStep(
          prepared, sources: UnsafePointer(memory.copy(layer.inputs.map { views[$0] })),
          destination: views[layer.output], zeroPoint: network.tensors[layer.output].quantization.zeroPoint,
          chunks: Self.chunks(for: description, threads: threads)))
      descriptions.append(description)
    }
    self.steps = steps
    self.layers = descriptions
    self.memory = memory
    tenants = network.tensors.indices.filter { requests[$0].bytes > 0 }.map {
      ArenaTenant(
        name: network.tensors[$0].name, life: requests[$0].life,
        bytes: arena.offsets[$0]..<(arena.offsets[$0] + requests[$0].bytes))
    }
    input = views[network.input]
    output = views[network.output]
    memoryReport = MemoryReport(
      arenaBytes: arena.size, unsharedBytes: requests.reduce(0) { $0 + $1.bytes },
      lowerBoundBytes: ArenaLayout.lowerBound(requests), constantBytes: memory.bytes - arena.size)
  }
}

extension Plan {
  /// The halo of a tensor is as wide as its farthest reader reaches.
  static func layouts(of network: LoweredNetwork) -> [TensorLayout] {
    var halos = [Int](repeating: 0, count: network.tensors.count)
    for layer in network.layers {
      for (index, tensor) in layer.inputs.enumerated() {
        halos[tensor] = max(halos[tensor], layer.reach(ofInput: index, in: network))
      }
    }
    return zip(network.tensors, halos).map { tensor, halo in
      TensorLayout(
        height: tensor.height, width: tensor.width, channels: tensor.channels, pixelPitch: tensor.pixelPitch,
        halo: halo)
    }
  }

  /// A tensor lives from the step that writes it to the last that reads it. The input and the scores live throughout: the
  /// caller writes the next picture and reads the last scores whenever `run` is not running.
  static func requests(of network: LoweredNetwork, _ layouts: [TensorLayout]) -> [ArenaLayout.Request] {
    let all = 0...max(network.layers.count - 1, 0)
    var first = [Int?](repeating: nil, count: network.tensors.count)
    var last = first
    for (step, layer) in network.layers.enumerated() {
      for tensor in layer.inputs + [layer.output] {
        first[tensor] = first[tensor] ?? step
        last[tensor] = step
      }
    }
    return network.tensors.indices.map { tensor in
      if tensor == network.input || tensor == network.output {
        return ArenaLayout.Request(bytes: layouts[tensor].byteCount, life: all)
      }
      // A tensor of a layer that was dropped takes no room.
      guard let first = first[tensor], let last = last[tensor] else {
        return ArenaLayout.Request(bytes: 0, life: 0...0)
      }
      return ArenaLayout.Request(bytes: layouts[tensor].byteCount, life: first...last)
    }
  }

  /// Enough chunks that a thread which lost its core is waited for only shortly, each long enough to be worth a claim.
  static func chunks(for layer: LayerDescription, threads: Int) -> Int {
    guard threads > 1 else { return 1 }
    let work = layer.multiplyAccumulates / chunkMultiplyAccumulates + layer.bytesMoved / chunkBytes
    return min(max(work, 1), threads * 4)
  }

  /// What a core does in some ten microseconds.
  private static let chunkMultiplyAccumulates = 1_000_000
  private static let chunkBytes = 100_000
}

extension LoweredNetwork {
  /// Tensors of at most 4 channels between the picture and the first convolutions stay packed in 4 bytes a pixel, as
  /// kernels for them exist; all others are padded to the channel block.
  func withPackedPictures() -> LoweredNetwork {
    var network = self
    var packed: Set<TensorID> = [input]
    for layer in layers {
      guard layer.kind == .table || layer.kind == .resize, layer.inputs.allSatisfy(packed.contains) else { continue }
      let readers = layers.filter { $0.inputs.contains(layer.output) }
      let kinds: Set<LayerKind> = [.convolution, .pointwise, .table, .resize]
      guard layer.output != output, readers.allSatisfy({ kinds.contains($0.kind) }) else { continue }
      packed.insert(layer.output)
    }
    for tensor in packed { network.tensors[tensor].pixelPitch = 4 }
    return network
  }
}
