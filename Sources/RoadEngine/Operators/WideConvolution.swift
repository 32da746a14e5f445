import RoadBase
import RoadKernelContract
import RoadKernels

extension WideWeights {
  init(_ weights: WeightTensor) {
    let (taps, inputs) = (weights.height * weights.width, weights.inputs)
    values = [Int16](repeating: 0, count: weights.values.count)
    sums = [Int64](repeating: 0, count: weights.outputs * taps)
    for output in 0..<weights.outputs {
      for input in 0..<inputs {
        for tap in 0..<taps {
          let weight = weights.values[(output * inputs + input) * taps + tap]
          values[(output * taps + tap) * inputs + input] = weight
          sums[output * taps + tap] += Int64(weight)
        }
      }
    }
  }
}

extension Lowering {
  /// Adds a convolution between tensors of which one is of words.
  ///
  /// - Parameters:
  ///   - text: of the window, for the layer table.
  ///   - stride: of a transposed convolution; 1 for a plain one.
  mutating func appendWideConvolution(
    _ name: String, _ kind: LayerKind, from source: TensorID, to output: TensorID, _ range: ClosedRange<Int>,
    phases: [(TransposedConvolutionLayer.Phase, WeightTensor)], bias: ConstantTensor?, groups: Int, text: String,
    stride: (height: Int, width: Int) = (1, 1)
  ) throws(RoadError) {
    let (from, to) = (tensor(source), tensor(output))
    guard let all = phases.first?.1 else { throw RoadError(.model, "has no weights") }
    let products = all.scales.map { from.step * Double($0) }
    let whole = try all.accumulatorBias(
      bias, scales: products, limit: Int16Rescaling.accumulatorLimit, roundsAsONNXRuntime: roundsAsONNXRuntime)
    for (_, weights) in phases {
      try weights.checkReach(
        whole.units, largest: from.kind == .int16 ? 1 << 16 : 255, limit: Int16Rescaling.accumulatorLimit)
    }
    var rescalings: [Int16Rescaling] = []
    for (channel, product) in products.enumerated() {
      let step = to.channelScales.map { Double($0[channel]) } ?? to.step
      rescalings.append(try .rescaling(product / step, to: to, range, rest: whole.rests[channel]))
    }
    append(
      WideConvolutionLayer(
        name: name, kind: kind, source: source, output: output, windowText: text, strideHeight: stride.height,
        strideWidth: stride.width, groups: groups,
        phases: phases.map { WideConvolutionLayer.Phase(geometry: $0.0, weights: WideWeights($0.1)) },
        bias: whole.units.map { Int64($0) }, rescalings: rescalings, sourceZeroPoint: from.zero, from: from.kind,
        to: to.kind)
    )
  }
}
