import RoadBase

/// Where every output coordinate of an ONNX Resize reads its input, mode and coordinate transformation resolved.
public struct ResizeGeometry: Sendable {
  public enum Mode: String, Sendable, CaseIterable { case nearest, linear, cubic }
  public enum Coordinates: String, Sendable, CaseIterable {
    case halfPixel = "half_pixel"
    case pytorchHalfPixel = "pytorch_half_pixel"
    case halfPixelSymmetric = "half_pixel_symmetric"
    case alignCorners = "align_corners"
    case asymmetric
    /// Opset 11 and 12.
    case tensorFlowHalfPixel = "tf_half_pixel_for_nn"
    /// A part of the input, by its corners in 0...1; what lies outside the input is ``extrapolation``.
    case cropAndResize = "tf_crop_and_resize"
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
  /// Of ``Coordinates/cropAndResize``: where the part begins and ends on each axis, 0 at the first and 1 at the last
  /// number.
  public var region: [(start: Float, end: Float)]
  /// What stands where ``Coordinates/cropAndResize`` reads outside the input.
  public var extrapolation: Float
  /// Shrinks with windows as wide as the factor, so that every number of the input counts.
  public var antialiases: Bool
  /// Weights of what lies outside the input go to what lies inside, not to the edge.
  public var excludesOutside: Bool
  /// The cubic's free parameter (Keys: "Cubic convolution interpolation for digital image processing", 1981).
  public var cubicCoefficient: Float

  /// - Parameters:
  ///   - input: shape of the tensor that is resized, any rank.
  ///   - constant: the value of a constant input by name.
  public init(node: Node, input: [Int], constant: (String) -> TensorData?) throws(RoadError) {
    guard !input.isEmpty else { throw node.failure("its input is a single number") }
    self.input = input
    let modes = Mode.allCases.map(\.rawValue)
    mode = Mode(rawValue: try node.string("mode", default: "nearest", of: modes)) ?? .nearest
    let known = Coordinates.allCases.map(\.rawValue)
    let given = try node.string("coordinate_transformation_mode", default: "half_pixel", of: known)
    coordinates = Coordinates(rawValue: given) ?? .halfPixel
    let nearest = try node.string(
      "nearest_mode", default: "round_prefer_floor", of: NearestRounding.allCases.map(\.rawValue))
    rounding = NearestRounding(rawValue: nearest) ?? .preferFloor
    antialiases = try node.integer("antialias", default: 0, in: 0...1) == 1
    excludesOutside = try node.integer("exclude_outside", default: 0, in: 0...1) == 1
    cubicCoefficient = try node.float("cubic_coeff_a", default: -0.75)
    extrapolation = try node.float("extrapolation_value", default: 0)
    guard !antialiases || mode != .nearest else {
      throw node.failure("antialias has no meaning for the nearest number")
    }
    let axes = try node.integers("axes", default: Array(input.indices), in: -input.count...max(input.count - 1, 0))
      .map { $0 < 0 ? $0 + input.count : $0 }
    region = try Self.region(node: node, rank: input.count, axes: axes, isUsed: coordinates == .cropAndResize, constant)
    let lengths = region.map { $0.end - $0.start }
    (scales, output) = try Self.factors(node: node, input: input, axes: axes, lengths: lengths, constant: constant)
    guard ShapeLimits.count(output) != nil, output.allSatisfy({ $0 > 0 }) else {
      throw node.failure("its output would have the shape \(output)")
    }
  }

  private static func region(
    node: Node, rank: Int, axes: [Int], isUsed: Bool, _ constant: (String) -> TensorData?
  ) throws(RoadError) -> [(start: Float, end: Float)] {
    var region = [(start: Float, end: Float)](repeating: (0, 1), count: rank)
    guard isUsed else { return region }
    guard let name = node.input(1), let corners = constant(name)?.floats else {
      throw node.failure("its region of interest is not constant")
    }
    guard corners.count == 2 * axes.count, corners.allSatisfy({ abs($0) <= 1024 }) else {
      throw node.failure("a region of interest of \(corners.count) numbers, or one far outside, for \(axes.count) axes")
    }
    for (position, axis) in axes.enumerated() { region[axis] = (corners[position], corners[axes.count + position]) }
    return region
  }

  private static func factors(
    node: Node, input: [Int], axes: [Int], lengths: [Float], constant: (String) -> TensorData?
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
      let policy = try node.string(
        "keep_aspect_ratio_policy", default: "stretch", of: ["stretch", "not_larger", "not_smaller"])
      let wanted = axes.map { scales[$0] }
      if policy != "stretch", let common = policy == "not_larger" ? wanted.min() : wanted.max() {
        for axis in axes {
          scales[axis] = common
          output[axis] = Int((common * Float(input[axis]) + 0.5).rounded(.down))
        }
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
      // Lengths are those of the region of interest; 1 where there is none.
      output[axis] = Int((Float(input[axis]) * max(lengths[axis], 0) * factor).rounded(.down))
    }
    return (scales, output)
  }

  /// The input coordinate of an output coordinate, not yet clamped to the input.
  public func source(_ x: Int, axis: Int) -> Float {
    let scale = scales[axis]
    let x = Float(x)
    switch coordinates {
    case .asymmetric: return x / scale
    case .tensorFlowHalfPixel: return (x + 0.5) / scale
    case .cropAndResize:
      let last = Float(input[axis] - 1)
      let (start, end) = region[axis]
      guard output[axis] > 1 else { return 0.5 * (start + end) * last }
      return start * last + x * (end - start) * last / Float(output[axis] - 1)
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

  /// What lies so near the middle between two numbers counts as the middle: coordinates are floats, and 13.5 may come
  /// out as 13.500001. The bound is ONNX Runtime's (found by its results for all lengths from 1 to 69).
  private static let middle: Double = 1e-6

  /// The input coordinate that a nearest resize copies.
  public func nearestTap(_ x: Int, axis: Int) -> Int {
    let position = source(x, axis: axis)
    let below = position.rounded(.down)
    let fraction = Double(position) - Double(below)
    let rounded =
      switch rounding {
      case .preferFloor: fraction <= 0.5 + Self.middle ? below : below + 1
      case .preferCeiling: fraction < 0.5 - Self.middle ? below : below + 1
      case .floor: position.rounded(.down)
      case .ceil: position.rounded(.up)
      }
    return Int(min(max(rounded, 0), Float(input[axis] - 1)))
  }
}
