import RoadBase
import RoadKernelContract
import RoadModel

/// Pad in the modes constant, edge, reflect and wrap; negative pads cut.
enum PaddingRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    let shape = try lowering.inferredShape(of: node)
    let arrangement = Arrangement(canonical: shape)
    var view = try Self.source(of: node, &lowering)
    let places = try places(node, view.shape, shape, arrangement, lowering)
    let padsChannels = places[2] != (0..<Int32(places[2].count)).map { $0 }
    if padsChannels, lowering.tensor(view.tensor).element == .int16 {
      view = RealView(view: try lowering.activation(viewOf: 0, of: node))
    }
    let source = lowering.network.plane(of: view.view, arrangement)
    let from = lowering.tensor(source)
    let output = lowering.network.addTensor(node.outputs[0], arrangement.plane(of: shape), from.format)
    let number = try paddedNumber(node, lowering)
    if from.element == .int16 {
      lowering.network.append(
        Int16PaddingLayer(
          name: node.name, source: source, output: output, rows: places[0], columns: places[1],
          padding: Int16(from.format.quantize(number))))
    } else {
      let indices = places.enumerated().map { axis, list in list.map { SourceIndex($0, axis: axis) } }
      lowering.network.append(
        RearrangementLayer(
          name: node.name, source: source, output: output, rows: indices[0], columns: indices[1], channels: indices[2],
          padding: paddingByte(number, view, from.quantization)))
    }
    let result = ElementView(tensor: output, elements: arrangement.elements(of: shape))
    lowering.set(.real(RealView(view: result, dequantized: view.dequantized)), outputOf: node)
  }

  /// Integers that one function makes numbers of.
  private static func source(of node: Node, _ lowering: inout Lowering) throws(RoadError) -> RealView {
    if let finer = try lowering.int16(0, of: node) { return RealView(view: finer) }
    let view = try lowering.real(0, of: node)
    guard view.rows(of: lowering.tensor(view.tensor)).count > 1 || view.tensor == lowering.network.input else {
      return view
    }
    return RealView(view: try lowering.activation(viewOf: 0, of: node))
  }

  /// For rows, columns and channels of the result those of the source; negative for the constant.
  private static func places(
    _ node: Node, _ source: [Int], _ shape: [Int], _ arrangement: Arrangement, _ lowering: Lowering
  ) throws(RoadError) -> [[Int32]] {
    let mode = try node.string("mode", default: "constant", of: ["constant", "edge", "reflect", "wrap"])
    let before = try firstPads(node, rank: shape.count, lowering)
    var places: [[Int32]] = []
    for axes in [arrangement.rows, arrangement.columns, arrangement.channels] {
      var positions: [Int?] = [0]
      for axis in axes {
        let size = source[axis]
        let own = try (0..<shape[axis]).map { (index) throws(RoadError) in
          try position(index - before[axis], size, mode)
        }
        positions = positions.flatMap { outer in own.map { inner in outer.flatMap { o in inner.map { o * size + $0 } } }
        }
      }
      places.append(positions.map { Int32($0 ?? -1) })
    }
    return places
  }

  /// The source index; nil for the constant.
  private static func position(_ index: Int, _ size: Int, _ mode: String) throws(RoadError) -> Int? {
    if (0..<size).contains(index) { return index }
    switch mode {
    case "edge": return min(max(index, 0), size - 1)
    case "wrap": return ((index % size) + size) % size
    case "reflect":
      guard size > 1, abs(index) < size * 64 else { throw RoadError(.model, "reflects further than its input reaches") }
      let period = 2 * (size - 1)
      let folded = ((index % period) + period) % period
      return min(folded, period - folded)
    default: return nil
    }
  }

  /// For each axis how much comes before it.
  private static func firstPads(_ node: Node, rank: Int, _ lowering: Lowering) throws(RoadError) -> [Int] {
    var pads = try node.integers("pads", default: [], in: -1 << 20...1 << 20)
    if let given = try lowering.constant(1, of: node)?.data.integers { pads = given }
    var axes = Array(0..<rank)
    if let given = try lowering.constant(3, of: node)?.data.integers {
      axes = []
      for axis in given { axes.append(try node.axis(axis, rank: rank)) }
    }
    guard pads.count == 2 * axes.count else { throw RoadError(.model, "\(pads.count) pads for \(rank) axes") }
    var before = [Int](repeating: 0, count: rank)
    for (index, axis) in axes.enumerated() { before[axis] = pads[index] }
    return before
  }

  private static func paddedNumber(_ node: Node, _ lowering: Lowering) throws(RoadError) -> Float {
    if let constant = try lowering.constant(2, of: node)?.reals.first { return constant }
    return try node.float("value", default: 0)
  }

  /// The byte that comes closest to the constant.
  private static func paddingByte(_ number: Float, _ view: RealView, _ quantization: Quantization) -> UInt8 {
    guard let numbers = view.dequantized?.first else { return quantization.quantize(number) }
    let nearest = numbers.indices.min { abs(numbers[$0] - number) < abs(numbers[$1] - number) }
    return UInt8(nearest ?? 0)
  }
}

extension SourceIndex {
  /// A row, a column or a channel (axis 0, 1, 2); negative: outside.
  fileprivate init(_ place: Int32, axis: Int) {
    guard place >= 0 else {
      self = .outside
      return
    }
    self.init(row: axis == 0 ? place : 0, column: axis == 1 ? place : 0, channel: axis == 2 ? place : 0)
  }
}
