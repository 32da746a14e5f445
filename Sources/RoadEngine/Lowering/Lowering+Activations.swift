import RoadBase
import RoadKernelContract
import RoadModel

// What an operator reads: tensors of integers, whatever the value that it names went through before.
extension Lowering {
  /// An input that is a function of a tensor's bytes.
  mutating func real(_ index: Int, of node: Node) throws(RoadError) -> RealView {
    switch try required(index, of: node) {
    case .real(let view) where tensor(view.tensor).element == .uint8: return view
    case .real(let view): return RealView(view: network.settled(view, name: "\(node.name)/bytes\(index)"))
    case .pending(let layer):
      if let join = layer.producer as? Join, layer.epilogue == Epilogue(),
        let view = network.unrounded(join, layer.node, layer.wholeElements)
      {
        return view
      }
      return RealView(view: try network.settled(layer))
    case .field(let view, let offsets): return RealView(view: try network.settled(sum(of: view, offsets, node)))
    case .constant: throw RoadError(.model, "input '\(node.inputs[index])' is a constant")
    default: throw RoadError(.model, "input '\(node.inputs[index])' is not quantized")
    }
  }

  /// An input whose bytes stand for `scale · (byte − zeroPoint)`.
  mutating func activation(viewOf index: Int, of node: Node) throws(RoadError) -> ElementView {
    if case .pending(let layer) = try required(index, of: node) { return try network.settled(layer) }
    let view = try real(index, of: node)
    guard view.tensor != network.input else {
      throw RoadError(.model, "input '\(node.inputs[index])' is not quantized")
    }
    return network.settled(view, name: "\(node.name)/input\(index)")
  }

  /// The same, and it must be NCHW with a batch of one.
  mutating func picture(_ index: Int, of node: Node) throws(RoadError) -> TensorID {
    try plane(ofPicture: try activation(viewOf: index, of: node), node.inputs[index])
  }

  /// An input's 16-bit integers, for rules that know them; nil for one of bytes.
  mutating func int16(_ index: Int, of node: Node) throws(RoadError) -> ElementView? {
    try settleInt16(index, of: node)
    guard case .real(let view) = try required(index, of: node) else { return nil }
    let source = tensor(view.tensor)
    if view.tensor == network.input { return try pictureInInt16(view, index, of: node) }
    guard source.element == .int16 else { return nil }
    if view.dequantized == nil { return view.view }
    let name = "\(node.name)/input\(index)"
    return network.convert(view, to: view.spanningFormat(in: source).int16, name: name, output: name)
  }

  /// The picture that the model leaves unquantized, and what it was normalised to.
  private mutating func pictureInInt16(
    _ view: RealView, _ index: Int, of node: Node
  ) throws(RoadError) -> ElementView? {
    guard network.rounding.refinesFloatWeights,
      view.view.elements.isSame(as: network.canonicalView(of: view.tensor).elements)
    else { return nil }
    let format = view.spanningFormat(in: tensor(view.tensor)).int16
    let name = "\(node.inputs[index])/int16"
    let result = network.convert(view, to: format, name: name, output: name)
    network.unquantizedNodes.append(node.name)
    values[node.inputs[index]] = .real(RealView(view: result))
    return result
  }

  /// A result that the model leaves unquantized between quantized layers becomes 16 bits, over all that can come out of
  /// it; where that is not known, it stays as it is. Networks that roadseg quantized never leave one: functions of two
  /// tensors, whose range is known, are bytes there.
  mutating func settleInt16(_ index: Int, of node: Node) throws(RoadError) {
    guard index < node.inputs.count, case .pending(let layer)? = values[node.inputs[index]],
      try layer.range(in: network) == nil
        || network.rounding.keepsUnroundedSums && layer.producer.losesInBytes(in: network),
      let view = try network.settledInt16(layer)
    else { return }
    network.unquantizedNodes.append(layer.node)
    values[node.inputs[index]] = .real(RealView(view: view))
  }

  /// An input as it is, bytes or 16 bits: NCHW with a batch of one.
  mutating func anyPicture(_ index: Int, of node: Node) throws(RoadError) -> TensorID {
    try plane(ofPicture: try anyActivation(index, of: node), node.inputs[index])
  }

  /// An input as it is, bytes or 16 bits.
  mutating func anyActivation(_ index: Int, of node: Node) throws(RoadError) -> ElementView {
    if let view = try int16(index, of: node) { return view }
    return try activation(viewOf: index, of: node)
  }

  private mutating func plane(ofPicture view: ElementView, _ name: String) throws(RoadError) -> TensorID {
    guard view.shape.count == 4, view.shape[0] == 1 else {
      throw RoadError(.model, "input '\(name)' has shape \(view.shape), not 1xCxHxW")
    }
    return network.plane(of: view)
  }

  /// What a layer left behind.
  mutating func set(_ view: ElementView, outputOf node: Node) { set(.real(RealView(view: view)), outputOf: node) }
}
