import RoadBase
import RoadKernelContract

/// The mean of each window.
struct WindowMean: Producer {
  var source: TensorID
  var shape: PlaneShape
  var window: WindowGeometry
  /// How many pixels the mean of each output row and column counts.
  var rowTaps: [Int32]
  var columnTaps: [Int32]

  let writesInt16 = true
  func range(in network: LoweredNetwork) -> ClosedRange<Float>? { network.tensors[source].quantization.range }

  func emit(
    _ name: String, to output: TensorID, _ integers: ClosedRange<Int>, in network: inout LoweredNetwork
  ) throws(RoadError) {
    let (from, to) = (network.tensors[source], network.tensors[output])
    let counts = (0...window.kernelHeight).flatMap { rows in (0...window.kernelWidth).map { max(rows * $0, 1) } }
    guard from.element == .int16 || to.element == .int16 else {
      var factors: [Rescaling] = []
      for count in counts {
        factors.append(
          try .averaging(
            count, from: from.quantization, to: to.quantization, ByteClamp(integers),
            tiesToEven: network.rounding.tiesToEven))
      }
      return network.append(
        AverageLayer(
          name: name, source: source, output: output, window: window, rowTaps: rowTaps, columnTaps: columnTaps,
          factors: factors, sourceZeroPoint: from.quantization.zeroPoint))
    }
    var factors: [Int16Rescaling] = []
    for count in counts {
      factors.append(try .rescaling(from.format.step / to.format.step / Double(count), to: to.format, integers))
    }
    network.append(
      Int16AverageLayer(
        name: name, kind: .average, source: source, output: output, window: window, factors: factors,
        rowFactors: rowTaps.map { $0 * Int32(window.kernelWidth + 1) }, columnFactors: columnTaps,
        sourceZeroPoint: from.format.zeroPoint, from: from.element, to: to.element))
  }
}

/// The sum, mean or norm of a whole picture or of each pixel's channels.
struct Reduction: Producer {
  var source: TensorID
  var shape: PlaneShape
  var operation: ReductionArguments.Operation
  /// Numbers that each result sees.
  var count: Int
  /// What the sum is divided by.
  var divisor: Int
  /// True: each channel over the whole picture; false: each pixel over its channels.
  var isOverPlane: Bool

  var writesInt16: Bool { operation == .norm || operation == .sum && isOverPlane }

  func losesInBytes(in network: LoweredNetwork) -> Bool { operation == .norm }
  func reach(in network: LoweredNetwork) -> Float? { operation == .norm ? range(in: network)?.upperBound : nil }

  func range(in network: LoweredNetwork) -> ClosedRange<Float>? {
    if operation == .norm { return 0...Float(count).squareRoot() * network.tensors[source].farthest }
    guard operation == .sum else { return nil }
    let (own, gain) = (network.tensors[source].quantization.range, Float(count / divisor))
    return own.lowerBound * gain...own.upperBound * gain
  }

  func emit(
    _ name: String, to output: TensorID, _ integers: ClosedRange<Int>, in network: inout LoweredNetwork
  ) throws(RoadError) {
    let (from, to) = (network.tensors[source], network.tensors[output])
    guard from.element == .int16 || to.element == .int16 else {
      let rescaling = try Rescaling.averaging(
        divisor, from: from.quantization, to: to.quantization, ByteClamp(integers),
        tiesToEven: network.rounding.tiesToEven)
      return network.append(
        ReductionLayer(
          name: name, source: source, output: output, operation: operation, rescaling: rescaling,
          sourceZeroPoint: from.quantization.zeroPoint, isOverPlane: isOverPlane))
    }
    let factor = from.format.step / to.format.step / Double(divisor)
    guard operation == .sum else {
      return network.append(
        Int16NormLayer(
          name: name, source: source, output: output, elements: (from.element, to.element),
          zeroPoint: from.format.zeroPoint, rescaling: try .rescaling(factor, to: to.format, integers)))
    }
    network.append(
      Int16AverageLayer(
        name: name, kind: .reduction, source: source, output: output,
        window: WindowGeometry(kernelHeight: from.height, kernelWidth: from.width),
        factors: [try .rescaling(factor, to: to.format, integers)], rowFactors: [0], columnFactors: [0],
        sourceZeroPoint: from.format.zeroPoint, from: from.element, to: to.element))
  }
}

extension Rescaling {
  /// From a sum of `count` bytes to their mean.
  static func averaging(
    _ count: Int, from source: Quantization, to target: Quantization, _ clamp: ByteClamp, tiesToEven: Bool
  ) throws(RoadError) -> Rescaling {
    try rescaling(
      Double(source.scale) / Double(target.scale) / Double(count), to: target, clamp, tiesToEven: tiesToEven)
  }

  static func rescaling(
    _ scale: Double, to target: Quantization, _ clamp: ByteClamp, tiesToEven: Bool = false
  ) throws(RoadError) -> Rescaling {
    guard isUsable(scale) else { throw RoadError(.model, "its output needs the factor \(scale)") }
    return Rescaling(
      scale: scale, zeroPoint: target.zeroPoint, low: clamp.low, high: clamp.high, tiesToEven: tiesToEven)
  }
}

extension Int16Rescaling {
  /// To a tensor's integers.
  static func rescaling(
    _ scale: Double, to target: TensorFormat, _ integers: ClosedRange<Int>, rest: Double = 0
  ) throws(RoadError) -> Int16Rescaling {
    guard isUsable(scale) else { throw RoadError(.model, "its output needs the factor \(scale)") }
    return Int16Rescaling(scale: scale, zeroPoint: target.zeroPoint, range: integers, rest: rest)
  }

  /// From a sum over rows and columns, both weighed in units of `2^-bits`, to the output's integers.
  static func weighing(
    in bits: Int, from: TensorFormat, to: TensorFormat, _ integers: ClosedRange<Int>
  ) throws(RoadError) -> Int16Rescaling {
    let scale = from.step / to.step / Double(1 << (2 * bits))
    guard isUsable(scale) else {
      throw RoadError(.model, "its scales \(from.scale) and \(to.scale) are too far apart")
    }
    return Int16Rescaling(scale: scale, zeroPoint: to.zeroPoint, range: integers)
  }
}

extension Quantization {
  /// The real numbers that bytes can stand for.
  fileprivate var range: ClosedRange<Float> { dequantize(0)...dequantize(255) }
}
