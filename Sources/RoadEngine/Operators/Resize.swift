import RoadBase
import RoadKernelContract
import RoadModel

/// Bilinear or nearest resize; scale and zero-point stay those of the source.
struct ResizeLayer: Layer {
  let name: String
  let kind = LayerKind.resize
  let source: TensorID
  let output: TensorID
  let columns: [ResizeTap]
  let rows: [ResizeTap]

  var inputs: [TensorID] { [source] }
  func reach(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
  func multiplyAccumulates(in network: LoweredNetwork) -> Int { 0 }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let kernel = context.kernels.resize
    let columns = UnsafePointer(context.memory.copy(columns))
    let taps = UnsafePointer(context.memory.copy(rows))
    return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
      var arguments = ResizeArguments(source: sources[0], destination: destination, columns: columns, rows: taps)
      kernel.run(&arguments, rows.lowerBound, rows.upperBound)
    }
  }
}

/// Resize in the modes linear and nearest, with the coordinate modes half_pixel, pytorch_half_pixel, asymmetric, align_corners.
enum ResizeRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    let source = try lowering.activation(0, of: node)
    let shape = lowering.tensor(source).shape
    try checkAttributes(node)
    let (target, scaleY, scaleX) = try targetSize(node, shape, lowering)
    let interpolation = try Interpolation(node)
    let rows = interpolation.taps(from: shape.height, to: target.height, scale: scaleY)
    let columns = interpolation.taps(from: shape.width, to: target.width, scale: scaleX)
    let name = node.name
    let pending = PendingLayer(node: name, shape: target) {
      (lowering: inout Lowering, output, clamp) throws(RoadError) in
      let (from, to) = (lowering.tensor(source).quantization, lowering.tensor(output).quantization)
      if from == to, clamp == .none {
        lowering.append(ResizeLayer(name: name, source: source, output: output, columns: columns, rows: rows))
        return
      }
      let resized = lowering.addTensor("\(name)/resized", target, from)
      lowering.append(ResizeLayer(name: name, source: source, output: resized, columns: columns, rows: rows))
      var levels = (0...255).map { from.dequantize(UInt8($0)) }
      levels = levels.map { min(max($0, to.dequantize(clamp.low)), to.dequantize(clamp.high)) }
      lowering.append(
        TableLayer(
          name: "\(name)/requantize", view: RealView(tensor: resized, levels: [levels]),
          source: lowering.tensor(resized), output: output, quantization: to))
    }
    lowering.set(.pending(pending), outputOf: node)
  }

  private static func checkAttributes(_ node: Node) throws(RoadError) {
    guard try node.integer("antialias", default: 0, in: 0...1) == 0 else {
      throw RoadError(.model, "antialias is not supported")
    }
    guard node.attributes["axes"] == nil else { throw RoadError(.model, "attribute axes is not supported") }
  }

  /// Target shape, and the scale of each axis (output ÷ input) as the coordinate modes use it.
  private static func targetSize(
    _ node: Node, _ shape: PlaneShape, _ lowering: Lowering
  ) throws(RoadError) -> (PlaneShape, Double, Double) {
    var target = shape
    var scales = (y: 0.0, x: 0.0)
    if let sizes = try lowering.constant(3, of: node)?.data.integers, !sizes.isEmpty {
      guard sizes.count == 4, sizes[0] == 1, sizes[1] == shape.channels else {
        throw RoadError(.model, "resizes to \(sizes), not 1x\(shape.channels)xHxW")
      }
      (target.height, target.width) = (sizes[2], sizes[3])
      scales = (Double(sizes[2]) / Double(shape.height), Double(sizes[3]) / Double(shape.width))
    } else {
      // Opset 10 has the scales second, later ones third, after the region of interest.
      let index = node.inputs.count == 2 ? 1 : 2
      guard let list = try lowering.constant(index, of: node)?.data.floats, list.count == 4 else {
        throw RoadError(.model, "has neither constant sizes nor four constant scales")
      }
      guard list[0] == 1, list[1] == 1, list[2...].allSatisfy({ $0.isFinite && $0 > 0 && $0 <= 64 }) else {
        throw RoadError(.model, "resizes by \(list); only height and width can be, up to 64 times")
      }
      scales = (Double(list[2]), Double(list[3]))
      (target.height, target.width) = (Int(Double(shape.height) * scales.y), Int(Double(shape.width) * scales.x))
    }
    guard (1...16384).contains(target.height), (1...16384).contains(target.width) else {
      throw RoadError(.model, "resizes to \(target.width)x\(target.height) pixels")
    }
    return (target, scales.y, scales.x)
  }
}

/// Where output coordinates fall in the source: ONNX Resize, attributes mode and coordinate_transformation_mode.
struct Interpolation {
  enum Coordinates: String, CaseIterable {
    case halfPixel = "half_pixel"
    case pytorchHalfPixel = "pytorch_half_pixel"
    case asymmetric
    case alignCorners = "align_corners"
  }

  enum Nearest: String, CaseIterable {
    case preferFloor = "round_prefer_floor"
    case preferCeil = "round_prefer_ceil"
    case floor
    case ceil
  }

  var coordinates: Coordinates
  /// Nil: linear.
  var nearest: Nearest?

  init(coordinates: Coordinates, nearest: Nearest? = nil) {
    self.coordinates = coordinates
    self.nearest = nearest
  }

  init(_ node: Node) throws(RoadError) {
    // Before opset 11 the only coordinate mode was the asymmetric one.
    let fallback = node.inputs.count == 2 ? "asymmetric" : "half_pixel"
    let mode = try node.string(
      "coordinate_transformation_mode", default: fallback, of: Coordinates.allCases.map(\.rawValue))
    coordinates = Coordinates(rawValue: mode) ?? .halfPixel
    guard try node.string("mode", default: "nearest", of: ["nearest", "linear"]) == "nearest" else {
      nearest = nil
      return
    }
    nearest = Nearest(
      rawValue: try node.string("nearest_mode", default: "round_prefer_floor", of: Nearest.allCases.map(\.rawValue)))
  }

  /// The two source coordinates and the weight of the second for each of `target` coordinates.
  func taps(from source: Int, to target: Int, scale: Double) -> [ResizeTap] {
    (0..<target).map { index in
      let exact = coordinate(Double(index), source: source, target: target, scale: scale)
      let position = min(max(exact, 0), Double(source - 1))
      if let nearest {
        let chosen = Int32(min(max(nearest.round(exact), 0), Double(source - 1)))
        return ResizeTap(first: chosen, second: chosen, secondWeight: 0)
      }
      let first = Int(position)
      let unit = Double(1 << ResizeArguments.weightBits)
      let weight = Int32(((position - Double(first)) * unit).rounded())
      return ResizeTap(first: Int32(first), second: Int32(min(first + 1, source - 1)), secondWeight: weight)
    }
  }

  private func coordinate(_ index: Double, source: Int, target: Int, scale: Double) -> Double {
    switch coordinates {
    case .halfPixel: (index + 0.5) / scale - 0.5
    case .pytorchHalfPixel: target > 1 ? (index + 0.5) / scale - 0.5 : 0
    case .asymmetric: index / scale
    case .alignCorners: target > 1 ? index * Double(source - 1) / Double(target - 1) : 0
    }
  }
}

extension Interpolation.Nearest {
  fileprivate func round(_ position: Double) -> Double {
    switch self {
    case .preferFloor: (position - 0.5).rounded(.up)
    case .preferCeil: (position + 0.5).rounded(.down)
    case .floor: position.rounded(.down)
    case .ceil: position.rounded(.up)
    }
  }
}
