import Foundation
import RoadEngine
import RoadProfiler

/// Profiles as tables for people.
enum ProfileText {
  static func text(_ profile: FrameProfile) -> String {
    """
    network \(profile.inputSize), frames \(profile.frameSize), \(profile.threads) threads, \(profile.instructionSet), \
    \(profile.frames) frames in \(profile.repetitions) repetitions
    peak of this machine: \(peak(profile.peak)) on \(profile.peak.threads) \
    threads; copies in the second-level cache \(Format.fixed(profile.bandwidth.levelTwoGigabytes, 1)) GB/s, in memory \
    \(Format.fixed(profile.bandwidth.memoryGigabytes, 1)) GB/s
    network: \(Format.fixed(profile.networkGigaMultiplyAccumulates, 1)) GMAC/s, \
    \(Format.percent(profile.networkShareOfPeak)) of the peak
    memory: activations \(profile.memory.arenaBytes / 1024) KiB (unshared \(profile.memory.unsharedBytes / 1024)), \
    weights \(profile.memory.constantBytes / 1024) KiB
    \((conditions(profile.conditions) + remarks(profile)).joined(separator: "\n"))

    \(Format.table(stageRows(profile)))

    \(Format.table(layerRows(profile)))
    """
  }

  private static func peak(_ peak: MachinePeak) -> String {
    let speed = "\(Format.fixed(peak.gigaMultiplyAccumulates, 1)) GMAC/s"
    return peak.isSure ? speed : "\(speed) (UNSURE: measurements differ by \(Format.percent(peak.spread)))"
  }

  private static func conditions(_ conditions: MeasurementConditions) -> [String] {
    func known(_ value: Double?, _ unit: String) -> String { value.map { "\(Format.fixed($0, 0)) \(unit)" } ?? "-" }
    let load = conditions.otherLoad.map { Format.fixed($0, 2) } ?? "-"
    let line =
      "machine: governor \(conditions.governor ?? "-"), clock \(known(conditions.megahertzBefore, "MHz")) to "
      + "\(known(conditions.megahertzAfter, "MHz")), heat \(known(conditions.celsiusBefore, "°C")) to "
      + "\(known(conditions.celsiusAfter, "°C")), other load \(load) processors"
    let doubts = conditions.doubts.joined(separator: "; ")
    return conditions.isQuiet ? [line] : [line, "TOO NOISY TO CONCLUDE: \(doubts)"]
  }

  private static func remarks(_ profile: FrameProfile) -> [String] {
    var lines: [String] = []
    if let counters = profile.counters {
      lines.append(
        "counters of a frame: \(Format.fixed(counters.cyclesPerFrame / 1e6, 2)) million cycles, "
          + "\(Format.fixed(counters.instructionsPerCycle, 2)) instructions a cycle, "
          + "\(Format.fixed(counters.cacheMissesPerFrame, 0)) cache misses")
    }
    if let names = profile.unquantizedLayers {
      let layers = profile.layers.filter { names.contains($0.description.name) }
      let milliseconds = layers.reduce(0) { $0 + $1.milliseconds.median }
      let network = profile.layers.reduce(0) { $0 + $1.milliseconds.median }
      lines.append(
        "left unquantized by the model, so kept in 16 bits: \(names.joined(separator: ", ")); "
          + "\(Format.fixed(milliseconds, 2)) ms, \(Format.percent(milliseconds / max(network, 1e-9))) of the layers")
    }
    if let deadline = profile.deadline {
      let blame = deadline.missesByStage.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        .map { "\($0.key) \($0.value)" }.joined(separator: ", ")
      lines.append(
        "deadline: \(deadline.misses) of \(profile.frames) frames took more than "
          + "\(Format.fixed(deadline.budgetMilliseconds, 1)) ms\(blame.isEmpty ? "" : "; at fault: \(blame)")")
    }
    return lines
  }

  private static func stageRows(_ profile: FrameProfile) -> [[String]] {
    let stages =
      profile.stages.map { ($0.name, $0.milliseconds) } + [
        ("camera to overlay", profile.cameraToOverlay), ("whole frame", profile.total),
      ]
    return [["stage", "median ms", "low", "high", "p90", "p99", "p99.9", "max", "jitter", "share"]]
      + stages.map { name, times in
        [name]
          + [times.median, times.low, times.high, times.p90, times.p99, times.p999, times.maximum, times.jitter]
          .map { Format.fixed($0, 3) } + [Format.percent(times.median / max(profile.total.median, 1e-9))]
      }
  }

  private static func layerRows(_ profile: FrameProfile) -> [[String]] {
    let header = [
      "layer", "kind", "output", "window", "MMAC", "median ms", "GMAC/s", "of peak", "GB/s", "bound", "of bound",
      "kernel",
    ]
    return [header]
      + profile.layers.map { row in
        let layer = row.description
        return [
          layer.name, layer.kind.rawValue, "\(layer.height)x\(layer.width)x\(layer.channels)", layer.window,
          Format.fixed(Double(layer.multiplyAccumulates) / 1e6, 2), Format.fixed(row.milliseconds.median, 4),
          Format.fixed(row.gigaMultiplyAccumulates, 1), Format.percent(row.shareOfPeak), Format.fixed(row.gigabytes, 1),
          row.roofline.bound.rawValue, Format.percent(row.roofline.shareOfBound), layer.kernel,
        ]
      }
  }
}

extension ProfileText {
  static func text(_ comparison: ProfileComparison) -> String {
    let changed = comparison.layers.filter { $0.verdict != .same }
    var lines = [Format.table([rowHeader] + comparison.stages.map(cells)), ""]
    if changed.isEmpty {
      lines.append("layers: none of \(comparison.layers.count) changed beyond noise")
    } else {
      lines.append(Format.table([rowHeader] + changed.map(cells)))
      lines.append("the other \(comparison.layers.count - changed.count) layers did not change beyond noise")
    }
    if !comparison.onlyBefore.isEmpty { lines.append("gone: \(comparison.onlyBefore.joined(separator: ", "))") }
    if !comparison.onlyAfter.isEmpty { lines.append("new: \(comparison.onlyAfter.joined(separator: ", "))") }
    if !comparison.doubts.isEmpty {
      lines.append("TOO NOISY TO CONCLUDE: \(comparison.doubts.joined(separator: "; "))")
    }
    return lines.joined(separator: "\n")
  }

  private static let rowHeader = ["what", "before ms", "after ms", "ratio", "verdict"]

  private static func cells(_ row: ProfileComparison.Row) -> [String] {
    [
      row.name, Format.fixed(row.before, 4), Format.fixed(row.after, 4), Format.fixed(row.ratio, 3),
      row.verdict.rawValue,
    ]
  }

  static func text(_ start: ColdStart) -> String {
    let parts: [(String, MeasuredTimes)] = [
      ("process, linking, runtime", start.process), ("model to graph", start.modelLoad),
      ("plan: lowering, packing", start.planning), ("first frame", start.firstFrame), ("first mask", start.total),
    ]
    let rows = parts.map { name, times in
      [name] + [times.median, times.p90, times.maximum].map { Format.fixed($0, 1) }
    }
    return "\(start.starts) fresh processes, binary and model in the page cache\n"
      + Format.table([["from process start", "median ms", "p90", "max"]] + rows)
  }
}
