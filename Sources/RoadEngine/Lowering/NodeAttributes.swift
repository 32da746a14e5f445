import RoadBase
import RoadModel

extension Node {
  /// "'conv1' (Conv)"; a nameless node is called by its first output.
  var label: String { "'\(name.isEmpty ? outputs.first ?? "?" : name)' (\(operation))" }

  func integer(_ attribute: String, default fallback: Int) throws(RoadError) -> Int {
    switch attributes[attribute] {
    case .none: return fallback
    case .integer(let value): return value
    default: throw RoadError(.model, "attribute \(attribute) is not an integer")
    }
  }

  func string(_ attribute: String, default fallback: String) throws(RoadError) -> String {
    switch attributes[attribute] {
    case .none: return fallback
    case .string(let value): return value
    default: throw RoadError(.model, "attribute \(attribute) is not a string")
    }
  }

  func float(_ attribute: String, default fallback: Float) throws(RoadError) -> Float {
    switch attributes[attribute] {
    case .none: return fallback
    case .float(let value): return value
    default: throw RoadError(.model, "attribute \(attribute) is not a number")
    }
  }

  /// A list of `fallback.count` integers inside `range`.
  func integers(
    _ attribute: String, default fallback: [Int], in range: ClosedRange<Int>
  ) throws(RoadError) -> [Int] {
    let list: [Int]
    switch attributes[attribute] {
    case .none: list = fallback
    case .integers(let values): list = values
    default: throw RoadError(.model, "attribute \(attribute) is not a list of integers")
    }
    guard list.count == fallback.count, list.allSatisfy(range.contains) else {
      throw RoadError(.model, "attribute \(attribute) is \(list); \(fallback.count) numbers in \(range) are supported")
    }
    return list
  }
}
