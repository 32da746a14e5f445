import RoadBase

/// Checked access to a node's attributes: a model file is untrusted, so every number comes with the range it must lie
/// in.
extension Node {
  /// "node 'conv1' (Conv)", or by its first output where the model gives no name.
  public var label: String {
    let shown = name.isEmpty ? outputs.first(where: { !$0.isEmpty }) ?? "" : name
    return "node '\(shown)' (\(domain.isEmpty ? "" : domain + ".")\(operation))"
  }

  /// The error that this node cannot be used for a reason.
  public func failure(_ reason: String, remedy: String = "") -> RoadError {
    RoadError(.model, "\(label): \(reason)", remedy: remedy)
  }

  /// Input `index`, or nil where it is absent or an omitted optional.
  public func input(_ index: Int) -> String? {
    index < inputs.count && !inputs[index].isEmpty ? inputs[index] : nil
  }

  public func integer(_ key: String, default value: Int, in range: ClosedRange<Int>) throws(RoadError) -> Int {
    switch attributes[key] {
    case nil: return value
    case .integer(let found)? where range.contains(found): return found
    case let found?: throw failure("attribute \(key) is \(found.text), not an integer in \(range)")
    }
  }

  /// A list of exactly `count` integers (any length for nil), or the default where the attribute is absent.
  public func integers(
    _ key: String, count: Int? = nil, default value: [Int], in range: ClosedRange<Int>
  ) throws(RoadError) -> [Int] {
    switch attributes[key] {
    case nil: return value
    case .integers(let found)? where found.count == count ?? found.count && found.allSatisfy(range.contains):
      return found
    case let found?:
      throw failure("attribute \(key) is \(found.text), not \(count.map { "\($0) " } ?? "")integers in \(range)")
    }
  }

  public func float(_ key: String, default value: Float) throws(RoadError) -> Float {
    switch attributes[key] {
    case nil: return value
    case .float(let found)? where found.isFinite: return found
    case let found?: throw failure("attribute \(key) is \(found.text), not a finite number")
    }
  }

  public func string(_ key: String, default value: String, of known: [String]) throws(RoadError) -> String {
    switch attributes[key] {
    case nil: return value
    case .string(let found)? where known.contains(found): return found
    case let found?: throw failure("attribute \(key) is \(found.text), not one of \(known.joined(separator: ", "))")
    }
  }
}

extension Attribute {
  /// For messages: the value, lists cut after eight entries.
  var text: String {
    switch self {
    case .integer(let value): "\(value)"
    case .float(let value): "\(value)"
    case .string(let value): "'\(value.prefix(80))'"
    case .tensor(let value): "a tensor of shape \(value.shape)"
    case .integers(let values): list(values)
    case .floats(let values): list(values)
    case .strings(let values): list(values)
    case .graph: "a subgraph"
    case .reference(let name): "a reference to '\(name.prefix(80))'"
    case .unreadable: "a sparse tensor or a list of graphs"
    }
  }

  private func list<Value>(_ values: [Value]) -> String {
    "[" + values.prefix(8).map { "\($0)" }.joined(separator: ", ") + (values.count > 8 ? ", …]" : "]")
  }
}
