import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

/// Resize with any number of taps: cubic, antialiased, or of a region of interest that reaches outside.
struct ResamplingLayer: Layer {
  let name: String
  let kind = LayerKind.resize
  let source: TensorID
  let output: TensorID
  let rows: [ResizeTaps?]
  let columns: [ResizeTaps?]
  let law: Int16Rescaling
  let sourceZeroPoint: UInt8
  /// What stands where no tap lies inside the source.
  let outside: UInt8

  var inputs: [TensorID] { [source] }
  func reach(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
  func multiplyAccumulates(in network: LoweredNetwork) -> Int { 0 }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let kernel = PortableKernels.resampling
    var weights: [Int32] = []
    let rows = UnsafePointer(context.memory.copy(rows.map { $0.fixed(in: &weights) }))
    let columns = UnsafePointer(context.memory.copy(columns.map { $0.fixed(in: &weights) }))
    let numbers = UnsafePointer(context.memory.copy(weights))
    let (law, zeroPoint, outside) = (law, Int64(sourceZeroPoint), outside)
    return PreparedLayer(kernel: kernel.name) { sources, destination, range in
      var arguments = ResamplingArguments(
        source: sources[0], destination: destination, rows: rows, columns: columns, weights: numbers, rule: law,
        sourceZeroPoint: zeroPoint, outside: outside)
      kernel.run(&arguments, range.lowerBound, range.upperBound)
    }
  }
}

extension ResizeTaps? {
  /// In fixed point, and exactly one in sum, so that what is constant stays so: the largest weight takes the rest.
  fileprivate func fixed(in weights: inout [Int32]) -> ResamplingArguments.Taps {
    guard let self else { return ResamplingArguments.Taps(first: 0, count: 0, weights: 0) }
    let one = Float(1 << ResamplingArguments.weightBits)
    var fixed = self.weights.map { Int32(($0 * one).rounded()) }
    if let largest = fixed.indices.max(by: { fixed[$0] < fixed[$1] }) {
      fixed[largest] += Int32(one) - fixed.reduce(0, +)
    }
    defer { weights += fixed }
    return ResamplingArguments.Taps(
      first: Int32(self.first), count: Int32(fixed.count), weights: Int32(weights.count))
  }
}

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
