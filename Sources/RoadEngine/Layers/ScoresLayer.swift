import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

/// The last convolution of a model that leaves its scores as real numbers.
struct Int15ScoresLayer: Layer {
  let name: String
  let kind = LayerKind.convolution
  let source: TensorID
  let output: TensorID
  let window: WindowGeometry
  let lowChannel: Int
  let weights: WeightLayer
  let factors: [Int64]
  let roundings: [Int64]
  let shift: Int
  let low: Int
  let high: Int

  var inputs: [TensorID] { [source] }
  var windowText: String { window.text }

  func halo(ofInput input: Int, in network: LoweredNetwork) -> Int {
    window.halo(from: network.tensors[source].shape, to: network.tensors[output].shape)
  }

  func multiplyAccumulates(in network: LoweredNetwork) -> Int {
    let to = network.tensors[output]
    return to.height * to.width * weights.outputChannels * weights.products
  }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let kernel = context.kernels.int15Scores
    let memory = context.memory
    let bytes = UnsafePointer(memory.copy(weights.weights))
    let bias = UnsafePointer(memory.copy((0..<weights.outputChannels).map { weights.foldedBias($0) }))
    let (multipliers, roundings) = (UnsafePointer(memory.copy(factors)), UnsafePointer(memory.copy(roundings)))
    let layer = (window, weights.outputChannels, lowChannel, Int64(shift), Int64(low), Int64(high))
    return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
      var arguments = Int15ScoresArguments(
        source: sources[0], destination: destination, window: layer.0, classes: layer.1, lowChannel: layer.2,
        weights: bytes, bias: bias, multipliers: multipliers, roundings: roundings, shift: layer.3, low: layer.4,
        high: layer.5)
      kernel.run(&arguments, rows.lowerBound, rows.upperBound)
    }
  }
}
