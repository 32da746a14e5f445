import RoadBase

/// A function that a model defines itself (FunctionProto): nodes under a name, with attributes that a call gives.
struct LocalFunction {
  var name = ""
  var domain = ""
  var overload = ""
  var inputs: [String] = []
  var outputs: [String] = []
  var nodes: [Node] = []
  /// Attributes that a call may leave out.
  var defaults: [String: Attribute] = [:]
  /// The standard operator set that its nodes are of.
  var opset: Int?

  var key: String { Self.key(domain, name, overload) }

  static func key(_ domain: String, _ name: String, _ overload: String) -> String { "\(domain)|\(name)|\(overload)" }
}

extension ModelGraph {
  /// The graph with every call of a local function replaced by the function's nodes, their values renamed.
  ///
  /// - Throws: where functions call each other in a circle, are of another operator set than the model, or become too
  ///   many nodes.
  func inlining(_ functions: [String: LocalFunction], file: String) throws(RoadError) -> ModelGraph {
    guard !functions.isEmpty else { return self }
    var inliner = FunctionInliner(functions: functions, opset: opset, file: file)
    var graph = self
    graph.nodes = try inliner.inlined(nodes, depth: 0)
    return graph
  }
}

private struct FunctionInliner {
  static let depthLimit = 32
  let functions: [String: LocalFunction]
  let opset: Int
  let file: String
  var calls = 0
  var count = 0

  mutating func inlined(_ nodes: [Node], depth: Int) throws(RoadError) -> [Node] {
    var result: [Node] = []
    for node in nodes {
      guard let function = functions[LocalFunction.key(node.domain, node.operation, node.overload)] else {
        var kept = node
        for (name, value) in node.attributes {
          guard case .graph(let branch) = value else { continue }
          var graph = branch.graph
          graph.nodes = try inlined(graph.nodes, depth: depth + 1)
          kept.attributes[name] = .graph(Subgraph(graph))
        }
        result.append(kept)
        count += 1
        guard count <= ONNXReader.nodeLimit else { throw failure("its functions become too many nodes") }
        continue
      }
      guard depth < Self.depthLimit else { throw failure("its functions call each other in a circle") }
      guard function.opset ?? opset == opset else {
        throw failure("its function \(function.name) is of operator set \(function.opset ?? 0), the model of \(opset)")
      }
      result += try inlined(body(of: function, for: node), depth: depth + 1)
    }
    return result
  }

  private func failure(_ cause: String) -> RoadError {
    RoadError(
      .model, "\(file): \(cause)", remedy: "export it with functions inlined (onnx.inliner.inline_local_functions)")
  }

  /// The function's nodes with the call's names and attributes.
  private mutating func body(of function: LocalFunction, for call: Node) -> [Node] {
    calls += 1
    let prefix = "\(call.outputs.first { !$0.isEmpty } ?? function.name)/\(function.name)\(calls)/"
    var names: [String: String] = ["": ""]
    for (index, input) in function.inputs.enumerated() { names[input] = call.input(index) ?? "" }
    for (index, output) in function.outputs.enumerated() where call.outputs.indices.contains(index) {
      if !call.outputs[index].isEmpty { names[output] = call.outputs[index] }
    }
    var nodes = function.nodes.map { node in
      node.renamed(prefix: prefix, names: names, attributes: function.defaults.merging(call.attributes) { $1 })
    }
    // An output that is an input, or the same as another: no node makes it under the call's name.
    let made = Set(nodes.flatMap(\.outputs))
    for (index, output) in function.outputs.enumerated() where call.outputs.indices.contains(index) {
      let wanted = call.outputs[index]
      guard !wanted.isEmpty, !made.contains(wanted) else { continue }
      let source = function.inputs.firstIndex(of: output).flatMap { call.input($0) } ?? names[output] ?? prefix + output
      nodes.append(Node(name: wanted, operation: "Identity", inputs: [source], outputs: [wanted]))
    }
    return nodes
  }
}

extension Node {
  /// With every value renamed: as `names` says, or with the prefix; and with references to attributes resolved.
  func renamed(prefix: String, names: [String: String], attributes given: [String: Attribute]) -> Node {
    var node = self
    node.name = prefix + name
    node.inputs = inputs.map { names[$0] ?? prefix + $0 }
    node.outputs = outputs.map { names[$0] ?? prefix + $0 }
    for (key, value) in attributes {
      switch value {
      case .reference(let name): node.attributes[key] = given[name]
      case .graph(let branch):
        var graph = branch.graph
        graph.nodes = graph.nodes.map { $0.renamed(prefix: prefix, names: names, attributes: given) }
        graph.initializers = Dictionary(
          graph.initializers.map { (prefix + $0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        graph.outputs = graph.outputs.map {
          ValueInfo(name: names[$0.name] ?? prefix + $0.name, elementType: $0.elementType, shape: $0.shape)
        }
        node.attributes[key] = .graph(Subgraph(graph))
      default: break
      }
    }
    return node
  }
}
