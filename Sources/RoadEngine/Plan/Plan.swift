import RoadBase
import RoadKernelContract
import RoadKernels

/// A lowered network made ready to run: layers grouped, kernels chosen, weights packed, every tensor placed in one
/// arena.
struct Plan {
  let steps: [any PlanStep]
  /// What each step leaves behind: the tensor that it writes last, by the name of the graph's value.
  let results: [(name: String, view: TensorView)]
  /// In the order in which the steps run them.
  let layers: [LayerDescription]
  let input: TensorView
  let output: TensorView
  let probe: SaturationProbe
  let memory: PlanMemory
  let memoryReport: MemoryReport
  let tenants: [ArenaTenant]

  init(_ lowered: LoweredNetwork, kernels: KernelSet, threads: Int, fuses: Bool) throws(RoadError) {
    let network = lowered.withPackedPictures()
    let groups = (fuses ? FusionGroups(network) : FusionGroups(unfused: network)).groups
    let memory = PlanMemory()
    let layouts = Self.layouts(of: network)
    let requests = Self.requests(of: network, layouts, groups)
    let arena = ArenaLayout(requests)
    guard let start = memory.allocate(arena.size).baseAddress else { preconditionFailure("no arena") }
    let views = zip(layouts, arena.offsets).map { $0.view(at: start + $1) }
    var maker = StepMaker(
      network: network, groups: groups, layouts: layouts, views: views, threads: threads,
      context: PlanContext(kernels: kernels, memory: memory))
    var steps: [any PlanStep] = []
    for group in groups { steps.append(try maker.step(group, number: steps.count)) }
    self.steps = steps
    results = groups.map { group in
      let tensor = network.layers[group[group.count - 1]].output
      return (network.tensors[tensor].name, views[tensor])
    }
    probe = SaturationProbe(
      groups.enumerated().compactMap { step, group in
        let tensor = network.layers[group[group.count - 1]].output
        let format = network.tensors[tensor].format
        guard format.element == .uint8, tensor != network.output else { return nil }
        return SaturationProbe.Tensor(step: step, view: views[tensor], hasLowerEnd: format.zeroPoint > 0)
      })
    layers = maker.descriptions
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
      lowerBoundBytes: ArenaLayout.lowerBound(requests), stripBytes: maker.stripBytes,
      constantBytes: memory.bytes - arena.size - maker.stripBytes)
  }
}

extension Plan {
  /// The halo of a tensor is as wide as its farthest reader reaches.
  static func layouts(of network: LoweredNetwork) -> [TensorLayout] {
    var halos = [Int](repeating: 0, count: network.tensors.count)
    for layer in network.layers {
      for (index, tensor) in layer.inputs.enumerated() {
        halos[tensor] = max(halos[tensor], layer.halo(ofInput: index, in: network))
      }
    }
    return zip(network.tensors, halos).map { tensor, halo in
      TensorLayout(
        height: tensor.height, width: tensor.width, channels: tensor.channels, pixelPitch: tensor.pixelPitch,
        halo: halo)
    }
  }

  /// A tensor lives from the step that writes it to the last that reads it; inside a group it never exists. The input
  /// and the scores live throughout: the caller writes the next picture and reads the last scores whenever `run` is not
  /// running.
  static func requests(
    of network: LoweredNetwork, _ layouts: [TensorLayout], _ groups: [[Int]]
  ) -> [ArenaLayout.Request] {
    var lives = [ClosedRange<Int>?](repeating: nil, count: network.tensors.count)
    for (step, group) in groups.enumerated() {
      let inner = Set(group.dropLast().map { network.layers[$0].output })
      for layer in group.map({ network.layers[$0] }) {
        for tensor in layer.inputs + [layer.output] where !inner.contains(tensor) {
          lives[tensor] = (lives[tensor]?.lowerBound ?? step)...step
        }
      }
    }
    for tensor in [network.input, network.output] { lives[tensor] = 0...max(groups.count - 1, 0) }
    return zip(lives, layouts).map { life, layout in
      ArenaLayout.Request(bytes: life == nil ? 0 : layout.byteCount, life: life ?? 0...0)
    }
  }
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
