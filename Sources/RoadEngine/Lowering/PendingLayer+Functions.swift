import RoadBase
import RoadKernelContract
import RoadModel

/// See ``PendingLayer/sums``.
final class SumsIdentity {}

/// A layer, and what makes another's real numbers of its own.
final class SumsBase {
  let layer: PendingLayer
  let function: (Float) -> Float

  init(layer: PendingLayer, function: @escaping (Float) -> Float) {
    self.layer = layer
    self.function = function
  }
}

// Functions between a layer and its QuantizeLinear, whose real numbers the graph never rounds.
extension PendingLayer {
  var takesFunctions: Bool { reach != nil && finishWide != nil }

  /// Nil once something other than a line is behind the layer.
  var transformable: ((ChannelLine, Lowering) throws(RoadError) -> PendingLayer)? {
    function == nil && lowest == -.infinity && highest == .infinity ? transformed : nil
  }

  /// What stands for one of the layer's own real numbers: its function, then its fused activation.
  var result: (Float) -> Float {
    let (function, lowest, highest) = (function, lowest, highest)
    return { min(max(function?($0) ?? $0, lowest), highest) }
  }

  func mapped(_ next: @escaping (Float) -> Float) -> PendingLayer {
    let result = result
    return replacingFunction { next(result($0)) }
  }

  func replacingFunction(_ function: @escaping (Float) -> Float) -> PendingLayer {
    var layer = self
    layer.function = function
    (layer.lowest, layer.highest) = (-.infinity, .infinity)
    (layer.range, layer.wide) = (nil, nil)
    return layer
  }

  /// With a line behind it.
  ///
  /// - Returns: nil once something other than a line is behind the layer.
  func followed(by line: ChannelLine, _ lowering: Lowering) throws(RoadError) -> PendingLayer? {
    guard var layer = try transformable?(line, lowering) else { return nil }
    guard let factor = line.factor.first.map(Float.init), let offset = line.offset.first.map(Float.init),
      Set(line.factor).count == 1, Set(line.offset).count == 1
    else { return layer }
    let first = base?.function
    layer.base = SumsBase(layer: base?.layer ?? self) { factor * (first?($0) ?? $0) + offset }
    return layer
  }

  /// `function` of two functions of the same sums; nil for others.
  static func combining(
    _ left: PendingLayer, _ right: PendingLayer, _ function: @escaping (Float, Float) -> Float
  ) -> PendingLayer? {
    let (first, second) = (left.base?.layer ?? left, right.base?.layer ?? right)
    guard first.sums === second.sums, first.takesFunctions else { return nil }
    func number(_ layer: PendingLayer) -> (Float) -> Float {
      let result = layer.result
      guard let line = layer.base?.function else { return result }
      return { result(line($0)) }
    }
    let (a, b) = (number(left), number(right))
    return first.replacingFunction { function(a($0), b($0)) }
  }

  /// The constant's number for each channel; nil where it differs along other axes.
  func perChannel(_ constant: ConstantTensor) -> [Double]? {
    let view = elements ?? Arrangement(canonical: shape.valueShape).elements(of: shape.valueShape)
    let numbers = constant.reals.map(Double.init)
    guard let first = numbers.first, broadcastShape(view.shape, constant.shape) == view.shape else { return nil }
    if numbers.allSatisfy({ $0 == first }) { return Array(repeating: first, count: shape.channels) }
    let axes = constant.shape.indices.filter { constant.shape[$0] != 1 }
    guard axes.count == 1 else { return nil }
    let axis = axes[0] + view.shape.count - constant.shape.count
    return view.strides[axis] == 1 && numbers.count == shape.channels ? numbers : nil
  }
}

/// `factor · x + offset`, one pair for each channel.
struct ChannelLine {
  var factor: [Double]
  var offset: [Double]

  init(factor: [Double], offset: [Double]) {
    self.factor = factor
    self.offset = offset
  }

