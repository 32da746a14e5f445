import RoadBase

/// Operators that give the numbers of their input in another order or shape.
enum RearrangementOperators {
  static func transpose(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let input = try call.value(0)
    let order = try call.node.permutation(rank: input.shape.count)
    return [input.viewed(StridedView(of: input.shape).transposed(order))]
  }

  static func expand(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let input = try call.value(0)
    let wanted = try call.integers(1)
    guard wanted.allSatisfy({ (0...ShapeLimits.dimension).contains($0) }),
      let shape = broadcastShape(input.shape, wanted), ShapeLimits.count(shape) != nil,
      let view = StridedView(of: input.shape).broadcast(to: shape)
    else { throw call.failure("shape \(input.shape) does not expand to \(wanted.prefix(8))") }
    return [input.viewed(view)]
  }

  static func tile(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let input = try call.value(0)
    let repeats = try call.integers(1)
    guard repeats.count == input.shape.count, repeats.allSatisfy({ (0...ShapeLimits.dimension).contains($0) }),
      case let shape = zip(input.shape, repeats).map({ $0 * $1 }), ShapeLimits.count(shape) != nil,
      // Each axis becomes two, of which the first repeats.
      let view = StridedView(of: input.shape.flatMap { [1, $0] })
        .broadcast(to: zip(repeats, input.shape).flatMap { [$0, $1] })
    else { throw call.failure("repeats \(repeats.prefix(8)) for shape \(input.shape)") }
    return [input.viewed(view).reshaped(shape)]
  }

  /// Sizes come from an input, from the attribute of older operator sets, or are equal parts.
  static func split(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let input = try call.value(0)
    let axis = try call.axis(call.integer("axis", default: 0), rank: input.shape.count)
    let parts = call.node.outputs.count
    let chunk = (input.shape[axis] + parts - 1) / parts
    var sizes = (0..<parts).map { min(chunk, max(input.shape[axis] - $0 * chunk, 0)) }
    if let given = call.integers(named: "split") { sizes = given }
    if call.has(1) { sizes = try call.integers(1) }
    guard sizes.count == parts, sizes.allSatisfy({ (0...input.shape[axis]).contains($0) }),
      sizes.reduce(0, +) == input.shape[axis]
    else { throw call.failure("parts \(sizes.prefix(8)) do not make up axis \(axis) of shape \(input.shape)") }
    var start = 0
    return sizes.map { size in
      defer { start += size }
      return input.viewed(StridedView(of: input.shape).sliced(axis: axis, start: start, step: 1, count: size))
    }
  }

  /// Pads are an input from opset 11 on. Modes: constant, reflect, edge, wrap; negative pads cut off.
  static func pad(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let input = try call.floats(0)
    let rank = input.shape.count
    var axes = Array(0..<rank)
    if call.has(3) {
      axes = try call.integers(3).mapChecked { axis throws(RoadError) in try call.axis(axis, rank: rank) }
    }
    let pads = try call.integers(1)
    guard pads.count == 2 * axes.count, pads.allSatisfy({ abs($0) <= ShapeLimits.dimension }) else {
      throw call.failure("pads \(pads.prefix(8)) for shape \(input.shape)")
    }
    let mode = call.string("mode", default: "constant")
    guard ["constant", "reflect", "edge", "wrap"].contains(mode) else { throw call.failure("mode '\(mode)'") }
    let fill = call.has(2) ? try call.floats(2).values.first ?? 0 : 0
    var sources = input.shape.map { (0..<$0).map(Optional.some) }
    for (index, axis) in axes.enumerated() {
      let size = input.shape[axis]
      let length = size + pads[index] + pads[axes.count + index]
      guard length >= 0, size > 0 else { throw call.failure("pads \(pads.prefix(8)) for shape \(input.shape)") }
      sources[axis] = (0..<length).map { Self.source($0 - pads[index], of: size, mode: mode) }
    }
    var output = FloatTensor(shape: sources.map(\.count), repeating: fill)
    var position = 0
    walk(sources, sizes: input.shape) { source in
      if let source { output.values[position] = input.values[source] }
      position += 1
    }
    return [.floats(output)]
  }

  /// Where a coordinate outside 0..<size reads; nil where the fill value stands.
  private static func source(_ place: Int, of size: Int, mode: String) -> Int? {
    if (0..<size).contains(place) { return place }
    switch mode {
    case "edge": return min(max(place, 0), size - 1)
    case "wrap": return (place % size + size) % size
    case "reflect":
      guard size > 1 else { return 0 }
      let period = 2 * (size - 1)
      let folded = (place % period + period) % period
      return folded < size ? folded : period - folded
    default: return nil
    }
  }

  /// The source position of every output element in row-major order; nil where any axis has none.
  private static func walk(_ sources: [[Int?]], sizes: [Int], _ take: (Int?) -> Void) {
    func descend(_ axis: Int, _ base: Int?) {
      guard axis < sources.count else { return take(base) }
      for source in sources[axis] {
        descend(axis + 1, base.flatMap { base in source.map { base * sizes[axis] + $0 } })
      }
    }
    descend(0, 0)
  }

  static func depthToSpace(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let input = try call.picture(0)
    let block = call.integer("blocksize", default: 1)
    let (batch, channels, height, width) = (input.shape[0], input.shape[1], input.shape[2], input.shape[3])
    guard (1...1024).contains(block), channels.isMultiple(of: block * block) else {
      throw call.failure("blocks of \(block) do not fit an input of shape \(input.shape)")
    }
    let depth = channels / (block * block)
    let isColumnsFirst = call.string("mode", default: "DCR") == "CRD"
    let split =
      isColumnsFirst ? [batch, depth, block, block, height, width] : [batch, block, block, depth, height, width]
    let order = isColumnsFirst ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]
    let moved = TensorValue.floats(input).reshaped(split).viewed(StridedView(of: split).transposed(order))
    return [moved.reshaped([batch, depth, height * block, width * block])]
  }

  static func spaceToDepth(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let input = try call.picture(0)
    let block = call.integer("blocksize", default: 1)
    let (batch, channels, height, width) = (input.shape[0], input.shape[1], input.shape[2], input.shape[3])
    guard (1...1024).contains(block), height.isMultiple(of: block), width.isMultiple(of: block) else {
      throw call.failure("blocks of \(block) do not fit an input of shape \(input.shape)")
    }
    let split = [batch, channels, height / block, block, width / block, block]
    // CRD: a channel's pixels stay together.
    let order = call.node.attributes["mode"] == .string("CRD") ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4]
    let moved = TensorValue.floats(input).reshaped(split).viewed(StridedView(of: split).transposed(order))
    return [moved.reshaped([batch, channels * block * block, height / block, width / block])]
  }
}

extension TensorValue {
  /// The elements that a view shows, in its order.
  func viewed(_ view: StridedView) -> TensorValue {
    rearranged(shape: view.shape) { take in for offset in view.offsets { take(offset) } }
  }
}
