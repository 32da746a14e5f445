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
    let groups = groups(along: scale.axis)
    return integers.enumerated().map { index, integer in
      let group = groups[index]
      return scale.scale(group) * Float(integer - Int(scale.zeroPoint(group)))
    }
  }

  /// Index along `axis` of each element, by its row-major position.
  func groups(along axis: Int) -> AxisGroups {
    guard axis < shape.count else { return AxisGroups(inner: 1, count: 1) }
    return AxisGroups(inner: max(shape[(axis + 1)...].reduce(1, *), 1), count: max(shape[axis], 1))
  }
}

/// Which index of one axis the elements of a row-major tensor have.
struct AxisGroups {
  let inner: Int
  let count: Int

  subscript(position: Int) -> Int { position / inner % count }
}
