import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

/// Bilinear resize of a network that others quantized: halves fall as ONNX Runtime's floats let them fall.
struct ONNXRuntimeResizeLayer: Layer {
  let name: String
  let kind = LayerKind.resize
  let source: TensorID
  var output: TensorID
  let columns: [ONNXRuntimeResizeArguments.Tap]
  let rows: [ONNXRuntimeResizeArguments.Tap]
  let isExact: Bool
  let quantization: Quantization
  /// Of an output with scales of its own.
  var rescalings: [ONNXRuntimeResizeArguments.Rescaling] = []
  var outputZeroPoint: UInt8 = 0

  var inputs: [TensorID] { [source] }
  func halo(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
  func multiplyAccumulates(in network: LoweredNetwork) -> Int { 0 }

  /// Nil for a nearest resize, for 16 bits, and for scales at which products could leave the normal range of binary32.
  init?(
    _ name: String, _ source: TensorID, _ output: TensorID, _ tensor: LoweredTensor, _ geometry: ResizeGeometry
  ) {
    guard geometry.mode == .linear, tensor.element == .uint8, abs(tensor.quantization.scale.exponent) < 48 else {
      return nil
    }
    self.name = name
    self.source = source
    self.output = output
    quantization = tensor.quantization
    isExact = geometry.hasExactWeights(axis: 3) && geometry.hasExactWeights(axis: 2)
    columns = geometry.onnxRuntimeTaps(axis: 3, isExact: isExact)
    rows = geometry.onnxRuntimeTaps(axis: 2, isExact: isExact)
  }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let kernel = context.kernels.fineResize
    let columns = UnsafePointer(context.memory.copy(columns))
    let taps = UnsafePointer(context.memory.copy(rows))
    let dequantized = UnsafePointer(
      context.memory.copy((0...255).map { Binary32(quantization.dequantize(UInt8($0))) }))
    let thresholds = UnsafePointer(
      context.memory.copy(
        ONNXRuntimeResizeArguments.thresholds(
          scale: quantization.scale, zeroPoint: Int64(quantization.zeroPoint))))
    let (scale, zeroPoint, isExact) = (Binary32(quantization.scale), Int64(quantization.zeroPoint), isExact)
    let rescalings = rescalings.isEmpty ? nil : UnsafePointer(context.memory.copy(rescalings))
    let outputZeroPoint = Int64(outputZeroPoint)
    return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
      var arguments = ONNXRuntimeResizeArguments(
        source: sources[0], destination: destination, columns: columns, rows: taps, isExact: isExact,
        dequantized: dequantized,
        scale: scale, zeroPoint: zeroPoint, thresholds: thresholds, rescalings: rescalings,
        outputZeroPoint: outputZeroPoint)
      kernel.run(&arguments, rows.lowerBound, rows.upperBound)
    }
  }
}

extension ResizeGeometry {
  fileprivate func hasExactWeights(axis: Int) -> Bool {
    let one = Float(1 << ONNXRuntimeResizeArguments.exactWeightBits)
    return (0..<output[axis]).allSatisfy { linearTap($0, axis: axis).weight.isMultiple(of: 1 / one) }
  }

  fileprivate func onnxRuntimeTaps(axis: Int, isExact: Bool) -> [ONNXRuntimeResizeArguments.Tap] {
    let bits = isExact ? ONNXRuntimeResizeArguments.exactWeightBits : ONNXRuntimeResizeArguments.weightBits
    return (0..<output[axis]).map { index in
      let tap = linearTap(index, axis: axis)
      // Past the edge both are the same number, and either weighs a half.
      let weight = tap.first == tap.second ? 0.5 : tap.weight
      return ONNXRuntimeResizeArguments.Tap(
        first: Int32(tap.first), second: Int32(tap.second),
        secondWeight: Int32((weight * Float(1 << bits)).rounded()), firstFactor: Binary32(1 - weight),
        secondFactor: Binary32(weight))
    }
  }
}

extension Float {
  fileprivate func isMultiple(of unit: Float) -> Bool { (self / unit).rounded() == self / unit }
}
