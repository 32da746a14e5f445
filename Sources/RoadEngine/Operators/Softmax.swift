import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

/// Softmax along any axis; before opset 13 along all axes from the one named.
enum SoftmaxRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    let view = try lowering.anyActivation(0, of: node)
    let rank = view.shape.count
    let isOld = lowering.graph.opset < 13
    let axis = try node.axis(try node.integer("axis", default: isOld ? 1 : -1, in: -64...64), rank: rank)
    let axes = isOld ? Array(axis..<rank).filter { view.shape[$0] > 1 } : [axis]
    let source: TensorID
    var elements = view.elements
    if axes.count == 1, lowering.network.channelAxis(ofWhole: view) == axes[0] {
      source = view.tensor
    } else {
      let others = view.shape.indices.filter { !axes.contains($0) }
      let arrangement = Arrangement(rows: others.dropLast(), columns: others.suffix(1), channels: axes)
      source = lowering.network.plane(of: view, arrangement)
      elements = arrangement.elements(of: view.shape)
    }
    let from = lowering.tensor(source)
    let most = from.element == .int16 ? Int16SoftmaxArguments.mostChannels : 1 << 20
    guard from.channels <= most else { throw RoadError(.model, "a softmax over \(from.channels) numbers") }
    let softmax = Softmax(
      source: source, shape: from.shape,
      writesInt16: from.element == .int16 || lowering.network.rounding.keepsUnroundedSums)
    lowering.set(.pending(PendingLayer(node: node.name, producer: softmax, elements: elements)), outputOf: node)
  }
}

/// Softmax over the channels of each pixel.
struct Softmax: Producer {
  var source: TensorID
  var shape: PlaneShape
  /// Where its source has 16 bits, and in networks of others, who may leave its result unquantized.
  var writesInt16: Bool

  func range(in network: LoweredNetwork) -> ClosedRange<Float>? { 0...1 }
  func reach(in network: LoweredNetwork) -> Float? { 1 }
  func losesInBytes(in network: LoweredNetwork) -> Bool { true }

  func emit(
    _ name: String, to output: TensorID, _ integers: ClosedRange<Int>, in network: inout LoweredNetwork
  ) throws(RoadError) {
    if [source, output].contains(where: { network.tensors[$0].element == .int16 }) {
      return try emitInt16(name, to: output, integers, in: &network)
    }
    let (from, to) = (network.tensors[source].quantization, network.tensors[output].quantization)
    let unit = Double(1 << SoftmaxArguments.exponentBits)
    let multiplier = (Double(1 << SoftmaxArguments.multiplierBits) / Double(to.scale)).rounded()
    // With e_c up to 2^20 the product stays under 2^62.
    guard multiplier < 0x1p42, ByteClamp(integers) == .none else {
      throw RoadError(.model, "its output's scale is \(to.scale), or it is clamped, which is not supported")
    }
    network.append(
      SoftmaxLayer(
        name: name, source: source, output: output,
        exponents: (0...255).map { Int64((unit * exponential(-Double(from.scale) * Double($0))).rounded()) },
        multiplier: Int64(multiplier), zeroPoint: to.zeroPoint))
  }

  private func emitInt16(
    _ name: String, to output: TensorID, _ integers: ClosedRange<Int>, in network: inout LoweredNetwork
  ) throws(RoadError) {
    let (from, to) = (network.tensors[source].format, network.tensors[output].format)
    let multiplier = (Double(1 << Int16SoftmaxArguments.multiplierBits) / Double(to.scale)).rounded()
    guard multiplier < Double(Int16SoftmaxArguments.mostMultiplier) else {
      throw RoadError(.model, "its output's scale is \(to.scale), which is not supported")
    }
    let unit = Double(1 << Int16SoftmaxArguments.exponentBits)
    var exponents: [UInt32] = []
    for distance in 0...Int(UInt16.max) {
      exponents.append(UInt32((unit * exponential(-Double(from.scale) * Double(distance))).rounded()))
      if exponents.last == 0 { break }
    }
    if exponents.last != 0 { exponents.append(0) }
    network.append(
      Int16SoftmaxLayer(
        name: name, source: source, output: output, elements: (network.tensors[source].element, to.element),
        exponents: exponents,
        multiplier: Int64(multiplier), zeroPoint: Int64(to.zeroPoint), integers: integers))
  }
}
