import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

extension Lowering {
  /// Scores of 15 bits for a convolution that no QuantizeLinear follows, over all that can come out of it; nil for
  /// other layers.
  mutating func wideScores(_ layer: PendingLayer) throws(RoadError) -> TensorID? {
    guard let wide = layer.wide, layer.elements == nil, wide.weights.fitsByte else {
      return try scoresOfWords(layer)
    }
    let from = tensor(wide.source).quantization
    let sums = try wide.weights.sums(bias: wide.bias, from: from, roundsAsONNXRuntime: roundsAsONNXRuntime)
    let units = wide.weights.scales.map { Double(from.scale) * Double($0) }
    let farthest = zip(sums.reach, units).map { Double($0) * $1 }.max() ?? 0
    guard farthest.isFinite, farthest > 0 else { return nil }
    let step = farthest / Double(Int15ScoresArguments.zero - 1)
    // Multipliers of 30 bits or less: a factor is under 2^14 steps a unit.
    let shift = min(30 - Int((units.max() ?? 1) / step).bitWidthOfMagnitude, 62)
    let factors = units.map { Int64(($0 / step * Double(sign: .plus, exponent: shift, significand: 1)).rounded()) }
    let roundings = zip(factors, sums.rests).map { Int64(1) << (shift - 1) + Int64((Double($0) * $1).rounded()) }
    func level(_ real: Float, _ infinite: Int32) -> Int {
      guard real.isFinite else { return Int(infinite) }
      let steps = (Double(real) / step).rounded() + Double(Int15ScoresArguments.zero)
      return Int(min(max(steps, 0), Double(Int15ScoresArguments.highest)))
    }
    let lowChannel = paddedChannels(layer.shape.channels)
    var shape = layer.shape
    shape.channels = lowChannel + layer.shape.channels
    let middle = UInt8(Int15ScoresArguments.zero >> Int32(Int15ScoresArguments.lowBits))
    let scale = Float(step * Double(1 << Int15ScoresArguments.lowBits))
    let output = addTensor("\(layer.node)/scores", shape, Quantization(scale: scale, zeroPoint: middle))
    append(
      WideScoresLayer(
        name: layer.node, source: wide.source, output: output, window: wide.window, lowChannel: lowChannel,
        weights: sums.layer, factors: factors, roundings: roundings, shift: shift, low: level(layer.lowest, 0),
        high: level(layer.highest, Int15ScoresArguments.highest)))
    network.wideScores = WideScoresShape(classes: layer.shape.channels, lowChannel: lowChannel)
    return output
  }
}

extension Lowering {
  /// The same for any other layer that can write words, over all that can come out of it: both bytes of a score are
  /// tables of the word.
  private mutating func scoresOfWords(_ layer: PendingLayer) throws(RoadError) -> TensorID? {
    guard layer.elements == nil, layer.function == nil, layer.finishWide != nil, let reach = layer.reach?(self),
      reach.isFinite, reach > 0
    else { return nil }
    let quantization = Int16Quantization(scale: reach / Float(Int16.max), zeroPoint: 0)
    let words = try finish(layer, name: "\(layer.node)/words", quantization)
    let lowBits = Int(Int15ScoresArguments.lowBits)
    let scores = (Int16.min...Int16.max).map { (Int($0) - Int(Int16.min)) >> 1 }
    let tables = [scores.map { UInt8($0 >> lowBits) }, scores.map { UInt8($0 & (1 << lowBits - 1)) }]
    let middle = UInt8(Int(Int15ScoresArguments.zero) >> lowBits)
    let coarse = Quantization(scale: quantization.scale * Float(2 << lowBits), zeroPoint: middle)
    let halves = zip(["high", "low"], tables).map { name, table in
      let half = addTensor("\(layer.node)/\(name)", layer.shape, coarse)
      append(
        ConversionLayer(
          name: "\(layer.node)/\(name)", source: words.tensor, output: half, from: .int16, to: .uint8,
          table: .bytes(table)))
      return half
    }
    let lowChannel = paddedChannels(layer.shape.channels)
    var shape = layer.shape
    shape.channels = lowChannel + layer.shape.channels
    let output = addTensor("\(layer.node)/scores", shape, coarse)
    append(
      ConcatenationLayer(
        name: "\(layer.node)/scores", inputs: halves, output: output, axis: .channels, starts: [0, Int32(lowChannel)],
        tables: [nil, nil]))
    network.wideScores = WideScoresShape(classes: layer.shape.channels, lowChannel: lowChannel)
    return output
  }
}

extension Int {
  /// Bits that the number needs, 0 for 0.
  fileprivate var bitWidthOfMagnitude: Int { Int.bitWidth - magnitude.leadingZeroBitCount }
}
