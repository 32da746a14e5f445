/// How the bytes of one activation tensor stand for real numbers: `real = scale · (byte − zeroPoint)`.
///
/// One scale and one zero-point a tensor; zero is always exactly representable, which is what padding needs.
public struct Quantization: Hashable, Sendable {
  public var scale: Float
  public var zeroPoint: UInt8

  public init(scale: Float, zeroPoint: UInt8) {
    precondition(scale.isFinite && scale > 0, "scale \(scale) is not a positive number")
    self.scale = scale
    self.zeroPoint = zeroPoint
  }

  /// Round to nearest, ties to even, as ONNX QuantizeLinear does.
  public func quantize(_ real: Float) -> UInt8 {
    let steps = (real / scale).rounded(.toNearestOrEven) + Float(zeroPoint)
    return steps.isNaN ? zeroPoint : UInt8(min(max(steps, 0), 255))
  }

  public func dequantize(_ byte: UInt8) -> Float { scale * Float(Int32(byte) - Int32(zeroPoint)) }
}
