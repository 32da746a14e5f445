import RoadBase

extension ModelGraph {
  /// Indices of another rank than 1 are a list of them and a Reshape. Runs of consecutive ones become slices; evenly
  /// spaced ones are one slice already.
  @Sendable static func gather(_ node: Node, _ writer: inout DecompositionWriter) -> Bool {
    guard let list = ConstantIndices(node, writer.types), let result = writer.types[node.outputs[0]]?.shape else {
      return false
    }
    guard list.rank != 1 else { return list.isEven ? false : slices(node, list, to: node.outputs[0], &writer) }
    guard !list.indices.isEmpty else { return false }
    gather(node, list, result, &writer)
    return true
  }

  /// Where all axes that are indexed but the last have one element, it is a Gather along that one.
  @Sendable static func gatherND(_ node: Node, _ writer: inout DecompositionWriter) -> Bool {
    guard let list = ConstantIndices(ofTuples: node, writer.types), !list.indices.isEmpty,
      let result = writer.types[node.outputs[0]]?.shape
    else { return false }
    var gather = node
    gather.operation = "Gather"
    gather.attributes = ["axis": .integer(list.axis)]
    self.gather(gather, list, result, &writer)
    return true
  }

  private static func gather(
    _ node: Node, _ list: ConstantIndices, _ result: [Int], _ writer: inout DecompositionWriter
  ) {
    let flat = writer.name(node, "list")
    if list.isEven || !slices(node, list, to: flat, &writer) {
      var gather = node
      gather.inputs[1] = writer.constant(node, "indices", TensorData(integers: list.indices))
      gather.outputs[0] = flat
      writer.replace(with: gather)
    }
    writer.reshape(node, "shape", flat, result, to: node.outputs[0])
  }

  private static func slices(
    _ node: Node, _ list: ConstantIndices, to output: String, _ writer: inout DecompositionWriter
  ) -> Bool {
    let runs = list.runs
    guard runs.count <= 256 else { return false }
    let axes = writer.constant(node, "axes", TensorData(integers: [list.axis], shape: [1]))
    let parts = runs.enumerated().map { position, run in
      let start = writer.constant(node, "start\(position)", TensorData(integers: [run.lowerBound], shape: [1]))
      let end = writer.constant(node, "end\(position)", TensorData(integers: [run.upperBound], shape: [1]))
      let part = writer.name(node, "part\(position)")
      writer.append(node, "Slice", [node.inputs[0], start, end, axes], to: part)
      return part
    }
    writer.append(node, "Concat", parts, to: output, ["axis": .integer(list.axis)])
    return true
  }
}

/// The indices of a Gather from numbers, where they are constant and within the axis; none negative any more.
private struct ConstantIndices {
  let axis: Int
  let indices: [Int]
  /// Dimensions of the tensor of indices.
  let rank: Int

  init?(_ node: Node, _ types: GraphTypes) {
    guard let type = types.types[node.inputs[0]], type.elementType == .float,
      let data = node.input(1).flatMap({ types.constants[$0] }), let given = data.integers,
      let axis = try? node.axis(node.integer("axis", default: 0, in: -64...64), rank: type.shape.count)
    else { return nil }
    let size = type.shape[axis]
    let indices = given.map { $0 < 0 ? $0 + size : $0 }
    guard indices.allSatisfy((0..<size).contains) else { return nil }
    self.axis = axis
    self.indices = indices
    rank = data.shape.count
  }

  /// Those of a GatherND whose tuples are zeros but for their last number.
  init?(ofTuples node: Node, _ types: GraphTypes) {
    guard let type = types.types[node.inputs[0]], type.elementType == .float,
      (try? node.integer("batch_dims", default: 0, in: 0...64)) == 0,
      let data = node.input(1).flatMap({ types.constants[$0] }), let given = data.integers,
      let depth = data.shape.last, (1...type.shape.count).contains(depth),
      type.shape.prefix(depth - 1).allSatisfy({ $0 == 1 })
    else { return nil }
    let (last, size) = (depth - 1, type.shape[depth - 1])
    axis = last
    indices = stride(from: last, to: given.count, by: depth).map { given[$0] < 0 ? given[$0] + size : given[$0] }
    guard indices.allSatisfy((0..<size).contains),
      given.indices.allSatisfy({ $0 % depth == last || given[$0] == 0 || given[$0] == -1 })
    else { return nil }
    rank = data.shape.count - 1
  }

  var isEven: Bool { Set(zip(indices.dropFirst(), indices).map { $0 - $1 }).count <= 1 }

  /// Of consecutive indices.
  var runs: [Range<Int>] {
    indices.reduce(into: []) { runs, index in
      if let last = runs.last, last.upperBound == index {
        runs[runs.count - 1] = last.lowerBound..<index + 1
      } else {
        runs.append(index..<index + 1)
      }
    }
  }
}
