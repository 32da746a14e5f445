import RoadBase
import RoadModel

/// What one name of the QDQ graph stands for while it is lowered.
enum Value {
  case constant(ConstantTensor)
  /// The bytes of a tensor: what QuantizeLinear gives.
  case bytes(TensorID)
  /// Real numbers that are a function of a tensor's bytes: what DequantizeLinear gives, or a function of it.
  case real(RealView)
  /// Real numbers that no tensor holds: the output of a Conv, Add or Resize that a QuantizeLinear will turn into bytes.
  case pending(PendingLayer)
  /// The output of a node that could not be lowered; whoever reads it is not to blame.
  case unknown
}

/// Each of the 256 bytes of a tensor stands for a real number.
///
/// A function of one variable applied to such a view (normalisation, Relu, ...) only changes the 256 numbers; the QuantizeLinear
/// that follows makes a byte table of them. The numbers are Float32 and computed as ONNX Runtime computes them, once, when the
/// model is loaded: at run time there is only the table.
struct RealView {
  var tensor: TensorID
  /// Nil: `scale · (byte − zeroPoint)`, as the tensor says. One row of 256 for all channels, or one row for each.
  var levels: [[Float]]?
}

/// A real-valued result that waits for the QuantizeLinear which gives it scale and zero-point.
struct PendingLayer {
  var node: String
  var shape: PlaneShape
  /// Fused activation: the real numbers that may come out.
  var lowest = -Float.infinity
  var highest = Float.infinity
  /// Adds the layer to the network; `output` is the tensor to write.
  var finish: (_ lowering: inout Lowering, _ output: TensorID, _ clamp: ByteClamp) throws(RoadError) -> Void
}

/// Lowest and highest byte that a layer may write.
struct ByteClamp: Hashable, Sendable {
  var low: UInt8 = 0
  var high: UInt8 = 255

  static let none = ByteClamp()
}

extension PendingLayer {
  func clamp(for quantization: Quantization) -> ByteClamp {
    ByteClamp(
      low: lowest == -.infinity ? 0 : quantization.quantize(lowest),
      high: highest == .infinity ? 255 : quantization.quantize(highest))
  }
}

extension RealView {
  /// The real number of each byte, one row for each channel.
  func levels(of tensor: LoweredTensor) -> [[Float]] {
    let own = (0...255).map { tensor.quantization.dequantize(UInt8($0)) }
    let rows = levels ?? [own]
    return rows.count == tensor.channels ? rows : Array(repeating: rows[0], count: tensor.channels)
  }
}
