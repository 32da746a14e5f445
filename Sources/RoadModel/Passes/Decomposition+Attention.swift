import RoadBase

extension ModelGraph {
  /// Attention of opset 23 to 25 (onnx.ai, "Attention") over one picture: the products, the softmax between them and
  /// what is added to their scores. Where several heads read one head of keys, their rows stand below each other.
  @Sendable static func attention(_ node: Node, _ writer: inout DecompositionWriter) -> Bool {
    guard let sizes = AttentionSizes(node, writer.types), let scale = try? node.float("scale", default: 0),
      let softcap = try? node.float("softcap", default: 0), let biases = sizes.biases(node, &writer)
    else { return false }
    var queries = sizes.turned(node, 0, [0, 2, 1, 3], &writer)
    if sizes.group > 1 { queries = writer.reshaped(node, "groups", queries, sizes.rows + [sizes.depth]) }
    let keys = sizes.turned(node, 1, sizes.rank == 3 ? [0, 2, 3, 1] : [0, 1, 3, 2], &writer)
    let values = sizes.turned(node, 2, [0, 2, 1, 3], &writer)

    let factor = scale == 0 ? 1 / Float(sizes.depth).squareRoot() : scale
    var scores = writer.step(node, "Mul", queries, writer.constant(node, "scale", TensorData(number: factor)))
    scores = writer.step(node, "MatMul", scores, keys)
    if softcap > 0 { scores = writer.softCapped(node, scores, softcap) }
    scores = sizes.biased(node, scores, biases, &writer)
    let shares = writer.name(node, "shares")
    writer.append(node, "Softmax", [scores], to: shares, ["axis": .integer(-1)])
    sizes.finish(node, writer.step(node, "MatMul", shares, values), &writer)
    return true
  }
}

extension DecompositionWriter {
  /// Scores bent towards a bound that they never reach: `cap · tanh(score / cap)`.
  fileprivate mutating func softCapped(_ node: Node, _ scores: String, _ bound: Float) -> String {
    let cap = constant(node, "softcap", TensorData(number: bound))
    return step(node, "Mul", step(node, "Tanh", step(node, "Div", scores, cap)), cap)
  }
}

/// The dimensions of an Attention, in ONNX's two layouts: N x heads x length x depth, or N x length x (heads · depth)
/// with the counts of heads as attributes.
struct AttentionSizes {
  let rank: Int
  let batch: Int
  /// Heads of keys and values, and how many heads of queries read each.
  let keyHeads: Int
  let group: Int
  /// Positions.
  let queries: Int
  let keys: Int
  /// Numbers of a position in one head: of queries and keys, of values.
  let depth: Int
  let valueDepth: Int
  private let isCausal: Bool
  /// Positions before and behind its own that a query sees; negative for all.
  private let window: (before: Int, behind: Int)
  private let mask: String?

  /// Nil where the shapes do not go together, or keys of an earlier call come in, as for the generation of text.
  init?(_ node: Node, _ types: GraphTypes) {
    let names = (0..<3).compactMap(node.input)
    let shapes = names.compactMap { types.types[$0]?.shape }
    guard shapes.count == 3, let rank = shapes.first?.count, rank == 3 || rank == 4,
      shapes.allSatisfy({ $0.count == rank && $0[0] == shapes[0][0] && !$0.contains(where: { $0 < 1 }) }),
      (4...6).allSatisfy({ node.input($0) == nil }), node.outputs.dropFirst().allSatisfy(\.isEmpty),
      let causal = try? node.integer("is_causal", default: 0, in: 0...1),
      let before = try? node.integer("left_window_size", default: -1, in: -1...ShapeLimits.dimension),
      let behind = try? node.integer("right_window_size", default: -1, in: -1...ShapeLimits.dimension)
    else { return nil }
    let heads: (queries: Int, keys: Int)
    if rank == 4 {
      heads = (shapes[0][1], shapes[1][1])
    } else {
      guard let queries = try? node.integer("q_num_heads", default: 0, in: 1...65536),
        let keys = try? node.integer("kv_num_heads", default: 0, in: 1...65536)
      else { return nil }
      heads = (queries, keys)
    }
    let parts = rank == 4 ? [1, 1, 1] : [heads.queries, heads.keys, heads.keys]
    let last = shapes.map { $0[rank - 1] }
    let lengths = shapes.map { $0[rank - 2] }
    guard zip(last, parts).allSatisfy({ $0 % $1 == 0 }), heads.queries % heads.keys == 0,
      last[0] / parts[0] == last[1] / parts[1], lengths[1] == lengths[2],
      rank == 3 || shapes[2][1] == heads.keys
    else { return nil }
    (self.rank, batch, keyHeads, group) = (rank, shapes[0][0], heads.keys, heads.queries / heads.keys)
    (queries, keys) = (lengths[0], lengths[1])
    (depth, valueDepth) = (last[0] / parts[0], last[2] / parts[2])
    isCausal = causal == 1
    window = (before, behind)
    mask = node.input(3)
  }

  /// Of queries.
  private var heads: Int { keyHeads * group }

