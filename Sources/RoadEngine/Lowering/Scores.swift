import RoadBase
import RoadKernelContract
import RoadModel

extension LoweredNetwork {
  /// Scores of 15 bits for a convolution that no QuantizeLinear follows, over all that can come out of it; nil for
  /// other layers.
  mutating func emitScores(_ layer: PendingLayer) throws(RoadError) -> TensorID? {
    guard layer.epilogue.function == nil, layer.elements == nil,
      let convolution = try layer.folded(in: self) as? Convolution, case .plain(let window) = convolution.window,
      let weights = convolution.weightsOfScores
    else { return try emitScoresThroughInt16(layer) }
    let from = tensors[convolution.source].quantization
    let sums = try weights.sums(bias: convolution.bias, from: from, rounding)
    let units = weights.scales.map { Double(from.scale) * Double($0) }
    let farthest = zip(sums.largestSums, units).map { Double($0) * $1 }.max() ?? 0
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
    let output = addTensor(
      "\(layer.node)/scores", shape, TensorFormat(Quantization(scale: scale, zeroPoint: middle)))
    append(
      Int15ScoresLayer(
        name: layer.node, source: convolution.source, output: output, window: window, lowChannel: lowChannel,
        weights: sums.layer, factors: factors, roundings: roundings, shift: shift, low: level(layer.epilogue.lowest, 0),
        high: level(layer.epilogue.highest, Int15ScoresArguments.highest)))
    int15Scores = Int15ScoresShape(classes: layer.shape.channels, lowChannel: lowChannel)
    return output
  }
}

extension LoweredNetwork {
  /// The same for any other layer that can write 16 bits, over all that can come out of it: both bytes of a score are
  /// tables.
  private mutating func emitScoresThroughInt16(_ layer: PendingLayer) throws(RoadError) -> TensorID? {
    guard layer.elements == nil, layer.epilogue.function == nil, layer.producer.writesInt16,
      let farthest = try layer.folded(in: self).reach(in: self), farthest.isFinite, farthest > 0
    else { return nil }
    let quantization = Int16Quantization(scale: farthest / Float(Int16.max), zeroPoint: 0)
    let wide = try emit(layer, to: TensorFormat(quantization), name: "\(layer.node)/int16")
    return int15Scores(of: wide.tensor, name: layer.node)
  }

  /// Scores that are a tensor of 16 bits: their upper 15.
  mutating func int15Scores(of int16: TensorID, name: String) -> TensorID {
    let (source, lowBits) = (tensors[int16], Int(Int15ScoresArguments.lowBits))
    let scores = (Int16.min...Int16.max).map { (Int($0) - Int(Int16.min)) >> 1 }
    let tables = [scores.map { UInt8($0 >> lowBits) }, scores.map { UInt8($0 & (1 << lowBits - 1)) }]
    let zeroPoint = (source.format.zeroPoint - Int(Int16.min)) >> (1 + lowBits)
    let coarse = TensorFormat(
      Quantization(scale: source.format.scale * Float(2 << lowBits), zeroPoint: UInt8(zeroPoint)))
    let halves = zip(["high", "low"], tables).map { part, table in
      let half = addTensor("\(name)/\(part)", source.shape, coarse)
      append(
        ConversionLayer(
          name: "\(name)/\(part)", source: int16, output: half, from: .int16, to: .uint8, table: .uint8(table)))
      return half
    }
    let lowChannel = paddedChannels(source.channels)
    var shape = source.shape
    shape.channels = lowChannel + source.channels
    let output = addTensor("\(name)/scores", shape, coarse)
    append(
      ConcatenationLayer(
        name: "\(name)/scores", inputs: halves, output: output, axis: .channels, starts: [0, Int32(lowChannel)],
        tables: [nil, nil]))
    int15Scores = Int15ScoresShape(classes: source.channels, lowChannel: lowChannel)
    return output
  }
}

extension Convolution {
  /// Those of a dense convolution of bytes; nil for others.
  fileprivate var weightsOfScores: WeightTensor? {
    let weights = coarseWeights ?? (groups == 1 && !needsInt16 ? self.weights : nil)
    return weights.flatMap { $0.fitsByte ? $0 : nil }
  }
}

extension Int {
  /// Bits that the number needs, 0 for 0.
  fileprivate var bitWidthOfMagnitude: Int { Int.bitWidth - magnitude.leadingZeroBitCount }
}
