import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

/// Resize of height and width, linear or nearest, in every coordinate mode that ``ResizeGeometry`` knows; and Upsample.
enum ResizeRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    if let view = try lowering.words(0, of: node) {
      let geometry = try geometry(node, view.shape, lowering)
      guard !geometry.needsTaps else { return try lowering.resample(node, geometry) }
      return append(node, lowering.plane(of: view), geometry, levels: nil, &lowering)
    }
    let view = try lowering.real(0, of: node)
    let geometry = try geometry(node, view.shape, lowering)
    guard !geometry.needsTaps else { return try lowering.resample(node, geometry) }
    // Copying a byte and then looking its level up is the same either way; blending is not.
    let common = view.commonLevels(of: lowering.tensor(view.tensor))
    let keepsLevels = geometry.mode == .nearest && common != nil && view.tensor != lowering.network.input
    let levels = keepsLevels && view.levels != nil ? common.map { [$0] } : nil
    let from = keepsLevels ? view.view : try lowering.activation(viewOf: 0, of: node)
    append(node, lowering.plane(of: from), geometry, levels: levels, &lowering)
  }

  private static func append(
    _ node: Node, _ source: TensorID, _ geometry: ResizeGeometry, levels: [[Float]]?, _ lowering: inout Lowering
  ) {
    let target = PlaneShape(
      height: geometry.output[2], width: geometry.output[3], channels: geometry.output[1])
    let output = lowering.addTensor(node.outputs[0], target, as: source)
    let elements = lowering.tensor(source).kind
    if lowering.roundsAsONNXRuntime,
      let precise = PreciseResizeLayer(node.name, source, output, lowering.tensor(source), geometry)
    {
      lowering.append(precise)
    } else {
      lowering.append(
        ResizeLayer(
          name: node.name, source: source, output: output, columns: geometry.taps(axis: 3, of: elements),
          rows: geometry.taps(axis: 2, of: elements), elements: elements))
    }
    let view = lowering.canonicalView(of: output)
    guard levels != nil else { return lowering.set(view, outputOf: node) }
    lowering.set(.real(RealView(view: view, levels: levels)), outputOf: node)
  }

  private static func geometry(
    _ node: Node, _ shape: [Int], _ lowering: Lowering
  ) throws(RoadError) -> ResizeGeometry {
    var node = node
    // Opset 10 and Upsample have the scales second, and know only one coordinate mode.
    if node.inputs.count == 2 || node.operation == "Upsample" {
      node.inputs = [node.inputs[0], ""] + node.inputs.dropFirst()
      node.attributes["coordinate_transformation_mode"] = .string("asymmetric")
      node.attributes["nearest_mode"] = .string("floor")
    }
    var constants: [String: TensorData] = [:]
    for index in 1..<node.inputs.count {
      if let constant = try lowering.constant(index, of: node) { constants[node.inputs[index]] = constant.data }
    }
    let geometry = try ResizeGeometry(node: node, input: shape) { constants[$0] }
    guard shape.count == 4, shape[0] == 1, geometry.output[..<2] == shape[..<2] else {
      throw RoadError(.model, "resizes \(shape) to \(geometry.output); only height and width can be")
    }
    return geometry
  }
}
