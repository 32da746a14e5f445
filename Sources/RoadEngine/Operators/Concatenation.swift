import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

enum ConcatenationRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    if let joined = try lowering.joinedChannels(of: node) { return lowering.set(joined, outputOf: node) }
    var inputs: [RealView] = []
    for index in node.inputs.indices { inputs.append(try lowering.joinable(index, of: node)) }
    guard let first = inputs.first else { throw RoadError(.model, "joins nothing") }
    let rank = first.shape.count
    let axis = try node.axis(try node.integer("axis", default: 0, in: -64...64), rank: rank)
    var result = first.shape
    for input in inputs.dropFirst() {
      var aligned = input.shape
      if aligned.count == rank { aligned[axis] = result[axis] }
      guard aligned == result else { throw RoadError(.model, "joins \(input.shape) to \(first.shape)") }
      result[axis] += input.shape[axis]
    }
    try join(node, inputs, axis: axis, result, &lowering)
  }

  private static func join(
    _ node: Node, _ inputs: [RealView], axis: Int, _ result: [Int], _ lowering: inout Lowering
  ) throws(RoadError) {
    let arrangement = Arrangement(canonical: result)
    let direction: ConcatenationArguments.Axis
    switch axis {
    case arrangement.rows.first(where: { result[$0] > 1 }): direction = .rows
    case arrangement.columns.first(where: { result[$0] > 1 }): direction = .columns
    case arrangement.channels.first(where: { result[$0] > 1 }): direction = .channels
    default: throw RoadError(.model, "joins shapes like \(result) along axis \(axis), which is not supported")
    }
    var (sources, starts, position) = ([TensorID](), [Int32](), 0)
    for input in inputs {
      let source = lowering.network.plane(of: input.view, arrangement)
      let shape = lowering.tensor(source).shape
      sources.append(source)
      starts.append(Int32(position))
      position += direction == .rows ? shape.height : direction == .columns ? shape.width : shape.channels
    }
    let (target, elements) = (arrangement.plane(of: result), arrangement.elements(of: result))
    let formats = Set(sources.map { lowering.tensor($0).format })
    if formats.count == 1, let format = formats.first, format.element == .uint8,
      inputs.allSatisfy({ $0.dequantized == nil })
    {
      let output = lowering.network.addTensor(node.outputs[0], target, format)
      lowering.network.append(
        ConcatenationLayer(
          name: node.name, inputs: sources, output: output, axis: direction, starts: starts,
          tables: inputs.map { _ in nil }))
      return lowering.set(ElementView(tensor: output, elements: elements), outputOf: node)
    }
    let parts = sources.indices.map { index in
      Join.Part(source: sources[index], dequantized: inputs[index].dequantized?[0], start: starts[index])
    }
    let join = Join(parts: parts, shape: target, axis: direction)
    lowering.set(.pending(PendingLayer(node: node.name, producer: join, elements: elements)), outputOf: node)
  }
}

extension Lowering {
  /// Channels of which some have scales of their own stay as they are, with their scales; nil where there are none
  /// such, or zero-points differ.
  fileprivate mutating func joinedChannels(of node: Node) throws(RoadError) -> ElementView? {
    var (sources, starts, scales) = ([TensorID](), [Int32](), [Float]())
    for index in node.inputs.indices {
      guard case .real(let view) = try required(index, of: node), view.dequantized == nil,
        view.tensor != network.input, tensor(view.tensor).element == .uint8,
        view.view.elements.isSame(as: tensor(view.tensor).shape.canonicalElements)
      else { return nil }
      let source = tensor(view.tensor)
      sources.append(view.tensor)
      starts.append(Int32(scales.count))
      scales += source.format.channelScales ?? Array(repeating: source.format.scale, count: source.channels)
    }
    let planes = sources.map { tensor($0) }
    guard let first = planes.first, planes.contains(where: { $0.format.channelScales != nil }),
      try node.axis(try node.integer("axis", default: 0, in: -64...64), rank: 4) == 1,
      planes.allSatisfy({
        $0.format.zeroPoint == first.format.zeroPoint && $0.height == first.height && $0.width == first.width
      })
    else { return nil }
    let shape = PlaneShape(height: first.height, width: first.width, channels: scales.count)
    let output = network.addTensor(
      node.outputs[0], shape, TensorFormat(channelScales: scales, zeroPoint: first.format.zeroPoint))
    network.append(
      ConcatenationLayer(
        name: node.name, inputs: sources, output: output, axis: .channels, starts: starts,
        tables: sources.map { _ in nil }))
    return network.canonicalView(of: output)
  }

  /// An input whose channels share one function of the integer, of one row where it is no plain scale; a constant
  /// becomes a tensor.
  fileprivate mutating func joinable(_ index: Int, of node: Node) throws(RoadError) -> RealView {
    try settleInt16(index, of: node)
    let value = try required(index, of: node)
    var view: RealView
    switch value {
    case .constant(let constant): view = RealView(view: try activation(of: constant))
    case .real(let finer) where tensor(finer.tensor).element == .int16: return finer
    default: view = try real(index, of: node)
    }
    let source = tensor(view.tensor)
    guard view.tensor != network.input, let row = view.commonRow(of: source) else {
      return RealView(view: network.settled(view, name: "\(node.name)/input\(index)"))
    }
    if !view.isPlain(in: source) { view.dequantized = [row] }
    return view
  }
}
