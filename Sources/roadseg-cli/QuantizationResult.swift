import Foundation
import RoadEvaluation
import RoadQuantizer
import RoadTelemetry

/// What `quantize --json` prints.
struct QuantizationResult: Encodable {
  let model: String
  let output: String
  let bytes: Int
  let pictures: Int
  let observer: QuantizeCommand.ObserverName
  let equalized: Bool
  /// Tensors of 16 bits.
  let wide: [String]
  /// Only with `--report`.
  @Nullable var layers: [LayerReport]?
  /// Only with `--evaluate`.
  @Nullable var drop: Drop?

  var table: String {
    var text = "\(output): \(bytes) bytes, calibrated on \(pictures) pictures (\(observer.rawValue))"
    if !wide.isEmpty { text += "\n16-bit activations: \(wide.joined(separator: ", "))" }
    if let drop { text += "\n\n" + drop.table }
    if let layers { text += "\n\n" + Self.table(layers) + "\n\n" + Self.sensitivity(layers) }
    return text
  }

  private static func table(_ layers: [LayerReport]) -> String {
    var rows = [["tensor", "bits", "scale", "zero-point", "SQNR dB", "cosine", "saturated", "ms"]]
    for layer in layers {
      rows.append([
        layer.name, "\(layer.bits)", String(format: "%.6g", layer.scale), "\(layer.zeroPoint)",
        Format.fixed(layer.signalToNoise, 1),
        Format.fixed(layer.cosine, 5), Format.percent(layer.saturation),
        layer.milliseconds.map { Format.fixed($0, 4) } ?? "",
      ])
    }
    return Format.table(rows)
  }

  /// The ten layers that cost the scores most when they alone are quantized.
  private static func sensitivity(_ layers: [LayerReport]) -> String {
    let ranked = layers.filter { $0.scoresSignalToNoise != nil }.sorted {
      ($0.scoresSignalToNoise ?? 0) < ($1.scoresSignalToNoise ?? 0)
    }
    var rows = [["most sensitive layers", "SQNR of the scores, dB"]]
    for layer in ranked.prefix(10) { rows.append([layer.name, Format.fixed(layer.scoresSignalToNoise ?? 0, 1)]) }
    return Format.table(rows)
  }
}

extension QuantizationResult {
  /// What int8 lost on the labelled pictures, 0...1; negative where it gained.
  struct Drop: Encodable {
    let pictures: Int
    @Nullable var miou: Double?
    @Nullable var roadIoU: Double?
    @Nullable var floatMIoU: Double?
    @Nullable var floatRoadIoU: Double?

    enum CodingKeys: String, CodingKey {
      case pictures, miou
      case roadIoU = "road_iou"
      case floatMIoU = "float_miou"
      case floatRoadIoU = "float_road_iou"
    }

    init(_ drop: AccuracyDrop, pictures: Int) {
      self.pictures = pictures
      miou = drop.meanIoU
      roadIoU = drop.roadIoU
      floatMIoU = drop.float.meanIoU
      floatRoadIoU = drop.float.roadIoU
    }

    var table: String {
      func row(_ name: String, _ float: Double?, _ drop: Double?) -> [String] {
        guard let float, let drop else { return [name, "", "", ""] }
        return [name, Format.percent(float), Format.percent(float - drop), Format.percent(drop)]
      }
      return Format.table([
        ["on \(pictures) pictures", "float", "int8", "drop"], row("road IoU", floatRoadIoU, roadIoU),
        row("mIoU", floatMIoU, miou),
      ])
    }
  }
}
