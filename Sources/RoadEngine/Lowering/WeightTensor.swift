import RoadBase
import RoadModel

/// Constant weights as integers around zero, `[output][input][row][column]`, with the scale of each output channel.
///
/// Zero-points are taken out: `value = integer − zero-point` lies in −255...255. Values beyond a signed byte need two
/// weights each (``fitsByte``).
struct WeightTensor: Equatable, Sendable {
  let outputs: Int
  /// Channels that one output channel sees.
  let inputs: Int
  let height: Int
  let width: Int
  var values: [Int16]
  var scales: [Float]

  var fitsByte: Bool { values.allSatisfy { (-128...127).contains($0) } }
  /// Each value is the sum of two bytes.
  var fitsTwoBytes: Bool { values.allSatisfy { (-256...254).contains($0) } }

  init(outputs: Int, inputs: Int, height: Int, width: Int, values: [Int16], scales: [Float]) {
    self.outputs = outputs
    self.inputs = inputs
    self.height = height
    self.width = width
    self.values = values
    self.scales = scales
  }

  /// OIHW weights of a Conv.
  ///
  /// - Parameter largest: of the integers that float weights become.
  init(convolution constant: ConstantTensor, largest: Float = 127) throws(RoadError) {
    let shape = constant.shape
    guard shape.count == 4, shape.allSatisfy({ $0 > 0 }) else {
      throw RoadError(.model, "its weights have shape \(shape), not OxIxHxW")
    }
    let integers = try Integers(constant, outputAxes: [0], largest: largest)
    self.init(
      outputs: shape[0], inputs: shape[1], height: shape[2], width: shape[3], values: integers.values,
      scales: (0..<shape[0]).map { integers.scale($0) })
  }

  /// I, O/groups, H, W of a ConvTranspose, brought into the order of a Conv; taps stay as they are.
  init(transposed constant: ConstantTensor, groups: Int, largest: Float = 127) throws(RoadError) {
    let shape = constant.shape
    guard shape.count == 4, shape.allSatisfy({ $0 > 0 }), shape[0] % groups == 0 else {
      throw RoadError(.model, "its weights have shape \(shape), not IxOxHxW in \(groups) groups")
    }
    let integers = try Integers(constant, outputAxes: [1], largest: largest)
    let (inputs, each, taps) = (shape[0] / groups, shape[1], shape[2] * shape[3])
    var values: [Int16] = []
    values.reserveCapacity(integers.values.count)
    for output in 0..<each * groups {
      for input in 0..<inputs {
        let start = ((output / each * inputs + input) * each + output % each) * taps
        values.append(contentsOf: integers.values[start..<start + taps])
      }
    }
    // One scale for each of the O/groups channels serves all groups; some quantizers write one for all O.
    let own = integers.scaleCount
    self.init(
      outputs: each * groups, inputs: inputs, height: shape[2], width: shape[3], values: values,
      scales: (0..<each * groups).map { integers.scale(own == each * groups ? $0 : $0 % each) })
  }

  /// A matrix, depth x outputs, or outputs x depth if it is transposed.
  ///
  /// - Parameter largest: of the integers that float weights become.
  init(matrix constant: ConstantTensor, isTransposed: Bool, largest: Float = 127) throws(RoadError) {
    let shape = Array(constant.shape.suffix(2))
    guard shape.count == 2, constant.shape.dropLast(2).allSatisfy({ $0 == 1 }), shape.allSatisfy({ $0 > 0 }) else {
      throw RoadError(.model, "its constant has shape \(constant.shape), not that of a matrix")
    }
    let axis = constant.shape.count - (isTransposed ? 2 : 1)
    let integers = try Integers(constant, outputAxes: [axis], largest: largest)
    let (outputs, inputs) = isTransposed ? (shape[0], shape[1]) : (shape[1], shape[0])
    var values = integers.values
    if !isTransposed {
      for output in 0..<outputs {
        for input in 0..<inputs { values[output * inputs + input] = integers.values[input * outputs + output] }
      }
    }
    self.init(
      outputs: outputs, inputs: inputs, height: 1, width: 1, values: values,
      scales: (0..<outputs).map { integers.scale($0) })
  }