  /// Of the scores, less the last axis: the queries of all heads that read one head of keys, below each other.
  fileprivate var rows: [Int] { [batch, keyHeads, group * queries] }

  /// Of the result.
  var shape: [Int] {
    rank == 4 ? [batch, heads, queries, valueDepth] : [batch, queries, heads * valueDepth]
  }

  /// What is added to the scores: the mask where it is computed, one constant of all else.
  ///
  /// - Returns: nil for what one sum does not say: a mask that ends early, a query that sees nothing.
  fileprivate func biases(_ node: Node, _ writer: inout DecompositionWriter) -> [String]? {
    let isOrdered = isCausal || window.before >= 0 || window.behind >= 0
    if let mask, writer.types.constants[mask] == nil {
      guard let type = writer.types.types[mask], type.elementType == .float, type.shape.last == keys else { return nil }
      guard isOrdered else { return [mask] }
      return constantBias(node, nil, &writer).map { [mask, $0] }
    }
    guard mask != nil || isOrdered else { return [] }
    return constantBias(node, mask.flatMap { writer.types.constants[$0] }, &writer).map { [$0] }
  }

  /// Scores with all that is added to them, which is said head by head.
  fileprivate func biased(
    _ node: Node, _ scores: String, _ biases: [String], _ writer: inout DecompositionWriter
  ) -> String {
    guard !biases.isEmpty else { return scores }
    var sum = scores
    if group > 1 { sum = writer.reshaped(node, "heads", sum, [batch, heads, queries, keys]) }
    for bias in biases { sum = writer.step(node, "Add", sum, bias) }
    return group > 1 ? writer.reshaped(node, "rows", sum, rows + [keys]) : sum
  }

  private func constantBias(_ node: Node, _ data: TensorData?, _ writer: inout DecompositionWriter) -> String? {
    let shape = data?.shape ?? []
    let columns = shape.last ?? keys
    let rows = shape.count > 1 ? shape[shape.count - 2] : 1
    let outer = shape.dropLast(2)
    let planes = outer.reduce(1, *)
    guard rows == 1 || rows == queries, (1...keys).contains(columns), outer.count <= 2, planes > 0,
      let count = ShapeLimits.count(outer + [queries, keys]), let numbers = additive(data)
    else { return nil }
    var bias: [Float] = []
    bias.reserveCapacity(count)
    for plane in 0..<planes {
      for query in 0..<queries {
        let start = bias.count
        for key in 0..<keys {
          guard sees(query, key), key < columns else {
            bias.append(-.infinity)
            continue
          }
          bias.append(numbers.isEmpty ? 0 : numbers[(plane * rows + (rows == 1 ? 0 : query)) * columns + key])
        }
        // A query that sees nothing would be a division by zero.
        guard bias[start...].contains(where: { $0 > -.infinity }) else { return nil }
      }
    }
    return writer.constant(node, "bias", TensorData(floats: bias, shape: outer + [queries, keys]))
  }

  private func sees(_ query: Int, _ key: Int) -> Bool {
    (!isCausal || key <= query) && (window.before < 0 || query - key <= window.before)
      && (window.behind < 0 || key - query <= window.behind)
  }

  /// A mask of truths hides what is not true; numbers are added. Empty without a mask.
  private func additive(_ data: TensorData?) -> [Float]? {
    guard let data else { return [] }
    if data.elementType == .float { return data.floats }
    guard data.elementType == .bool, let truths = data.integers else { return nil }
    return truths.map { $0 == 0 ? -.infinity : 0 }
  }

  /// An input with its heads before its positions.
  ///
  /// - Parameter permutation: of four axes; queries and values that have four already stay as they are.
  fileprivate func turned(
    _ node: Node, _ index: Int, _ permutation: [Int], _ writer: inout DecompositionWriter
  ) -> String {
    let part = ["queries", "keys", "values"][index]
    var input = node.inputs[index]
    if rank == 3 {
      let (length, heads) = index == 0 ? (queries, self.heads) : (keys, keyHeads)
      input = writer.reshaped(node, "\(part)/heads", input, [batch, length, heads, index == 2 ? valueDepth : depth])
    } else if index != 1 {
      return input
    }
    let output = writer.name(node, part)
    writer.append(node, "Transpose", [input], to: output, ["perm": .integers(permutation)])
    return output
  }

  /// The result in the layout of the inputs.
  fileprivate func finish(_ node: Node, _ result: String, _ writer: inout DecompositionWriter) {
    guard rank == 3 else { return writer.reshape(node, "shape", result, shape, to: node.outputs[0]) }
    let four = group == 1 ? result : writer.reshaped(node, "back", result, [batch, heads, queries, valueDepth])
    let turned = writer.name(node, "turned")
    writer.append(node, "Transpose", [four], to: turned, ["perm": .integers([0, 2, 1, 3])])
    writer.reshape(node, "shape", turned, shape, to: node.outputs[0])
  }
}

extension TensorData {
  fileprivate init(number: Float) { self.init(floats: [number], shape: []) }
}
