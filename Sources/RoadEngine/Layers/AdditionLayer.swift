import Foundation
import RoadBase
import RoadKernelContract
import RoadModel

/// Sum or difference of two tensors, each with its own scale.
struct AdditionLayer: Layer {
  let name: String
  let kind = LayerKind.addition
  let left: TensorID
  let right: TensorID
  let output: TensorID
  let leftMultiplier: Int32
  let rightMultiplier: Int32
  let bias: Int32
  let shift: Int32
  let zeroPoint: Int16
  let clamp: ByteClamp
  /// Of the larger multiplier: 14, or 21 as ``RoundingContract/onnxRuntime`` has it.
  let bits: Int

  var inputs: [TensorID] { [left, right] }
  var rowWindow: WindowGeometry? { .pixel }
  func halo(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
  func multiplyAccumulates(in network: LoweredNetwork) -> Int { 0 }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let kernel = context.kernels.addition
    let layer = self
    return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
      var arguments = AdditionArguments(
        left: sources[0], right: sources[1], destination: destination, leftMultiplier: layer.leftMultiplier,
        rightMultiplier: layer.rightMultiplier, bias: layer.bias, shift: layer.shift, zeroPoint: layer.zeroPoint,
        low: layer.clamp.low, high: layer.clamp.high, roundsAsONNXRuntime: layer.bits > 14)
      kernel.run(&arguments, rows.lowerBound, rows.upperBound)
    }
  }
}

extension AdditionLayer {
  /// Shifts for which the larger multiplier has 14 bits, or 21; outside them the scales are too far apart to add in
  /// integers.
  private static let shiftRange = 1...30

  /// - Parameter sign: 1 for a sum, -1 for a difference.
  init(
    name: String, left: (TensorID, Quantization), right: (TensorID, Quantization), sign: Double,
    output: (TensorID, Quantization), clamp: ByteClamp, bits: Int
  ) throws(RoadError) {
    let leftRatio = Double(left.1.scale) / Double(output.1.scale)
    let rightRatio = Double(right.1.scale) / Double(output.1.scale)
    // The largest shift that keeps both multipliers within 2^14: the products are 16 by 16 bits; with 21 bits, 32 by 8.
    let shift = Int((Double(bits) - log2(max(leftRatio, rightRatio))).rounded(.down))
    guard shift >= Self.shiftRange.lowerBound else {
      throw RoadError(.model, "its inputs' scales are \(max(leftRatio, rightRatio)) times that of its output")
    }
    let usedShift = min(shift, bits > 14 ? Self.shiftRange.upperBound : 24)
    let unit = Double(1 << usedShift)
    let (leftMultiplier, rightMultiplier) = ((leftRatio * unit).rounded(), (sign * rightRatio * unit).rounded())
    let zero = Double(left.1.zeroPoint) * leftMultiplier + Double(right.1.zeroPoint) * rightMultiplier
    self.init(
      name: name, left: left.0, right: right.0, output: output.0, leftMultiplier: Int32(leftMultiplier),
      rightMultiplier: Int32(rightMultiplier), bias: Int32(Double(1 << (usedShift - 1)) - zero),
      shift: Int32(usedShift), zeroPoint: Int16(output.1.zeroPoint), clamp: clamp,
      bits: bits)
  }
}
