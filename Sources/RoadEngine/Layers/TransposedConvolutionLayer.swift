import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

/// ConvTranspose as one plain convolution for each phase of its stride: the pixels `first + stride · n` of the output
/// see the same taps, so each phase writes its own pixels, and no zero is ever multiplied.
struct TransposedConvolutionLayer: Layer {
  /// One of the stride's phases.
  struct Phase {
    var firstRow: Int
    var firstColumn: Int
    var rows: Int
    var columns: Int
    var window: WindowGeometry
  }

  let name: String
  let kind = LayerKind.transposed
  let source: TensorID
  let output: TensorID
  let strideHeight: Int
  let strideWidth: Int
  let kernelText: String
  let depthwise: Bool
  let phases: [Phase]
  let weights: [WeightLayer]
  let zeroPoint: Int16
  let clamp: ByteClamp

  var inputs: [TensorID] { [source] }
  var windowText: String { kernelText }

  func halo(ofInput input: Int, in network: LoweredNetwork) -> Int {
    let from = network.tensors[source].shape
    return phases.map {
      $0.window.halo(from: from, to: PlaneShape(height: $0.rows, width: $0.columns, channels: 1))
    }.max() ?? 0
  }

  func multiplyAccumulates(in network: LoweredNetwork) -> Int {
    zip(phases, weights).reduce(0) { $0 + $1.0.rows * $1.0.columns * $1.1.outputChannels * $1.1.products }
  }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let kernel = depthwise ? context.kernels.depthwise : context.kernels.convolution
    let list = UnsafePointer(context.memory.copy(phases))
    let packed = UnsafePointer(
      context.memory.copy(weights.map { (context.packed($0, by: kernel), $0.roundsToNearest) }))
    let roundsAsONNXRuntime = weights[0].onnxRuntimeFactors != nil
    let (count, down, across, zeroPoint, clamp) = (phases.count, strideHeight, strideWidth, zeroPoint, clamp)
    return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
      for index in 0..<count {
        let phase = list[index]
        // The phase's rows n with firstRow + n · stride inside `rows`.
        let first = max(0, (rows.lowerBound - phase.firstRow + down - 1) / down)
        let end = min(phase.rows, (rows.upperBound - phase.firstRow + down - 1) / down)
        guard first < end else { continue }
        var every = destination
        every.base = destination.pixel(phase.firstRow, phase.firstColumn)
        (every.height, every.width) = (phase.rows, phase.columns)
        (every.rowPitch, every.pixelPitch) = (destination.rowPitch * down, destination.pixelPitch * across)
        var arguments = ConvolutionArguments(
          source: sources[0], destination: every, window: phase.window, packed: packed[index].0, zeroPoint: zeroPoint,
          low: clamp.low, high: clamp.high, roundsAsONNXRuntime: roundsAsONNXRuntime,
          roundsToNearest: packed[index].1)
        kernel.run(&arguments, first, end)
      }
    }
  }
}
