import Glibc
import RoadBase
import RoadFloat
import RoadModel

/// How well one tensor's bytes follow the float model, over the pictures compared.
public struct LayerReport: Hashable, Sendable, Codable {
  /// The tensor's name in the float model.
  public var name: String
  /// 8, or 16 where the tensor was given more.
  public var bits: Int
  /// Of the bytes; with 16 bits that of bytes over the same range.
  public var scale: Float
  public var zeroPoint: UInt8
  /// Signal to quantization noise in decibels: 10·log10(Σ x² ÷ Σ (x − x')²); errors of earlier layers included.
  public var signalToNoise: Double
  /// Cosine of the angle between the float tensor and the quantized one, 0...1 for tensors that agree at all.
  public var cosine: Double
  /// Share of the values that sit on the first or last byte of the range without being zero.
  public var saturation: Double
  /// Time of the integer layer that makes it, on one thread and unfused; nil where several tensors come of one layer.
  public var milliseconds: Double?
  /// Signal to noise of the network's scores in decibels when this layer alone, weights and result, is quantized: low
  /// is sensitive. Nil where it was not measured.
  public var scoresSignalToNoise: Double?
}

extension LayerReport {
  /// Compares a float graph with its quantized form, tensor by tensor.
  ///
  /// - Parameters:
  ///   - pictures: network inputs, 1, 3, H, W.
  /// - Returns: one row for each quantized tensor, in graph order.
  public static func compare(
    float: ModelGraph, quantized: ModelGraph, pictures: [FloatTensor]
  ) throws(RoadError) -> [LayerReport] {
    let scheme = QuantizationScheme(float)
    let floatExecutor = try FloatExecutor(float)
    let quantizedExecutor = try FloatExecutor(quantized)
    let inputs = float.inputs.filter { float.initializers[$0.name] == nil }
    guard let input = inputs.first?.name else { throw RoadError(.model, "the model has no input") }
    var sums = [String: Comparison]()
    for picture in pictures {
      var exact: [String: FloatTensor] = [:]
      let wanted = Set(scheme.tensors)
      let outputs = try floatExecutor.run([input: picture]) { name, tensor in
        if wanted.contains(name) { exact[name] = tensor }
      }
      exact.merge(outputs) { kept, _ in kept }
      let quantizedOutputs = try quantizedExecutor.run([input: picture]) { name, tensor in
        guard name.hasSuffix("_dequantized") else { return }
        let original = String(name.dropLast("_dequantized".count))
        if let reference = exact[original] {
          sums[original, default: Comparison()].add(reference.values, tensor.values)
        }
      }
      for (name, tensor) in quantizedOutputs {
        if let reference = exact[name] { sums[name, default: Comparison()].add(reference.values, tensor.values) }
      }
    }
    return scheme.tensors.compactMap { name in
      guard let comparison = sums[name], let quantization = quantization(of: name, in: quantized) else { return nil }
      return comparison.report(name, quantization, bits: bits(of: name, in: quantized))
    }
  }

  static func bits(of name: String, in graph: ModelGraph) -> Int {
    graph.initializers["\(name)_zero_point"]?.elementType == .uint16 ? 16 : 8
  }

  /// Of a tensor's bytes, or of bytes over the range of its int16.
  static func quantization(of name: String, in graph: ModelGraph) -> Quantization? {
    guard let scale = graph.initializers["\(name)_scale"], let zeroPoint = graph.initializers["\(name)_zero_point"],
      scale.count == 1, let byte = zeroPoint.bytes.first
    else { return nil }
    let refinement: Float = bits(of: name, in: graph) == 16 ? 257 : 1
    return Quantization(scale: FloatTensor(scale).values[0] * refinement, zeroPoint: byte)
  }
}

/// Running sums of one tensor's comparison.
private struct Comparison {
  private var signal = 0.0
  private var noise = 0.0
  private var product = 0.0
  private var quantizedPower = 0.0
  private var count = 0
  private var values: [Float: Int] = [:]

  mutating func add(_ exact: [Float], _ quantized: [Float]) {
    for (x, q) in zip(exact, quantized) {
      signal += Double(x) * Double(x)
      noise += Double(x - q) * Double(x - q)
      product += Double(x) * Double(q)
      quantizedPower += Double(q) * Double(q)
      values[q, default: 0] += 1
    }
    count += exact.count
  }

  func report(_ name: String, _ quantization: Quantization, bits: Int) -> LayerReport {
    // The ends of 16 bits are those of 8 but for rounding.
    let slack = quantization.scale / 1000
    let low = quantization.dequantize(0) + slack
    let high = quantization.dequantize(255) - slack
    let clipped = values.reduce(0) { $0 + ($1.key != 0 && ($1.key <= low || $1.key >= high) ? $1.value : 0) }
    let power = (signal * quantizedPower).squareRoot()
    return LayerReport(
      name: name, bits: bits, scale: quantization.scale, zeroPoint: quantization.zeroPoint,
      signalToNoise: noise > 0 && signal > 0 ? 10 * log10(signal / noise) : 999,
      cosine: power > 0 ? product / power : 1,
      saturation: count > 0 ? Double(clipped) / Double(count) : 0)
  }
}
