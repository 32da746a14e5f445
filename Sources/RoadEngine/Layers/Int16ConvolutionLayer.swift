import RoadBase
import RoadKernelContract
import RoadKernels

/// Convolution, plain, in groups or transposed, that reads or writes 16 bits.
struct Int16ConvolutionLayer: Layer {
  /// The pixels `first + stride · n` of the output see the same taps; a plain convolution has one such phase.
  struct Phase {
    var geometry: TransposedConvolutionLayer.Phase
    var weights: Int16Weights
  }

  let name: String
  let kind: LayerKind
  let source: TensorID
  let output: TensorID
  let windowText: String
  let strideHeight: Int
  let strideWidth: Int
  let groups: Int
  let phases: [Phase]
  let bias: [Int64]
  let rescalings: [Int16Rescaling]
  let sourceZeroPoint: Int
  let from: TensorElement
  let to: TensorElement

  var inputs: [TensorID] { [source] }
  func halo(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }

  func multiplyAccumulates(in network: LoweredNetwork) -> Int {
    phases.reduce(0) { $0 + $1.geometry.rows * $1.geometry.columns * $1.weights.values.count }
  }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    if let kernel = context.kernels.int16.packedConvolution, let packed = packed(kernel, context.memory) {
      return prepare(kernel.name, context.memory, packed) { phase, source, destination, first, end in
        var arguments = Int16PackedArguments(
          source: source, destination: destination, window: phase.window, packed: phase.packed, groups: phase.groups,
          groupInputs: phase.groupInputs, groupOutputs: phase.groupOutputs, sourceZeroPoint: phase.sourceZeroPoint,
          zeroPoint: phase.rule.zeroPoint, low: phase.rule.low, high: phase.rule.high, pairsInInt32: phase.pairsInInt32,
          sourceElement: phase.from, destinationElement: phase.to)
        kernel.run(&arguments, first, end)
      }
    }
    let kernel = context.kernels.int16.convolution(from: from, to: to)
    let (memory, groups, zero) = (context.memory, groups, Int64(sourceZeroPoint))
    let list = phases.map { (memory.copy($0.weights.values), memory.copy($0.weights.sums), $0.geometry.window) }
    let largest = phases.flatMap(\.weights.values).reduce(0) { max($0, Int($1.magnitude)) }
    let products = Int16ConvolutionArguments.products(inInt32Of: from, largestWeight: largest)
    let (bias, rescalings) = (UnsafePointer(memory.copy(bias)), UnsafePointer(memory.copy(rescalings)))
    return prepare(kernel.name, memory, list) { phase, source, destination, first, end in
      var arguments = Int16ConvolutionArguments(
        source: source, destination: destination, window: phase.2, weights: phase.0, sums: phase.1, bias: bias,
        rescalings: rescalings, groupInputs: source.channels / groups, groupOutputs: destination.channels / groups,
        sourceZeroPoint: zero, productsInInt32: products)
      kernel.run(&arguments, first, end)
    }
  }

  /// - Parameters:
  ///   - constants: of each phase.
  ///   - run: computes the rows `first..<end` of a phase, whose pixels its destination alone has.
  private func prepare<Constants>(
    _ kernel: String, _ memory: PlanMemory, _ constants: [Constants],
    _ run: @escaping (Constants, _ source: TensorView, _ destination: TensorView, _ first: Int, _ end: Int) -> Void
  ) -> PreparedLayer {
    let (list, count) = (UnsafePointer(memory.copy(Array(zip(phases.map(\.geometry), constants)))), phases.count)
    let (down, across) = (strideHeight, strideWidth)
    return PreparedLayer(kernel: kernel) { sources, destination, rows in
      for index in 0..<count {
        let phase = list[index].0
        let first = max(0, (rows.lowerBound - phase.firstRow + down - 1) / down)
        let end = min(phase.rows, (rows.upperBound - phase.firstRow + down - 1) / down)
        guard first < end else { continue }
        var every = destination
        every.base = destination.pixel(phase.firstRow, phase.firstColumn)
        (every.height, every.width) = (phase.rows, phase.columns)
        (every.rowPitch, every.pixelPitch) = (destination.rowPitch * down, destination.pixelPitch * across)
        run(list[index].1, sources[0], every, first, end)
      }
    }
  }

  /// What the vector kernel wants to know of a phase.
  private struct PackedPhase {
    var window: WindowGeometry
    var packed: UnsafeRawPointer
    var groups: Int
    var groupInputs: Int
    var groupOutputs: Int
    var sourceZeroPoint: Int64
    var rule: Int16Rescaling
    var pairsInInt32: Int
    var from: TensorElement
    var to: TensorElement
  }

  /// - Returns: nil where the kernel cannot compute one of the phases.
  private func packed(_ kernel: Int16PackedKernel, _ memory: PlanMemory) -> [PackedPhase]? {
    guard let rule = rescalings.first else { return nil }
    let outputs = rescalings.count / groups
    var list: [PackedPhase] = []
    for phase in phases {
      let taps = phase.geometry.window.kernelHeight * phase.geometry.window.kernelWidth
      let inputs = phase.weights.values.count / max(rescalings.count * taps, 1)
      let layer = Int16PackedLayer(
        window: phase.geometry.window, groups: groups, groupInputs: inputs, groupOutputs: outputs,
        weights: phase.weights.values, bias: bias, rescalings: rescalings, sourceZeroPoint: Int64(sourceZeroPoint),
        sourceElement: from)
      guard inputs > 0, let bytes = kernel.pack(layer) else { return nil }
      list.append(
        PackedPhase(
          window: phase.geometry.window, packed: UnsafeRawPointer(memory.copy(bytes)), groups: groups,
          groupInputs: inputs, groupOutputs: outputs, sourceZeroPoint: Int64(sourceZeroPoint), rule: rule,
          pairsInInt32: layer.productsInInt32 / 2, from: from, to: to))
    }
    return list
  }
}

/// Weights in the order of ``Int16ConvolutionArguments``.
struct Int16Weights {
  /// `[output][row][column][input]`
  var values: [Int16]
  /// `[output][row][column]`
  var sums: [Int64]
}
