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
    let kernel = context.kernels.int16.convolution(from: from, to: to)
    let (memory, count) = (context.memory, phases.count)
    let list = UnsafePointer(
      memory.copy(
        phases.map { ($0.geometry, memory.copy($0.weights.values), memory.copy($0.weights.sums)) }))
    let (bias, rescalings) = (UnsafePointer(memory.copy(bias)), UnsafePointer(memory.copy(rescalings)))
    let (down, across, groups, zero) = (strideHeight, strideWidth, groups, Int64(sourceZeroPoint))
    return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
      for index in 0..<count {
        let (phase, weights, sums) = list[index]
        let first = max(0, (rows.lowerBound - phase.firstRow + down - 1) / down)
        let end = min(phase.rows, (rows.upperBound - phase.firstRow + down - 1) / down)
        guard first < end else { continue }
        var every = destination
        every.base = destination.pixel(phase.firstRow, phase.firstColumn)
        (every.height, every.width) = (phase.rows, phase.columns)
        (every.rowPitch, every.pixelPitch) = (destination.rowPitch * down, destination.pixelPitch * across)
        var arguments = Int16ConvolutionArguments(
          source: sources[0], destination: every, window: phase.window, weights: weights, sums: sums, bias: bias,
          rescalings: rescalings, groupInputs: sources[0].channels / groups,
          groupOutputs: destination.channels / groups, sourceZeroPoint: zero)
        kernel.run(&arguments, first, end)
      }
    }
  }
}

/// Weights in the order of ``Int16ConvolutionArguments``.
struct Int16Weights {
  /// `[output][row][column][input]`
  var values: [Int16]
  /// `[output][row][column]`
  var sums: [Int64]
}
