import Foundation
import RoadBase
import RoadProfiler

/// Profiles of a network of two layers, with the times that a test asks for.
enum SampleProfile {
  /// - Parameters:
  ///   - network: median of the network in milliseconds; its interval is `spread` to both sides.
  ///   - doubts: why the machine was noisy.
  static func json(
    network: Double = 2, spread: Double = 0.01, first: String = "conv,1", repetitions: Int = 6, doubts: [String] = []
  ) -> String {
    func times(_ median: Double) -> String {
      let numbers: [(String, Double)] = [
        ("median", median), ("low", median - spread), ("high", median + spread), ("p90", 1.1 * median),
        ("p99", 1.2 * median), ("p999", 1.3 * median), ("maximum", 1.4 * median), ("jitter", 0.01),
      ]
      return "{" + numbers.map { "\"\($0)\": \($1)" }.joined(separator: ",") + "}"
    }
    func layer(_ name: String, _ median: Double) -> String {
      """
      {"description": {"name": "\(name)", "kind": "conv", "height": 8, "width": 8, "channels": 16, "window": "3x3 s1 \
      d1",
       "multiply_accumulates": 1000000, "bytes_moved": 2048, "kernel": "convolution/reference", "step": 0},
       "milliseconds": \(times(median)), "giga_multiply_accumulates": 1, "share_of_peak": 0.1, "gigabytes": 2,
       "roofline": {"intensity": 488, "bound": "compute", "share_of_bound": 0.4}}
      """
    }
    let stages = [("decode JPEG", 1.0), ("network", network)]
      .map { "{\"name\": \"\($0)\", \"milliseconds\": \(times($1))}" }
    let doubtful = doubts.map { "\"\($0)\"" }.joined(separator: ",")
    return """
      {"format_version": 1, "model": "tiny", "frame_size": {"width": 64, "height": 48}, "frame_format": "mjpeg",
       "input_size": {"width": 32, "height": 24}, "threads": 1, "instruction_set": "reference", "frames": 60,
       "repetitions": \(repetitions),
       "peak": {"giga_multiply_accumulates": 10, "threads": 1, "instruction_set": "reference",
        "spread": 0.01, "is_sure": true},
       "bandwidth": {"level_two_gigabytes": 20, "memory_gigabytes": 5, "level_two_bytes": 524288},
       "conditions": {"doubts": [\(doubtful)]}, "stages": [\(stages.joined(separator: ","))],
       "layers": [\(layer(first, 0.5)), \(layer("conv2", network / 2))],
       "memory": {"arena_bytes": 1, "unshared_bytes": 1, "lower_bound_bytes": 1, "strip_bytes": 1, "constant_bytes": 1},
       "camera_to_overlay": \(times(1 + network)), "total": \(times(1 + network)),
       "network_giga_multiply_accumulates": 1, "network_share_of_peak": 0.1}
      """
  }

  static func profile(
    network: Double = 2, spread: Double = 0.01, first: String = "conv,1", repetitions: Int = 6, doubts: [String] = []
  ) throws -> FrameProfile {
    try read(json(network: network, spread: spread, first: first, repetitions: repetitions, doubts: doubts))
  }

  static func read(_ text: String) throws -> FrameProfile {
    let path = FileManager.default.temporaryDirectory.appending(path: "profile-\(UUID().uuidString).json").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return try ProfileFile.read(path)
  }
}
