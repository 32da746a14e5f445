/// How the 16-bit words of one activation tensor stand for real numbers: `real = scale · (word − zeroPoint)`.
///
/// Words are signed; ONNX's uint16 is kept as `word + 2^15`, its zero-point likewise. For layers that 8 bits do not
/// serve.
public struct Int16Quantization: Hashable, Sendable {
  public var scale: Float
  public var zeroPoint: Int16

  public init(scale: Float, zeroPoint: Int16) {
    precondition(scale.isFinite && scale > 0, "scale \(scale) is not a positive number")
    self.scale = scale
    self.zeroPoint = zeroPoint
  }

  /// The same range in 257 times finer steps: byte `b` is word `257·b − 2^15`.
  public init(refining bytes: Quantization) {
    self.init(scale: bytes.scale / 257, zeroPoint: Int16(Int(bytes.zeroPoint) * 257 - (1 << 15)))
  }

  /// Round to nearest, ties to even, as ONNX QuantizeLinear does.
  public func quantize(_ real: Float) -> Int16 {
    let steps = (real / scale).rounded(.toNearestOrEven) + Float(zeroPoint)
    return steps.isNaN ? zeroPoint : Int16(min(max(steps, -32768), 32767))
  }

  public func dequantize(_ word: Int16) -> Float { scale * Float(Int32(word) - Int32(zeroPoint)) }

  /// Bytes over the same range.
  public var coarsened: Quantization {
    let step: Int = (Int(zeroPoint) + (1 << 15) + 128) / 257
    return Quantization(scale: scale * 257, zeroPoint: UInt8(step))
  }
}
