import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

/// Resize of height and width, linear or nearest, in every coordinate mode that ``ResizeGeometry`` knows; and Upsample.
enum ResizeRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    let finer = try lowering.int16(0, of: node)
    var view = if let finer { RealView(view: finer) } else { try lowering.real(0, of: node) }
    let geometry = try geometry(node, view.shape, lowering)
    guard !geometry.needsTaps else { return try lowering.resample(node, geometry) }
    // Copying a byte and then looking its number up is the same either way; blending is not.
    let from = lowering.tensor(view.tensor)
    if finer == nil {
      if geometry.mode == .nearest, let row = view.commonRow(of: from), view.tensor != lowering.network.input {
        if !view.isPlain(in: from) { view.dequantized = [row] }
      } else {
        view = RealView(view: try lowering.activation(viewOf: 0, of: node))
      }
    }
    let source = lowering.network.plane(of: view.view)
    let output = append(node, source, geometry, &lowering.network)
    let result = lowering.network.canonicalView(of: output)
    lowering.set(.real(RealView(view: result, dequantized: view.dequantized)), outputOf: node)
  }

  private static func append(
    _ node: Node, _ source: TensorID, _ geometry: ResizeGeometry, _ network: inout LoweredNetwork
  ) -> TensorID {
    let target = PlaneShape(
      height: geometry.output[2], width: geometry.output[3], channels: geometry.output[1])
    let from = network.tensors[source]
    let output = network.addTensor(node.outputs[0], target, from.format.ofOneScale)
    if network.rounding.resizesInBinary32,
      let layer = ONNXRuntimeResizeLayer(node.name, source, output, from, geometry)
    {
      network.append(layer)
    } else {
      network.append(
        ResizeLayer(
          name: node.name, source: source, output: output, columns: geometry.taps(axis: 3, of: from.element),
          rows: geometry.taps(axis: 2, of: from.element), elements: from.element))
    }
    return output
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
