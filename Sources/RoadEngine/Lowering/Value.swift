import RoadBase
import RoadKernelContract
import RoadModel

/// What one name of the QDQ graph stands for while it is lowered.
enum Value {
  case constant(ConstantTensor)
  /// The bytes of a tensor: what QuantizeLinear gives.
  case bytes(ElementView)
  /// The words of a tensor: what a 16-bit QuantizeLinear gives, and real numbers that are a function of them.
  case words(ElementView)
  case wide(WideView)
  /// Real numbers that are a function of a tensor's bytes: what DequantizeLinear gives, or a function of it.
  case real(RealView)
  /// Such numbers plus a constant of the same shape: the sampling positions of a GridSample.
  case field(RealView, offsets: ConstantTensor)
  /// Real numbers that no tensor holds: the output of a Conv or Add that a QuantizeLinear will turn into bytes.
  case pending(PendingLayer)
  /// Which tap of its window each maximum of a MaxPool came from.
  case taps(TapView)
  /// The output of a node that could not be lowered; whoever reads it is not to blame.
  case unknown
}

/// Each of the 256 bytes of a tensor stands for a real number.
///
/// A function of one variable applied to such a view (normalisation, Relu, ...) only changes the 256 numbers; the
/// QuantizeLinear that follows makes a byte table of them. The numbers are Float32 and computed as ONNX Runtime
/// computes them, once, when the model is loaded: at run time there is only the table.
struct RealView {
  var view: ElementView
  /// Nil: `scale · (byte − zeroPoint)`, as the tensor says. One row of 256 for all channels of the tensor, or one row
  /// for each.
  var levels: [[Float]]?
  /// The levels are those of the tensor's ``LoweredTensor/channelScales``, nothing has been done to them.
  var hasChannelScales = false

  var tensor: TensorID { view.tensor }
  var shape: [Int] { view.shape }
}

/// The indices output of a MaxPool.
struct TapView {
  var tensor: TensorID
  var layer: MaximumLayer
  /// NCHW of what was pooled, and of the pool's result.
  var source: [Int]
  var shape: [Int]
}

/// A real-valued result that waits for the QuantizeLinear which gives it scale and zero-point.
struct PendingLayer {
  var node: String
  var shape: PlaneShape
  /// How the plane is seen as an ONNX value; nil: NCHW.
  var elements: StridedView?
  /// Fused activation: the real numbers that may come out.
  var lowest = -Float.infinity
  var highest = Float.infinity
  /// All that can come out whatever goes in, where that is a range worth 256 levels: lets an operator follow without a
  /// QuantizeLinear between.
  var range: ClosedRange<Float>?
  /// The layer's numbers as a function of bytes that are there already, where nothing needs to be rounded for it.
  var view: ((_ lowering: inout Lowering) -> RealView)?
  /// Whether each channel has a factor of its own, as in convolutions.
  var hasChannelFactors = false
  /// A function that the layer's real numbers go through first, before the fused activation.
  var function: ((Float) -> Float)?
  /// The same layer with a line behind each of its channels, taken into weights and bias; nil where it has none.
  var transformed: ((_ line: ChannelLine, Lowering) throws(RoadError) -> PendingLayer)?
  /// How far from zero the layer's own real numbers can be; nil: unknown, no function can follow.
  var reach: ((Lowering) -> Float)?
  /// What copies of the layer have in common: they are functions of the same sums.
  let sums = SumsIdentity()
  /// Of a layer with a line taken in: the layer without it, and the line.
  var base: SumsBase?
  /// Set for dense convolutions, which can be a model's scores without a QuantizeLinear.
  var wide: WideScoresSource?
  /// The same for an `output` of words, and for one of bytes behind words; nil: the layer knows only bytes.
  var finishWide:
    ((_ lowering: inout Lowering, _ output: TensorID, _ range: ClosedRange<Int>) throws(RoadError) -> Void)?
  /// Adds the layer to the network; `output` is the tensor to write.
  var finish: (_ lowering: inout Lowering, _ output: TensorID, _ clamp: ByteClamp) throws(RoadError) -> Void
}

extension PendingLayer {
  func clamp(for quantization: Quantization) -> ByteClamp {
    ByteClamp(
      low: lowest == -.infinity ? 0 : quantization.quantize(lowest),
      high: highest == .infinity ? 255 : quantization.quantize(highest))
  }

  /// The view of the plane that the finished layer writes.
  func view(of tensor: TensorID) -> ElementView {
    ElementView(
      tensor: tensor, elements: elements ?? Arrangement(canonical: shape.valueShape).elements(of: shape.valueShape))
  }
}

extension RealView {
  /// The real number of each byte, one row for each channel.
  func levels(of tensor: LoweredTensor) -> [[Float]] {
    let own = (0...255).map { tensor.quantization.dequantize(UInt8($0)) }
    let rows = levels ?? [own]
    return rows.count == tensor.channels ? rows : Array(repeating: rows[0], count: tensor.channels)
  }

  /// The one row that serves all channels; nil where channels differ.
  func commonLevels(of tensor: LoweredTensor) -> [Float]? {
    guard let levels else { return (0...255).map { tensor.quantization.dequantize(UInt8($0)) } }
    return levels.count == 1 || levels.allSatisfy { $0 == levels[0] } ? levels[0] : nil
  }
}

/// What a dense convolution needs to become scores.
struct WideScoresSource {
  var source: TensorID
  var window: WindowGeometry
  var weights: WeightTensor
  var bias: ConstantTensor?
}
