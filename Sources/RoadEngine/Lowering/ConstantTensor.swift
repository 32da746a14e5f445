import RoadBase
import RoadModel

/// A constant of the graph: an initializer, perhaps seen through DequantizeLinear.
struct ConstantTensor: Equatable, Sendable {
  var name: String
  var data: TensorData
  /// Set once a DequantizeLinear was met: `real = scale · (integer − zeroPoint)`.
  var scale: QuantizationScale?

  var shape: [Int] { data.shape }
}

/// Scales and zero-points of a QuantizeLinear or DequantizeLinear node; one entry each, or one for each index of
/// `axis`.
struct QuantizationScale: Equatable, Sendable {
  var scales: [Float]
  var zeroPoints: [Int32]
  var axis: Int

  func scale(_ index: Int) -> Float { scales[scales.count == 1 ? 0 : index] }
  func zeroPoint(_ index: Int) -> Int32 { zeroPoints[zeroPoints.count == 1 ? 0 : index] }
}

extension ConstantTensor {
  /// The real numbers, row-major.
  var reals: [Float] {
    guard let scale, let integers = data.integers else { return data.floats }
    return integers.enumerated().map { index, integer in
      let group = self.group(of: index, axis: scale.axis)
      return scale.scale(group) * Float(integer - Int(scale.zeroPoint(group)))
    }
  }

  /// Index along `axis` of the element at a row-major position.
  func group(of position: Int, axis: Int) -> Int {
    guard axis < shape.count else { return 0 }
    let inner = shape[(axis + 1)...].reduce(1, *)
    return position / max(inner, 1) % max(shape[axis], 1)
  }
}
