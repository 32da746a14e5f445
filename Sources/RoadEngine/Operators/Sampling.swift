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
    let rows = view.rowsOfChannels(of: lowering.tensor(view.tensor))
    let numbers = [rows[0], rows.count == 2 ? rows[1] : rows[0]]
    let sampling = Sampling(
      source: source, shape: target, field: field,
      tables: (0..<2).flatMap { axis in numbers[axis].map { axes[axis].step($0) } },
      base: offsets.enumerated().map { axes[$0 % 2].position($1) }, alignsCorners: alignsCorners,
      padding: padding == "zeros" ? .zeros : padding == "border" ? .border : .reflection)
    guard !mode.hasSuffix("cubic") else {
      return lowering.set(.pending(PendingLayer(node: node.name, producer: sampling)), outputOf: node)
    }
    let output = lowering.network.addTensor(node.outputs[0], target, from.format)
    let layer = sampling.layer(node.name, to: output, mode == "nearest" ? .nearest : .linear, in: lowering.network)
    lowering.network.append(layer)
    lowering.set(lowering.network.canonicalView(of: output), outputOf: node)
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
        dequantized: [[Float](repeating: 0, count: 256)])
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

  /// The field's bytes with x and y as channels. Numbers that differ by channel only hold where no byte moves.
  private static func plane(
    _ view: RealView, _ arrangement: Arrangement, _ node: Node, _ lowering: inout Lowering
  ) throws(RoadError) -> TensorID {
    let plane = lowering.network.plane(of: view.view, arrangement)
    guard plane == view.tensor || view.rows(of: lowering.tensor(view.tensor)).count == 1 else {
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

  /// What a number of the field adds to the position.
  func step(_ level: Float) -> Int32 { fixed(Double(level) * gain) }

  func position(_ number: Float) -> Int32 {
    fixed(alignsCorners ? (Double(number) + 1) * gain : (Double(number) + 1) * gain - 0.5)
  }

  private func fixed(_ pixels: Double) -> Int32 {
    let units = (pixels * Double(1 << SamplingArguments.positionBits)).rounded()
    return units.isNaN ? 0 : Int32(min(max(units, -0x1p30), 0x1p30))
  }
}

/// A picture read at positions that are a field's bytes, each with a base of its own.
struct Sampling: Producer {
  var source: TensorID
  var shape: PlaneShape
  var field: TensorID
  var tables: [Int32]
  var base: [Int32]
  var alignsCorners: Bool
  var padding: SamplingArguments.Padding

  func layer(
    _ name: String, to output: TensorID, _ mode: SamplingArguments.Mode, in network: LoweredNetwork
  ) -> SamplingLayer {
    SamplingLayer(
      name: name, source: source, field: field, output: output, tables: tables, base: base, mode: mode,
      alignsCorners: alignsCorners, padding: padding, zeroPoint: network.tensors[source].quantization.zeroPoint)
  }

  /// Cubic: the other modes keep the source's format and wait for none.
  func emit(
    _ name: String, to output: TensorID, _ integers: ClosedRange<Int>, in network: inout LoweredNetwork
  ) throws(RoadError) {
    let (from, to) = (network.tensors[source].format, network.tensors[output].format)
    let rule = try Int16Rescaling.weighing(in: SamplingArguments.weightBits, from: from, to: to, integers)
    network.append(layer(name, to: output, .cubic(rule), in: network))
  }
}