  /// Only some taps of the window.
  func taps(rows: [Int], columns: [Int]) -> WeightTensor {
    var chosen: [Int16] = []
    chosen.reserveCapacity(outputs * inputs * rows.count * columns.count)
    for plane in 0..<outputs * inputs {
      for row in rows {
        for column in columns { chosen.append(values[(plane * height + row) * width + column]) }
      }
    }
    return WeightTensor(
      outputs: outputs, inputs: inputs, height: rows.count, width: columns.count, values: chosen, scales: scales)
  }

  /// All zero, one tap: for outputs that no tap reaches.
  var blank: WeightTensor {
    WeightTensor(
      outputs: outputs, inputs: inputs, height: 1, width: 1, values: Array(repeating: 0, count: outputs * inputs),
      scales: scales)
  }

  /// Each input channel twice, each value split into two that fit a byte: what zero-points far from the middle need.
  var doubled: WeightTensor {
    var halves: [Int16] = []
    halves.reserveCapacity(values.count * 2)
    let each = inputs * height * width
    for output in 0..<outputs {
      let row = values[output * each..<(output + 1) * each]
      halves.append(contentsOf: row.map { $0 >> 1 })
      halves.append(contentsOf: row.map { $0 - $0 >> 1 })
    }
    return WeightTensor(
      outputs: outputs, inputs: inputs * 2, height: height, width: width, values: halves, scales: scales)
  }
}

extension WeightTensor {
  /// The scale of each output times that of the one channel that it sees.
  func scales(timesThoseOf channels: [Float]) -> [Float] {
    let each = max(outputs / channels.count, 1)
    return scales.indices.map { scales[$0] * channels[min($0 / each, channels.count - 1)] }
  }
}

extension LoweredNetwork {
  /// What float weights, which no quantizer touched, become for a network that others quantized, in a convolution with
  /// 16-bit kernels, and weights of 16 bits: integers of 14 bits; of 10 where channels of 16 bits are seen one by one,
  /// so that an Int32 holds all taps. Nil for other weights.
  func largestFloatWeight(_ constant: ConstantTensor, reading source: TensorID, groups: Int = 1) -> Float? {
    guard rounding.refinesFloatWeights, constant.scale == nil || constant.has16Bits else { return nil }
    return tensors[source].element == .int16 && groups > 1 ? 1023 : 16383
  }
}

extension WeightTensor {
  /// A constant's integers without their zero-points. Float weights are quantized here, symmetric, one scale an output
  /// channel.
  private struct Integers {
    let values: [Int16]
    private let scales: [Float]

    var scaleCount: Int { scales.count }
    func scale(_ output: Int) -> Float { scales[scales.count == 1 ? 0 : output] }

    init(_ constant: ConstantTensor, outputAxes: [Int], largest: Float = 127) throws(RoadError) {
      guard let scale = constant.scale, !constant.has16Bits else {
        (values, scales) = try Self.quantized(constant, axis: outputAxes[0], largest)
        return
      }
      guard scale.scales.count == 1 || outputAxes.contains(scale.axis) else {
        throw RoadError(.model, "its weights are quantized along axis \(scale.axis), not per output channel")
      }
      guard [.int8, .uint8].contains(constant.data.elementType), let integers = constant.data.integers else {
        throw RoadError(.model, "its weights are \(constant.data.elementType), not int8 or uint8")
      }
      let groups = constant.groups(along: scale.axis)
      values = integers.enumerated().map { position, integer in
        Int16(integer - Int(scale.zeroPoint(groups[position])))
      }
      scales = scale.scales
    }

    private static func quantized(
      _ constant: ConstantTensor, axis: Int, _ largest: Float
    ) throws(RoadError) -> (values: [Int16], scales: [Float]) {
      let reals = constant.reals
      guard constant.data.integers == nil || constant.has16Bits, reals.allSatisfy(\.isFinite) else {
        throw RoadError(.model, "its weights are not quantized, or not finite")
      }
      var scales = [Float](repeating: 0, count: constant.shape[axis])
      let groups = constant.groups(along: axis)
      for (position, real) in reals.enumerated() {
        let group = groups[position]
        scales[group] = max(scales[group], abs(real) / largest)
      }
      scales = scales.map { max($0, 1e-10) }
      let values = reals.enumerated().map { position, real in
        Int16((real / scales[groups[position]]).rounded(.toNearestOrEven))
      }
      return (values, scales)
    }
  }
}

extension ConstantTensor {
  fileprivate var has16Bits: Bool { scale != nil && [.int16, .uint16].contains(data.elementType) }
}
