import RoadBase
import RoadKernelContract
import RoadModel

/// What one name of the QDQ graph stands for while it is lowered.
enum Value {
  case constant(ConstantTensor)
  /// The integers of a tensor: what QuantizeLinear gives.
  case quantized(ElementView)
  /// Real numbers that are a function of a tensor's integers: what DequantizeLinear gives, or a function of it.
  case real(RealView)
  /// Such numbers plus a constant of the same shape: the sampling positions of a GridSample.
  case field(RealView, offsets: ConstantTensor)
  /// Real numbers that no tensor holds: the output of a Conv or Add that a QuantizeLinear will turn into integers.
  case pending(PendingLayer)
  /// The argmax indices of a MaxPool: which pixel of its window each maximum came from.
  case argmax(ArgmaxView)
  /// The output of a node that could not be lowered; whoever reads it is not to blame.
  case unknown
}

/// Each integer of a tensor stands for a real number.
///
/// A function of one variable applied to such a view (normalisation, Relu, ...) only changes the numbers; the
/// QuantizeLinear that follows makes a table of them. The numbers are Float32 and computed as ONNX Runtime computes
/// them, once, when the model is loaded: at run time there is only the table.
struct RealView: Equatable {
  var view: ElementView
  /// The dequantized table: the number of each integer, from the lowest on; one row for all channels of the tensor, or
  /// one for each. Nil: as the tensor's format says.
  var dequantized: [[Float]]?

  var tensor: TensorID { view.tensor }
  var shape: [Int] { view.shape }
}

extension RealView {
  /// One row for all channels, or one for each.
  func rows(of tensor: LoweredTensor) -> [[Float]] { dequantized ?? tensor.format.dequantized }

  /// One row for each channel.
  func rowsOfChannels(of tensor: LoweredTensor) -> [[Float]] {
    let rows = rows(of: tensor)
    return rows.count == tensor.channels ? rows : Array(repeating: rows[0], count: tensor.channels)
  }

  /// The one row that serves all channels; nil where channels differ.
  func commonRow(of tensor: LoweredTensor) -> [Float]? {
    let rows = rows(of: tensor)
    return rows.allSatisfy { $0 == rows[0] } ? rows[0] : nil
  }

  /// Whether one scale says it all.
  func isPlain(in tensor: LoweredTensor) -> Bool { dequantized == nil && tensor.format.channelScales == nil }
}

/// The indices output of a MaxPool.
struct ArgmaxView {
  var tensor: TensorID
  var window: WindowGeometry
  /// NCHW of what was pooled, and of the pool's result.
  var source: [Int]
  var shape: [Int]
}
