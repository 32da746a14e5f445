import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

/// An input of a concatenation: the real number of each of its integers, from the lowest on.
private struct Joined {
  var view: ElementView
  var levels: [Float]
  /// The levels are those that the tensor's own scale gives.
  var isPlain: Bool
}

enum ConcatenationRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    if let joined = try lowering.joinedChannels(of: node) { return lowering.set(.real(joined), outputOf: node) }
    var inputs: [Joined] = []
    for index in node.inputs.indices { inputs.append(try lowering.joinable(index, of: node)) }
    guard let first = inputs.first else { throw RoadError(.model, "joins nothing") }
    let rank = first.view.shape.count
    let axis = try node.axis(try node.integer("axis", default: 0, in: -64...64), rank: rank)
    var result = first.view.shape
    for input in inputs.dropFirst() {
      var aligned = input.view.shape
      if aligned.count == rank { aligned[axis] = result[axis] }
      guard aligned == result else { throw RoadError(.model, "joins \(input.view.shape) to \(first.view.shape)") }
      result[axis] += input.view.shape[axis]
    }
    try join(node, inputs, axis: axis, result, &lowering)
  }

  private static func join(
    _ node: Node, _ inputs: [Joined], axis: Int, _ result: [Int], _ lowering: inout Lowering
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
      let source = lowering.plane(of: input.view, arrangement)
      let shape = lowering.tensor(source).shape
      sources.append(source)
      starts.append(Int32(position))
      position += direction == .rows ? shape.height : direction == .columns ? shape.width : shape.channels
    }
    let target = arrangement.plane(of: result)
    let (name, planes, offsets) = (node.name, sources, starts)
    func layer(_ output: TensorID, _ tables: [[UInt8]?]) -> ConcatenationLayer {
      ConcatenationLayer(
        name: name, inputs: planes, output: output, axis: direction, starts: offsets, tables: tables)
    }
    let elements = arrangement.elements(of: result)
    let readsWords = planes.contains { lowering.tensor($0).kind == .int16 }
    let quantizations = Set(planes.map { lowering.tensor($0).quantization })
    if !readsWords, quantizations.count == 1, inputs.allSatisfy(\.isPlain), let quantization = quantizations.first {
      let output = lowering.addTensor(node.outputs[0], target, quantization)
      lowering.append(layer(output, inputs.map { _ in nil }))
      return lowering.set(.real(RealView(view: ElementView(tensor: output, elements: elements))), outputOf: node)
    }
    var pending = PendingLayer(node: name, shape: target, elements: elements) {
      (lowering: inout Lowering, output, clamp) throws(RoadError) in
      let to = lowering.tensor(output).quantization
      let identity = (0...255).map { UInt8($0) }
      let tables = inputs.map { $0.levels.map { min(max(to.quantize($0), clamp.low), clamp.high) } }
      lowering.append(layer(output, tables.map { $0 == identity ? nil : $0 }))
    }
    pending.finishes(readingWords: readsWords) { (lowering: inout Lowering, output, range) throws(RoadError) in
      lowering.appendWideConcatenation(
        name, to: output, range, direction, parts: planes.indices.map { (planes[$0], inputs[$0], Int(offsets[$0])) })
    }
    if lowering.roundsAsONNXRuntime, direction == .channels, !readsWords,
      elements.isSame(as: canonicalElements(of: target))
    {
      // Joined as they are, each channel's bytes keep their own meaning.
      let rows = zip(inputs, planes).flatMap { input, plane in
        Array(repeating: input.levels, count: lowering.tensor(plane).channels)
      }
      pending.view = { (lowering: inout Lowering) in
        let bytes = lowering.addTensor("\(name)/bytes", target, lowering.tensor(planes[0]).quantization)
        lowering.append(layer(bytes, inputs.map { _ in nil }))
        return RealView(view: ElementView(tensor: bytes, elements: elements), levels: rows)
      }
    }
    let numbers = inputs.map(\.levels).joined().filter(\.isFinite)
    pending.range = (numbers.min() ?? 0)...(numbers.max() ?? 0)
    lowering.set(.pending(pending), outputOf: node)
  }
}

