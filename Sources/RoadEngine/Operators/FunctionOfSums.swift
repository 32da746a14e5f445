import RoadBase
import RoadKernelContract
import RoadModel

// Activations between a convolution and its QuantizeLinear: the convolution's result is a real number that the graph
// never quantizes.
extension Lowering {
  /// `x < 0 ? slope · x : x` for each channel.
  ///
  /// Rounding keeps the order of numbers, so the bytes of the greater of two numbers are the greater of their bytes:
  /// the convolution runs twice, once with the slopes in its weights, each with the rounding of its own.
  ///
  /// - Returns: nil for other layers than convolutions, and slopes of which some are negative and others over 1.
  func leaky(_ layer: PendingLayer, _ slopes: [Double]) throws(RoadError) -> PendingLayer? {
    let zeros = [Double](repeating: 0, count: slopes.count)
    guard let transformed = layer.transformable, let choice = LeakyChoice(slopes: slopes) else { return nil }
    let sloped = try transformed(ChannelLine(factor: slopes, offset: zeros), self)
    var leaky = PendingLayer(node: layer.node, shape: layer.shape, elements: layer.elements) {
      (lowering: inout Lowering, output, clamp) throws(RoadError) in
      let to = lowering.tensor(output)
      var parts: [TensorID] = []
      for (part, suffix) in [(layer, "whole"), (sloped, "sloped")] {
        let bytes = lowering.addTensor("\(layer.node)/\(suffix)", layer.shape, to.quantization)
        lowering.network.tensors[bytes].channelScales = to.channelScales
        try part.finish(&lowering, bytes, .none)
        parts.append(bytes)
      }
      lowering.append(
        PairLayer(
          name: "\(layer.node)/leaky", left: parts[0], right: parts[1], output: output,
          operation: .table(choice.table(zeroPoint: to.quantization.zeroPoint, clamp)),
          shapes: [layer.shape, layer.shape, layer.shape]))
    }
    leaky.hasChannelFactors = true
    return leaky
  }

  /// A function of one number: the convolution writes words over the part of its range in which the function's integers
  /// change, and a table makes the result of them.
  mutating func finish(
    _ layer: PendingLayer, through function: (Float) -> Float, to output: TensorID, _ range: ClosedRange<Int>
  ) throws(RoadError) {
    guard let finishWide = layer.finishWide, let reach = layer.reach?(self), reach.isFinite, reach > 0 else {
      throw RoadError(.model, "a function of a result that is not quantized, and has no known range")
    }
    let to = tensor(output)
    let changing = Self.changing(within: reach) { real in
      let result = function(real)
      return to.words.map { Int32($0.quantize(result)) } ?? Int32(to.quantization.quantize(result))
    }
    let quantization = Int16Quantization(refining: .spanning(changing.lowerBound, changing.upperBound))
    let words = addTensor("\(layer.node)/words", layer.shape, words: quantization)
    try finishWide(&self, words, Int(Int16.min)...Int(Int16.max))
    let reals = (Int16.min...Int16.max).map { function(quantization.dequantize($0)) }
    append(
      ConversionLayer(
        name: "\(layer.node)/function", source: words, output: output, from: .int16, to: to.kind,
        table: ConversionLayer.Table(reals, to: to, range)))
  }

  /// The part of `-reach...reach` outside of which an integer stays as it is.
  private static func changing(within reach: Float, _ integer: (Float) -> Int32) -> ClosedRange<Float> {
    let steps = 1 << 15
    func real(_ index: Int) -> Float { reach * Float(min(max(index, -steps), steps)) / Float(steps) }
    let integers = (-steps...steps).map { integer(real($0)) }
    let first = (integers.firstIndex { $0 != integers.first } ?? 0) - steps
    let last = (integers.lastIndex { $0 != integers.last } ?? 0) - steps
    let (lowest, highest) = (real(min(first, last) - 1), real(max(first, last) + 1))
    // The zero-point's rounding moves the words by up to half a byte's step.
    let margin = (highest - lowest) / 256
    return lowest - margin...highest + margin
  }
}

/// Which of the bytes of `x` and `slope · x` is that of `x < 0 ? slope · x : x`.
private enum LeakyChoice {
  /// No slope over 1.
  case greater
  /// No slope under 0: both numbers lie on the same side of zero.
  case bySign

  init?(slopes: [Double]) {
    if slopes.allSatisfy({ $0 <= 1 }) {
      self = .greater
    } else if slopes.allSatisfy({ $0 >= 0 }) {
      self = .bySign
    } else {
      return nil
    }
  }

  /// `[x · 256 + slope · x]`.
  func table(zeroPoint: UInt8, _ clamp: ByteClamp) -> [UInt8] {
    (0...255 as ClosedRange<UInt8>).flatMap { whole in
      (0...255 as ClosedRange<UInt8>).map { sloped in
        let chosen =
          switch self {
          case .greater: max(whole, sloped)
          case .bySign: whole > zeroPoint ? whole : min(sloped, zeroPoint)
          }
        return min(max(chosen, clamp.low), clamp.high)
      }
    }
  }
}
