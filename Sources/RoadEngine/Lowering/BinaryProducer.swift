import RoadBase
import RoadKernelContract
import RoadModel

/// A function of two activations, number by number, with broadcasting.
struct Binary: Producer {
  var left: TensorID
  var right: TensorID
  var function: BinaryFunction
  var shape: PlaneShape
  /// The dequantized tables of both operands; of sources of 16 bits left empty.
  var rows: (left: [Float], right: [Float])
  /// Both operands stand for what their tensors' formats say.
  var readsAsStored: Bool
  /// An operand has 16 bits.
  var needsInt16 = false
  /// The same as a sum that affines can be taken into.
  var sum: AffineSum?
  /// Both operands have the result's shape.
  let sharesShape: Bool

  static func == (a: Binary, b: Binary) -> Bool {
    a.left == b.left && a.right == b.right && a.function == b.function && a.shape == b.shape && a.rows == b.rows
      && a.readsAsStored == b.readsAsStored && a.needsInt16 == b.needsInt16
  }

  private var isSum: Bool { function.kind == .sum || function.kind == .difference }
  private var sign: Double { function.kind == .sum ? 1 : -1 }

  var writesInt16: Bool { needsInt16 || readsAsStored && (isSum || function.kind == .product) }

  /// All results of the extremes; what functions that are monotone in each operand can give.
  func range(in network: LoweredNetwork) -> ClosedRange<Float>? {
    guard !needsInt16 else { return nil }
    let corners = [rows.left.min(), rows.left.max()].flatMap { a in
      [rows.right.min(), rows.right.max()].map { b in function.apply(a ?? 0, b ?? 0) }
    }
    guard corners.allSatisfy(\.isFinite), let low = corners.min(), let high = corners.max() else { return nil }
    return low...high
  }

  func farthest(in network: LoweredNetwork) -> Float? {
    range(in: network)?.farthest
  }

  func losesInBytes(in network: LoweredNetwork) -> Bool { true }

  /// Of 16 bits no function follows: a step at 0 would not survive integers over another range.
  func reach(in network: LoweredNetwork) -> Float? {
    guard needsInt16 else { return farthest(in: network) }
    let (a, b) = (network.tensors[left].farthest, network.tensors[right].farthest)
    return function.kind == .product ? a * b : a + b
  }

  func folding(_ affine: ChannelAffine, in network: LoweredNetwork) -> (any Producer)? { sum?.followed(by: affine) }

  func emit(
    _ name: String, to output: TensorID, _ integers: ClosedRange<Int>, in network: inout LoweredNetwork
  ) throws(RoadError) {
    if needsInt16 || network.tensors[output].element == .int16 {
      if function.kind == .product {
        return network.append(
          try Int16ProductLayer(name: name, left: left, right: right, output: output, integers, in: network))
      }
      return network.append(
        try Int16SumLayer(name: name, left: left, right: right, sign: sign, output: output, integers, in: network))
    }
    let (a, b) = (network.tensors[left], network.tensors[right])
    let (to, clamp, rounding) = (network.tensors[output].quantization, ByteClamp(integers), network.rounding)
    if readsAsStored, isSum, sharesShape,
      let layer = try? AdditionLayer(
        name: name, left: (left, a.quantization), right: (right, b.quantization), sign: sign, output: (output, to),
        clamp: clamp, bits: rounding.sumBits)
    {
      return network.append(layer)
    }
    let hasRule = readsAsStored && !rounding.tabulatesBinary
    let exact =
      hasRule
      ? BinaryLayer.Operation(function.kind, a.quantization, b.quantization, to, clamp, bits: rounding.sumBits) : nil
    network.append(
      BinaryLayer(
        name: name, left: left, right: right, output: output,
        operation: exact ?? .init(tableOf: function, rows.left, rows.right, to, clamp),
        shapes: [a.shape, b.shape, shape]))
  }
}

extension BinaryLayer.Operation {
  /// In integers; nil where the scales are too far apart or the function has no rounding rule of its own.
  init?(
    _ kind: BinaryFunction.Kind, _ left: Quantization, _ right: Quantization, _ to: Quantization, _ clamp: ByteClamp,
    bits: Int
  ) {
    switch kind {
    case .sum, .difference:
      guard
        let layer = try? AdditionLayer(
          name: "", left: (0, left), right: (0, right), sign: kind == .sum ? 1 : -1, output: (0, to), clamp: clamp,
          bits: bits)
      else { return nil }
      self = .sum(
        BinarySum(
          leftMultiplier: layer.leftMultiplier, rightMultiplier: layer.rightMultiplier,
          bias: layer.bias, shift: layer.shift, zeroPoint: Int32(layer.zeroPoint), low: Int32(clamp.low),
          high: Int32(clamp.high)))
    case .product:
      let scale = Double(left.scale) * Double(right.scale) / Double(to.scale)
      guard scale.isFinite, scale > 0, let factors = Requantization.factors(for: scale) else { return nil }
      self = .product(
        BinaryProduct(
          leftZeroPoint: Int32(left.zeroPoint), rightZeroPoint: Int32(right.zeroPoint),
          requantization: Requantization(
            shift: factors.shift, multiplier: factors.multiplier, zeroPoint: to.zeroPoint, low: clamp.low,
            high: clamp.high)))
    case .other: return nil
    }
  }

  init(
    tableOf function: BinaryFunction, _ left: [Float], _ right: [Float], _ to: Quantization, _ clamp: ByteClamp
  ) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(1 << 16)
    for a in left {
      for b in right { bytes.append(min(max(to.quantize(function.apply(a, b)), clamp.low), clamp.high)) }
    }
    self = .table(bytes)
  }
}

extension ClosedRange<Float> {
  /// How far from 0 its numbers can be.
  var farthest: Float { Swift.max(abs(lowerBound), abs(upperBound)) }
}

extension LoweredTensor {
  /// How far from 0 its numbers can be.
  var farthest: Float {
    let ends = [format.integers.lowerBound, format.integers.upperBound]
    return ends.map { abs(Float($0 - format.zeroPoint) * format.scale) }.max() ?? 0
  }
}
