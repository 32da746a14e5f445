import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

/// GridSample of a picture at positions that are a tensor's bytes, or a tensor's bytes plus a constant grid. A constant
/// grid stays exact in fixed point: only what the network computes is rounded to bytes.
enum SamplingRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    let source = try lowering.picture(0, of: node)
    let from = lowering.tensor(source)
    let mode = try node.string(
      "mode", default: "linear", of: ["bilinear", "linear", "nearest", "bicubic", "cubic"])
    let padding = try node.string("padding_mode", default: "zeros", of: ["zeros", "border", "reflection"])
    let alignsCorners = try node.integer("align_corners", default: 0, in: 0...1) == 1
    let (view, offsets) = try grid(node, &lowering)
    let target = PlaneShape(height: view.shape[1], width: view.shape[2], channels: from.channels)
    let field = try plane(view, Arrangement(rows: [0, 1], columns: [2], channels: [3]), node, &lowering)
    let axes = [
      GridAxis(size: from.width, alignsCorners: alignsCorners),
      GridAxis(size: from.height, alignsCorners: alignsCorners),
    ]
    let rows = view.levels(of: lowering.tensor(view.tensor))
    let levels = [rows[0], rows.count == 2 ? rows[1] : rows[0]]
    func layer(_ output: TensorID, _ mode: SamplingArguments.Mode) -> SamplingLayer {
      SamplingLayer(
        name: node.name, source: source, field: field, output: output,
        tables: (0..<2).flatMap { axis in levels[axis].map { axes[axis].step($0) } },
        base: offsets.enumerated().map { axes[$0 % 2].position($1) }, mode: mode, alignsCorners: alignsCorners,
        padding: padding == "zeros" ? .zeros : padding == "border" ? .border : .reflection,
        zeroPoint: from.quantization.zeroPoint)
    }
    guard !mode.hasSuffix("cubic") else {
      let pending = PendingLayer(node: node.name, shape: target) {
        (lowering: inout Lowering, output, clamp) throws(RoadError) in
        let to = lowering.tensor(output).quantization
        lowering.append(
          layer(
            output,
            .cubic(try .weighing(in: SamplingArguments.weightBits, from: from.quantization, to: to, clamp))))
      }
      return lowering.set(.pending(pending), outputOf: node)
    }
    let output = lowering.addTensor(node.outputs[0], target, from.quantization)
    lowering.append(layer(output, mode == "nearest" ? .nearest : .linear))
    lowering.set(.real(RealView(view: lowering.canonicalView(of: output))), outputOf: node)
  }

  /// The grid as bytes and a constant for each of its entries.
  private static func grid(
    _ node: Node, _ lowering: inout Lowering
  ) throws(RoadError) -> (RealView, [Float]) {
    let view: RealView
    var offsets: [Float]?
    if case .constant(let constant) = try lowering.required(1, of: node) {
      // Bytes that add nothing to a grid that is all constant.
      let none = TensorData(floats: [Float](repeating: 0, count: constant.data.count), shape: constant.shape)
      view = RealView(
        view: try lowering.activation(of: ConstantTensor(name: "\(constant.name)/field", data: none)),
        levels: [[Float](repeating: 0, count: 256)])
      offsets = constant.reals
    } else if case .field(let real, let constant) = try lowering.required(1, of: node) {
      (view, offsets) = (real, constant.reals)
    } else {
      view = try lowering.real(1, of: node)
    }
    guard view.shape.count == 4, view.shape[0] == 1, view.shape[3] == 2 else {
      throw RoadError(.model, "its grid has shape \(view.shape), not 1xHxWx2")
    }
    return (view, offsets ?? [Float](repeating: 0, count: view.shape[1] * view.shape[2] * 2))
  }

  /// The field's bytes with x and y as channels. Levels that differ by channel only hold where no byte moves.
  private static func plane(
    _ view: RealView, _ arrangement: Arrangement, _ node: Node, _ lowering: inout Lowering
  ) throws(RoadError) -> TensorID {
    let plane = lowering.plane(of: view.view, arrangement)
    guard plane == view.tensor || view.levels?.count ?? 1 == 1 else {
      throw RoadError(.model, "its grid is computed in a way that is not supported")
    }
    return plane
  }
}

/// From the grid's −1...1 to source pixels.
private struct GridAxis {
  var size: Int
  var alignsCorners: Bool

  private var gain: Double { Double(alignsCorners ? size - 1 : size) / 2 }

  /// What a level adds to the position.
  func step(_ level: Float) -> Int32 { fixed(Double(level) * gain) }

  func position(_ number: Float) -> Int32 {
    fixed(alignsCorners ? (Double(number) + 1) * gain : (Double(number) + 1) * gain - 0.5)
  }

  private func fixed(_ pixels: Double) -> Int32 {
    let units = (pixels * Double(1 << SamplingArguments.positionBits)).rounded()
    return units.isNaN ? 0 : Int32(min(max(units, -0x1p30), 0x1p30))
  }
}
