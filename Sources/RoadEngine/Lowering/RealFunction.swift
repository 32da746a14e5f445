import RoadBase
import RoadModel

/// What an operator does with two real numbers: one of the catalogue.
struct BinaryFunction: Equatable, Sendable {
  enum Kind: Sendable { case sum, difference, product, other }
  let name: String
  let kind: Kind
  let apply: @Sendable (Float, Float) -> Float

  static func == (left: BinaryFunction, right: BinaryFunction) -> Bool { left.name == right.name }

  static let sum = BinaryFunction(name: "Add", kind: .sum) { $0 + $1 }

  /// The catalogue's functions of two numbers.
  static let named: [String: BinaryFunction] = {
    let kinds: [String: Kind] = ["Add": .sum, "Sum": .sum, "Sub": .difference, "Mul": .product]
    return OperatorCatalogue.operators.compactMapValues { known in
      known.binary.map { BinaryFunction(name: known.name, kind: kinds[known.name] ?? .other, apply: $0) }
    }
  }()
}

/// A function of one real number, as a value.
indirect enum RealFunction: Equatable, Sendable {
  /// A node's own; equal where operator and attributes are.
  case node(Node, ScalarFunction)
  case clamp(Float, Float)
  case affine(factor: Float, offset: Float)
  /// Of the number and a constant.
  case binary(BinaryFunction, constant: Float, constantIsFirst: Bool)
  /// One after the other.
  case chain([RealFunction])
  /// Of two functions of the same number.
  case both(BinaryFunction, RealFunction, RealFunction)

  func callAsFunction(_ real: Float) -> Float {
    switch self {
    case .node(_, let function): function(real)
    case .clamp(let lowest, let highest): min(max(real, lowest), highest)
    case .affine(let factor, let offset): factor * real + offset
    case .binary(let function, let constant, let constantIsFirst):
      constantIsFirst ? function.apply(constant, real) : function.apply(real, constant)
    case .chain(let functions): functions.reduce(real) { $1($0) }
    case .both(let function, let left, let right): function.apply(left(real), right(real))
    }
  }

  static func == (left: RealFunction, right: RealFunction) -> Bool {
    switch (left, right) {
    case (.node(let a, _), .node(let b, _)): a.operation == b.operation && a.attributes == b.attributes
    case (.clamp(let a, let b), .clamp(let c, let d)): a == c && b == d
    case (.affine(let a, let b), .affine(let c, let d)): a == c && b == d
    case (.binary(let a, let b, let c), .binary(let d, let e, let f)): a == d && b == e && c == f
    case (.chain(let a), .chain(let b)): a == b
    case (.both(let a, let b, let c), .both(let d, let e, let f)): a == d && b == e && c == f
    default: false
    }
  }
}

/// `factor · x + offset`, one pair for each channel.
struct ChannelAffine: Equatable, Sendable {
  var factor: [Double]
  var offset: [Double]

  init(factor: [Double], offset: [Double]) {
    self.factor = factor
    self.offset = offset
  }

  /// The one pair, where all channels have the same.
  var uniform: (factor: Float, offset: Float)? {
    guard let factor = factor.first.map(Float.init), let offset = offset.first.map(Float.init),
      Set(self.factor).count == 1, Set(self.offset).count == 1
    else { return nil }
    return (factor, offset)
  }

  /// A sum, difference, product or quotient of an activation and constants; nil for a constant divided by an
  /// activation.
  init?(_ operation: String, constantIsFirst: Bool, _ numbers: [Double]) {
    let ones = [Double](repeating: 1, count: numbers.count)
    let zeros = [Double](repeating: 0, count: numbers.count)
    switch operation {
    case "Add", "Sum": self.init(factor: ones, offset: numbers)
    case "Sub" where constantIsFirst: self.init(factor: ones.map { -$0 }, offset: numbers)
    case "Sub": self.init(factor: ones, offset: numbers.map { -$0 })
    case "Mul": self.init(factor: numbers, offset: zeros)
    case "Div" where !constantIsFirst: self.init(factor: numbers.map { 1 / $0 }, offset: zeros)
    default: return nil
    }
    guard factor.allSatisfy(\.isFinite), offset.allSatisfy(\.isFinite) else { return nil }
  }
}
