/// Who produces and who reads each value of a graph, by the position of the node; made once a pass.
public struct GraphIndex: Sendable {
  public private(set) var producer: [String: Int] = [:]
  public private(set) var consumers: [String: [Int]] = [:]
  private let outputs: Set<String>

  public init(_ graph: ModelGraph) {
    outputs = Set(graph.outputs.map(\.name))
    for (position, node) in graph.nodes.enumerated() {
      for name in node.outputs where !name.isEmpty { producer[name] = position }
      for name in node.inputs where !name.isEmpty { consumers[name, default: []].append(position) }
    }
  }

  /// The only reader of a value; nil when there are none or several, or when the value leaves the graph.
  public func soleConsumer(of name: String) -> Int? {
    guard !outputs.contains(name), let readers = consumers[name], readers.count == 1 else { return nil }
    return readers[0]
  }

  public func isGraphOutput(_ name: String) -> Bool { outputs.contains(name) }
}
