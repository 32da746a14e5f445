import RoadBase
import RoadKernelContract
import RoadModel

/// Pad in the modes constant, edge and reflect; negative pads cut.
enum PaddingRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    let shape = try lowering.inferredShape(of: node)
    var view = try lowering.real(0, of: node)
    if view.rows(of: lowering.tensor(view.tensor)).count > 1 || view.tensor == lowering.network.input {
      view = RealView(view: try lowering.activation(viewOf: 0, of: node))
    }
    let mode = try node.string("mode", default: "constant", of: ["constant", "edge", "reflect", "wrap"])
    let before = try firstPads(node, rank: shape.count, lowering)
    let arrangement = Arrangement(canonical: shape)
    let source = lowering.network.plane(of: view.view, arrangement)
    let from = lowering.tensor(source)
    let sides: [(axes: [Int], make: (Int32) -> SourceIndex)] = [
      (arrangement.rows, { SourceIndex(row: $0, column: 0, channel: 0) }),
      (arrangement.columns, { SourceIndex(row: 0, column: $0, channel: 0) }),
      (arrangement.channels, { SourceIndex(row: 0, column: 0, channel: $0) }),
    ]
    var indices: [[SourceIndex]] = []
    for side in sides {
      var positions: [Int?] = [0]
      for axis in side.axes {
        let size = view.shape[axis]
        let own = try (0..<shape[axis]).map { (index) throws(RoadError) in
          try position(index - before[axis], size, mode)
        }
        positions = positions.flatMap { outer in own.map { inner in outer.flatMap { o in inner.map { o * size + $0 } } }
        }
      }
      indices.append(positions.map { $0.map { side.make(Int32($0)) } ?? .outside })
    }
    let output = lowering.network.addTensor(node.outputs[0], arrangement.plane(of: shape), from.format)
    lowering.network.append(
      RearrangementLayer(
        name: node.name, source: source, output: output, rows: indices[0], columns: indices[1], channels: indices[2],
        padding: try paddingByte(node, view, from.quantization, lowering)))
    let result = ElementView(tensor: output, elements: arrangement.elements(of: shape))
    lowering.set(.real(RealView(view: result, dequantized: view.dequantized)), outputOf: node)
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

  /// The byte that comes closest to the constant.
  private static func paddingByte(
    _ node: Node, _ view: RealView, _ quantization: Quantization, _ lowering: Lowering
  ) throws(RoadError) -> UInt8 {
    var number = try node.float("value", default: 0)
    if let constant = try lowering.constant(2, of: node)?.reals.first { number = constant }
    guard let numbers = view.dequantized?.first else { return quantization.quantize(number) }
    let nearest = numbers.indices.min { abs(numbers[$0] - number) < abs(numbers[$1] - number) }
    return UInt8(nearest ?? 0)
  }
}