private func canonicalElements(of shape: PlaneShape) -> StridedView {
  Arrangement(canonical: shape.valueShape).elements(of: shape.valueShape)
}

extension Lowering {
  /// Channels of which some have scales of their own stay as they are, with their scales; nil where there are none
  /// such, or zero-points differ.
  fileprivate mutating func joinedChannels(of node: Node) throws(RoadError) -> RealView? {
    var (sources, starts, scales) = ([TensorID](), [Int32](), [Float]())
    var hasChannelScales = false
    for index in node.inputs.indices {
      guard case .real(let view) = try required(index, of: node), view.levels == nil || view.hasChannelScales,
        view.tensor != network.input, view.view.elements.isSame(as: canonicalView(of: view.tensor).elements)
      else { return nil }
      let source = tensor(view.tensor)
      hasChannelScales = hasChannelScales || view.hasChannelScales
      sources.append(view.tensor)
      starts.append(Int32(scales.count))
      scales += source.channelScales ?? Array(repeating: source.quantization.scale, count: source.channels)
    }
    let planes = sources.map { tensor($0) }
    guard let first = planes.first, hasChannelScales,
      try node.axis(try node.integer("axis", default: 0, in: -64...64), rank: 4) == 1,
      planes.allSatisfy({
        $0.quantization.zeroPoint == first.quantization.zeroPoint && $0.height == first.height
          && $0.width == first.width
      })
    else { return nil }
    let all = ChannelQuantization(scales: scales, zeroPoint: first.quantization.zeroPoint)
    let shape = PlaneShape(height: first.height, width: first.width, channels: scales.count)
    let output = addTensor(node.outputs[0], shape, all.common)
    network.tensors[output].channelScales = scales
    append(
      ConcatenationLayer(
        name: node.name, inputs: sources, output: output, axis: .channels, starts: starts,
        tables: sources.map { _ in nil }))
    return RealView(view: canonicalView(of: output), levels: all.levels, hasChannelScales: true)
  }

  /// An input whose channels share one function of the integer; a constant becomes a tensor of its own.
  fileprivate mutating func joinable(_ index: Int, of node: Node) throws(RoadError) -> Joined {
    let value = try required(index, of: node)
    if case .wide(let wide) = value {
      return Joined(view: wide.view, levels: levels(of: wide), isPlain: wide.level == nil)
    }
    var view: RealView
    if case .constant(let constant) = value {
      view = RealView(view: try activation(of: constant))
    } else {
      view = try real(index, of: node)
    }
    if view.tensor == network.input || view.commonLevels(of: tensor(view.tensor)) == nil {
      view = RealView(view: settled(view, name: "\(node.name)/input\(index)"))
    }
    let levels = view.commonLevels(of: tensor(view.tensor)) ?? []
    return Joined(view: view.view, levels: levels, isPlain: view.levels == nil)
  }

  fileprivate mutating func appendWideConcatenation(
    _ name: String, to output: TensorID, _ range: ClosedRange<Int>, _ axis: ConcatenationArguments.Axis,
    parts: [(source: TensorID, input: Joined, start: Int)]
  ) {
    let to = tensor(output)
    let joined = parts.map { part in
      let source = tensor(part.source)
      let isSame = part.input.isPlain && source.words != nil && source.words == to.words
      let isWhole = range == Int(Int16.min)...Int(Int16.max)
      return WideConcatenationLayer.Part(
        source: part.source, kind: source.kind,
        table: isSame && isWhole ? nil : .init(part.input.levels, to: to, range), start: part.start)
    }
    append(WideConcatenationLayer(name: name, parts: joined, output: output, to: to.kind, axis: axis))
  }
}
