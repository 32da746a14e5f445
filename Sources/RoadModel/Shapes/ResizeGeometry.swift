import RoadBase

/// Where every output coordinate of an ONNX Resize reads its input, mode and coordinate transformation resolved.
public struct ResizeGeometry: Hashable, Sendable {
  public enum Mode: String, Sendable { case nearest, linear }
  public enum Coordinates: String, Sendable, CaseIterable {
    case halfPixel = "half_pixel"
    case pytorchHalfPixel = "pytorch_half_pixel"
    case halfPixelSymmetric = "half_pixel_symmetric"
    case alignCorners = "align_corners"
    case asymmetric
  }
  public enum NearestRounding: String, Sendable, CaseIterable {
    case preferFloor = "round_prefer_floor"
    case preferCeiling = "round_prefer_ceil"
    case floor, ceil
  }

  public var mode: Mode
  public var coordinates: Coordinates
  public var rounding: NearestRounding
  public var input: [Int]
  public var output: [Int]
  /// Output ÷ input, one for each axis, as the model gives it (not always the quotient of the sizes).
  public var scales: [Float]

  /// - Parameters:
  ///   - input: shape of the tensor that is resized, any rank.
  ///   - constant: the value of a constant input by name.
  public init(node: Node, input: [Int], constant: (String) -> TensorData?) throws(RoadError) {
    guard !input.isEmpty else { throw node.failure("its input is a single number") }
    self.input = input
    mode = try node.string("mode", default: "nearest", of: ["nearest", "linear"]) == "linear" ? .linear : .nearest
    let known = Coordinates.allCases.map(\.rawValue)
    let given = try node.string("coordinate_transformation_mode", default: "half_pixel", of: known)
    coordinates = Coordinates(rawValue: given) ?? .halfPixel
    let nearest = try node.string(
      "nearest_mode", default: "round_prefer_floor", of: NearestRounding.allCases.map(\.rawValue))
    rounding = NearestRounding(rawValue: nearest) ?? .preferFloor
    guard try node.integer("antialias", default: 0, in: 0...1) == 0 else {
      throw node.failure("antialias is not supported")
    }
    _ = try node.string("keep_aspect_ratio_policy", default: "stretch", of: ["stretch"])
    let axes = try node.integers("axes", default: Array(input.indices), in: -input.count...max(input.count - 1, 0))
      .map { $0 < 0 ? $0 + input.count : $0 }
    (scales, output) = try Self.factors(node: node, input: input, axes: axes, constant: constant)
    guard ShapeLimits.count(output) != nil, output.allSatisfy({ $0 > 0 }) else {
      throw node.failure("its output would have the shape \(output)")
    }
  }

  private static func factors(
    node: Node, input: [Int], axes: [Int], constant: (String) -> TensorData?
  ) throws(RoadError) -> (scales: [Float], output: [Int]) {
    var scales = [Float](repeating: 1, count: input.count)
    var output = input
    // Some exporters give an empty tensor for the one of the two that they leave out.
    if let name = node.input(3), constant(name)?.count != 0 {
      guard let sizes = constant(name)?.integers else { throw node.failure("its sizes '\(name)' are not constant") }
      guard sizes.count == axes.count, sizes.allSatisfy({ (1...ShapeLimits.dimension).contains($0) }) else {
        throw node.failure("sizes \(sizes.prefix(8)) do not fit an input of shape \(input)")
      }
      for (axis, size) in zip(axes, sizes) where input[axis] > 0 {
        output[axis] = size
        scales[axis] = Float(size) / Float(input[axis])
      }
      return (scales, output)
    }
    guard let name = node.input(2) else { throw node.failure("it has neither scales nor sizes") }
    guard let factors = constant(name)?.floats else { throw node.failure("its scales '\(name)' are not constant") }
    guard factors.count == axes.count, factors.allSatisfy({ $0 > 0 && $0 <= 65536 }) else {
      throw node.failure("scales \(factors.prefix(8)) do not fit an input of shape \(input)")
    }
    for (axis, factor) in zip(axes, factors) {
      scales[axis] = factor
      output[axis] = Int((Float(input[axis]) * factor).rounded(.down))
    }
    return (scales, output)
  }

  /// The input coordinate of an output coordinate, not yet clamped to the input.
  public func source(_ x: Int, axis: Int) -> Float {
    let scale = scales[axis]
    let x = Float(x)
    switch coordinates {
    case .asymmetric: return x / scale
    case .alignCorners:
      return output[axis] > 1 ? x * Float(input[axis] - 1) / Float(output[axis] - 1) : 0
    case .pytorchHalfPixel where output[axis] <= 1: return 0
    case .halfPixel, .pytorchHalfPixel: return (x + 0.5) / scale - 0.5
    case .halfPixelSymmetric:
      let length = scale * Float(input[axis])
      let adjustment = Float(output[axis]) / length
      let center = Float(input[axis]) / 2
      return center * (1 - adjustment) + (x + 0.5) / scale - 0.5
    }
  }

  /// The two input coordinates that a linear resize blends and the weight of the second, in 0...1.
  public func linearTap(_ x: Int, axis: Int) -> (first: Int, second: Int, weight: Float) {
    let last = input[axis] - 1
    let position = min(max(source(x, axis: axis), 0), Float(last))
    let first = min(Int(position), last)
    return (first, min(first + 1, last), position - Float(first))
  }

  /// The input coordinate that a nearest resize copies.
  public func nearestTap(_ x: Int, axis: Int) -> Int {
    let position = source(x, axis: axis)
    let rounded =
      switch rounding {
      case .preferFloor: (position - 0.5).rounded(.up)
      case .preferCeiling: (position + 0.5).rounded(.down)
      case .floor: position.rounded(.down)
      case .ceil: position.rounded(.up)
      }
    return Int(min(max(rounded, 0), Float(input[axis] - 1)))
  }
}
