import RoadBase
import RoadKernelContract

/// How the integers of an activation stand for real numbers: `real = scale · (integer − zeroPoint)`.
///
/// One scale for all, or one for each channel; one zero-point, so that zero is always exactly representable. ONNX's
/// int8 is kept as `integer ^ 0x80` and its uint16 as `integer − 2^15`, zero-points likewise.
struct TensorFormat: Hashable, Sendable {
  var element: TensorElement
  /// With ``channelScales`` only a reference: the widest channel's.
  var scale: Float
  /// Set where each channel has a scale of its own: what some quantizers put in front of depthwise convolutions.
  var channelScales: [Float]?
  var zeroPoint: Int

  init(_ bytes: Quantization) {
    (element, scale, zeroPoint) = (.uint8, bytes.scale, Int(bytes.zeroPoint))
  }

  init(_ int16: Int16Quantization) {
    (element, scale, zeroPoint) = (.int16, int16.scale, Int(int16.zeroPoint))
  }

  init(channelScales: [Float], zeroPoint: Int) {
    (element, scale, self.zeroPoint) = (.uint8, channelScales.max() ?? 1, zeroPoint)
    self.channelScales = channelScales
  }

  /// 256 levels from the lowest to the highest number, zero among them.
  static func spanning(_ lowest: Float, _ highest: Float) -> TensorFormat {
    let (low, high) = (min(lowest, 0), max(highest, 0))
    let scale = min(max((high - low) / 255, 1e-9), 1e30)
    return TensorFormat(Quantization(scale: scale, zeroPoint: UInt8(min(max((-low / scale).rounded(), 0), 255))))
  }

  /// Bytes over the same range; of bytes with channel scales those of the reference.
  var uint8: Quantization {
    guard element == .int16 else { return Quantization(scale: scale, zeroPoint: UInt8(zeroPoint)) }
    return Int16Quantization(scale: scale, zeroPoint: Int16(zeroPoint)).coarsened
  }

  /// 257 times finer steps over the same range.
  var int16: TensorFormat { TensorFormat(Int16Quantization(refining: uint8)) }

  /// With the reference's scale for all channels.
  var ofOneScale: TensorFormat {
    var format = self
    format.channelScales = nil
    return format
  }

  /// Every integer there is.
  var integers: ClosedRange<Int> { element == .uint8 ? 0...255 : Int(Int16.min)...Int(Int16.max) }

  /// Real units of one step.
  var step: Double { Double(scale) }

  func scale(ofChannel channel: Int) -> Float { channelScales?[channel] ?? scale }

  /// Round to nearest, ties to even, as ONNX QuantizeLinear does.
  func quantize(_ real: Float, channel: Int? = nil) -> Int {
    let steps = (real / (channel.map(scale(ofChannel:)) ?? scale)).rounded(.toNearestOrEven) + Float(zeroPoint)
    return steps.isNaN ? zeroPoint : Int(min(max(steps, Float(integers.lowerBound)), Float(integers.upperBound)))
  }

  /// The real number of each integer, from the lowest on: one row for all channels, or one for each.
  var dequantized: [[Float]] {
    (channelScales ?? [scale]).map { scale in integers.map { scale * Float($0 - zeroPoint) } }
  }

  /// The integers that a fused activation leaves; with channel scales nil where it ends at another one in each.
  func integers(from lowest: Float, to highest: Float) -> ClosedRange<Int>? {
    let ends = (0..<(channelScales?.count ?? 1)).map { channel in
      let low = lowest == -.infinity ? integers.lowerBound : quantize(lowest, channel: channel)
      return low...(highest == .infinity ? integers.upperBound : quantize(highest, channel: channel))
    }
    return ends.allSatisfy { $0 == ends[0] } ? ends[0] : nil
  }
}
