import RoadBase

extension ModelGraph {
  /// An Einsum of two tensors as one matrix product: axes in order of batch, own and summed ones, flattened to three.
  @Sendable static func product(_ node: Node, _ writer: inout DecompositionWriter) -> Bool {
    guard node.inputs.count == 2, let left = writer.types[node.inputs[0]]?.shape,
      let right = writer.types[node.inputs[1]]?.shape, case .string(let equation)? = node.attributes["equation"],
      let sums = EinsteinSum(equation, left: left, right: right)
    else { return false }
    let shared = sums.lengths(sums.batch)
    func matrix(_ name: String, _ index: Int, _ order: [Character], _ shape: [Int]) -> String {
      let (turned, flat) = (writer.name(node, "\(name)/turned"), writer.name(node, name))
      let labels = sums.inputs[index]
      let permutation = order.compactMap { labels.firstIndex(of: $0) }
      writer.append(node, "Transpose", [node.inputs[index]], to: turned, ["perm": .integers(permutation)])
      writer.reshape(node, "\(name)/shape", turned, shape, to: flat)
      return flat
    }
    func count(_ labels: [Character]) -> Int { sums.lengths(labels).reduce(1, *) }
    let (rows, columns, depth) = (count(sums.left), count(sums.right), count(sums.summed))
    let batch = shared.reduce(1, *)
    let a = matrix("left", 0, sums.batch + sums.left + sums.summed, [batch, rows, depth])
    let b = matrix("right", 1, sums.batch + sums.summed + sums.right, [batch, depth, columns])
    let (product, unfolded) = (writer.name(node, "product"), writer.name(node, "unfolded"))
    writer.append(node, "MatMul", [a, b], to: product)
    let order = sums.batch + sums.left + sums.right
    writer.reshape(node, "unfolded/shape", product, sums.lengths(order), to: unfolded)
    let permutation = sums.output.compactMap { order.firstIndex(of: $0) }
    writer.append(node, "Transpose", [unfolded], to: node.outputs[0], ["perm": .integers(permutation)])
    return true
  }
}
