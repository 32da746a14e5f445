import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

extension Lowering {
  mutating func resample(_ node: Node, _ geometry: ResizeGeometry) throws(RoadError) {
    let source = plane(of: try activation(viewOf: 0, of: node))
    let (name, from) = (node.name, tensor(source).quantization)
    let target = PlaneShape(height: geometry.output[2], width: geometry.output[3], channels: geometry.output[1])
    let pending = PendingLayer(node: name, shape: target) {
      (lowering: inout Lowering, output, clamp) throws(RoadError) in
      let to = lowering.tensor(output).quantization
      lowering.append(
        ResamplingLayer(
          name: name, source: source, output: output,
          rows: (0..<target.height).map { geometry.taps($0, axis: 2) },
          columns: (0..<target.width).map { geometry.taps($0, axis: 3) },
          law: try .weighing(in: ResamplingArguments.weightBits, from: from, to: to, clamp),
          sourceZeroPoint: from.zeroPoint,
          outside: min(max(to.quantize(geometry.extrapolation), clamp.low), clamp.high)))
    }
    set(.pending(pending), outputOf: node)
  }
}

extension Int16Rescaling {
  /// From a sum over rows and columns, both weighed in units of `2^-bits`, to the output's bytes.
  static func weighing(
    in bits: Int, from: Quantization, to: Quantization, _ clamp: ByteClamp
  ) throws(RoadError) -> Int16Rescaling {
    let scale = Double(from.scale) / Double(to.scale) / Double(1 << (2 * bits))
    guard isUsable(scale) else {
      throw RoadError(.model, "its scales \(from.scale) and \(to.scale) are too far apart")
    }
    return Int16Rescaling(scale: scale, zeroPoint: Int(to.zeroPoint), range: Int(clamp.low)...Int(clamp.high))
  }
}