  /// A sum, difference, product or quotient of an activation and constants; nil for a constant divided by an
  /// activation.
  init?(_ operation: String, constantIsFirst: Bool, _ numbers: [Double]) {
    let ones = [Double](repeating: 1, count: numbers.count)
    let zeros = [Double](repeating: 0, count: numbers.count)
    switch operation {
    case "Add", "Sum": self.init(factor: ones, offset: numbers)
    case "Sub" where constantIsFirst: self.init(factor: ones.map { -$0 }, offset: numbers)
    case "Sub": self.init(factor: ones, offset: numbers.map { -$0 })
    case "Mul": self.init(factor: numbers, offset: zeros)
    case "Div" where !constantIsFirst: self.init(factor: numbers.map { 1 / $0 }, offset: zeros)
    default: return nil
    }
    guard factor.allSatisfy(\.isFinite), offset.allSatisfy(\.isFinite) else { return nil }
  }

  /// Nil where a parameter is not a constant of one number for each channel.
  init?(batchNormalization node: Node, _ lowering: Lowering) throws(RoadError) {
    var parameters: [[Double]] = []
    for index in 1...4 {
      guard let constant = try lowering.constant(index, of: node) else { return nil }
      parameters.append(constant.reals.map(Double.init))
    }
    guard Set(parameters.map(\.count)).count == 1 else { return nil }
    let epsilon = Double(try node.float("epsilon", default: 1e-5))
    factor = zip(parameters[0], parameters[3]).map { $0 / ($1 + epsilon).squareRoot() }
    offset = parameters[0].indices.map { [factor] in parameters[1][$0] - parameters[2][$0] * factor[$0] }
    guard factor.allSatisfy(\.isFinite), offset.allSatisfy(\.isFinite) else { return nil }
  }
}

extension WeightTensor {
  /// Weights and bias of the convolution with a line behind it: the factor goes into the scale, its sign into the
  /// integers.
  ///
  /// A factor so small that the bias would leave the accumulator shrinks the integers, too: what they lose is under a
  /// thousandth of the bias.
  ///
  /// - Parameter step: real units of one step of the convolution's input.
  func transformed(
    by line: ChannelLine, bias: ConstantTensor?, step: Double
  ) throws(RoadError) -> (weights: WeightTensor, bias: ConstantTensor) {
    let given = bias?.reals ?? [Float](repeating: 0, count: outputs)
    guard given.count == outputs, line.factor.count == outputs else {
      throw RoadError(.model, "\(line.factor.count) factors and \(given.count) biases for \(outputs) output channels")
    }
    var (result, offsets) = (self, given)
    let each = inputs * height * width
    for (channel, factor) in line.factor.enumerated() {
      let offset = Double(given[channel]) * factor + line.offset[channel]
      let exact = Double(scales[channel]) * abs(factor)
      let lowest = max(abs(offset) / step * 0x1p-29, exact > 0x1p-100 ? 0 : Double(scales[channel]))
      let scale = max(exact, lowest)
      let ratio = scale == exact ? (factor < 0 ? -1 : 1) : (factor < 0 ? -exact : exact) / scale
      for index in channel * each..<(channel + 1) * each {
        result.values[index] = Int16((Double(values[index]) * ratio).rounded())
      }
      result.scales[channel] = Float(scale)
      offsets[channel] = Float(offset)
    }
    guard result.scales.allSatisfy(\.isFinite), offsets.allSatisfy(\.isFinite) else {
      throw RoadError(.model, "what is multiplied with its result leaves the range of 32-bit floats")
    }
    let name = bias?.name ?? "bias"
    return (result, ConstantTensor(name: name, data: TensorData(floats: offsets, shape: [outputs])))
  }

  /// How far from zero the convolution's real numbers can be.
  func farthest(bias: ConstantTensor?, from source: LoweredTensor) -> Float {
    let each = inputs * height * width
    let biases = bias?.reals ?? []
    let (lowest, highest) = source.kind == .int16 ? (Int(Int16.min), Int(Int16.max)) : (0, 255)
    let span = source.step * Double(max(source.zero - lowest, highest - source.zero))
    return (0..<outputs).reduce(Float(0)) { farthest, channel in
      let sum = values[channel * each..<(channel + 1) * each].reduce(0) { $0 + abs(Int($1)) }
      let own = Double(sum) * Double(scales[channel]) * span
      return max(farthest, Float(own) + abs(channel < biases.count ? biases[channel] : 0))
    }
  }
}
