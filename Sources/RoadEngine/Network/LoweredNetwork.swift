import RoadBase
import RoadKernelContract
import RoadModel

/// The integer network that a QDQ graph stands for: tensors and the layers between them, in the order of execution.
struct LoweredNetwork {
  var tensors: [LoweredTensor] = []
  var layers: [any Layer] = []
  /// RGBX pixels as the pipeline writes them.
  var input: TensorID = 0
  /// Scores of the classes at the network's own stride.
  var output: TensorID = 0
  /// How real numbers become its integers.
  var rounding = RoundingContract.roadseg
  /// Whether the model has a resize of the scores to the picture and rounds what comes out to the same bytes.
  var roundsUpsampledScores = false
  /// Of a model with one score a pixel, in the numbers of its own output.
  var threshold = ScoreThreshold(level: 0)
  /// Sigmoids between the scores and the model's own output.
  var droppedSigmoids = 0
  /// Nodes whose results the model leaves unquantized between quantized layers: they have 16 bits.
  var unquantizedNodes: [String] = []
  /// Set where the scores have 15 bits.
  var int15Scores: Int15ScoresShape?
}

/// Where the bytes of 15-bit scores are: the upper ones are the first channels, the lower 7 bits begin at `lowChannel`.
struct Int15ScoresShape: Equatable {
  var classes: Int
  var lowChannel: Int
}

/// Index into ``LoweredNetwork/tensors``.
typealias TensorID = Int

/// One tensor: NHWC with a batch of one.
struct LoweredTensor: Equatable {
  var name: String
  var height: Int
  var width: Int
  var channels: Int
  var format: TensorFormat
  /// Bytes of one pixel: the channels rounded up to the block, but 4 for the RGBX input.
  var pixelPitch: Int
}

/// One step of the integer network. A new one is a file in `Layers`, and a rule in `Operators` that makes it.
protocol Layer: Sendable {
  /// The ONNX node it came from.
  var name: String { get }
  var kind: LayerKind { get }
  var inputs: [TensorID] { get }
  var output: TensorID { get }

  /// How far outside the picture of `inputs[input]` the kernel reads, in pixels.
  func halo(ofInput input: Int, in network: LoweredNetwork) -> Int

  /// Useful multiplications: real channels, no padding.
  func multiplyAccumulates(in network: LoweredNetwork) -> Int

  /// "3x3 s2 d1" for the layer table; empty for layers without a window.
  var windowText: String { get }

  /// The rows of an input that a row of the output sees, for layers that can run strip by strip; nil for others. A
  /// layer with a window taller than a pixel has one input.
  var rowWindow: WindowGeometry? { get }

  /// Chooses the kernel and packs the constants.
  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer
}

extension Layer {
  var windowText: String { "" }
  var rowWindow: WindowGeometry? { nil }
}

/// What a layer does, as the layer table prints it.
public enum LayerKind: String, Sendable, CaseIterable, Codable {
  case convolution = "conv"
  case pointwise = "conv 1x1"
  case depthwise
  case transposed = "conv transposed"
  case addition = "add"
  case binary
  case resize
  case table
  case maximum = "max pool"
  case unpooling = "unpool"
  case average = "mean pool"
  case reduction = "reduce"
  case softmax
  case normalisation = "normalise"
  case innerProduct = "matmul"
  case concatenation = "concat"
  case rearrangement = "move"
  case sampling = "sample"
  case constant
  case conversion
}

extension LoweredNetwork {
  /// Adds a tensor and returns its index.
  mutating func addTensor(_ name: String, _ shape: PlaneShape, _ format: TensorFormat) -> TensorID {
    tensors.append(
      LoweredTensor(
        name: name, height: shape.height, width: shape.width, channels: shape.channels, format: format,
        pixelPitch: paddedChannels(shape.channels) * format.element.size))
    return tensors.count - 1
  }

  /// Drops the layers whose result nobody reads.
  mutating func removeUnreadLayers() {
    var read: Set<TensorID> = [output]
    var kept: [any Layer] = []
    for layer in layers.reversed() where read.contains(layer.output) {
      read.formUnion(layer.inputs)
      kept.append(layer)
    }
    layers = kept.reversed()
  }
}

/// Height, width and channels of an activation.
struct PlaneShape: Equatable, CustomStringConvertible {
  var height: Int
  var width: Int
  var channels: Int

  var description: String { "\(channels)x\(height)x\(width)" }
}

extension LoweredTensor {
  var shape: PlaneShape { PlaneShape(height: height, width: width, channels: channels) }
  /// Bytes over its range: its own format where it is one of bytes with one scale.
  var quantization: Quantization { format.uint8 }
  var element: TensorElement { format.element }
}

/// Channels rounded up to the block that kernels work in.
func paddedChannels(_ channels: Int) -> Int {
  (channels + TensorView.channelBlock - 1) / TensorView.channelBlock * TensorView.channelBlock
}

/// Lowest and highest byte that a layer may write.
struct ByteClamp: Hashable, Sendable {
  var low: UInt8 = 0
  var high: UInt8 = 255

  static let none = ByteClamp()
}

extension ByteClamp {
  init(_ integers: ClosedRange<Int>) { self.init(low: UInt8(integers.lowerBound), high: UInt8(integers.upperBound)) }
}
