import Foundation
import RoadBase
import RoadTelemetry

/// What else the machine did while it measured, and whether the figures can be trusted.
public struct MeasurementConditions: Sendable, Codable, Equatable {
  /// Of the first processor: "performance", "powersave", …; nil where the kernel does not say.
  public var governor: String?
  /// Clock of the fastest processor in MHz, before and after; nil where the kernel does not say.
  public var megahertzBefore: Double?
  public var megahertzAfter: Double?
  /// The hottest zone in °C, before and after; nil where there is none.
  public var celsiusBefore: Double?
  public var celsiusAfter: Double?
  /// Processors that other processes and other guests of the host used on average; nil where `/proc/stat` is not there.
  public var otherLoad: Double?
  /// Why the figures are no ground for a conclusion; empty when the machine was quiet.
  public var doubts: [String]

  public var isQuiet: Bool { doubts.isEmpty }
}

/// Reads the machine at the start of a measurement and at its end.
struct ConditionsWatch {
  private let start = MachineState.now()

  /// - Parameter spread: of the network's median over the repetitions, see ``MeasuredTimes/spread``.
  func finish(spread: Double) -> MeasurementConditions {
    let end = MachineState.now()
    let load = MachineState.otherLoad(from: start, to: end)
    return MeasurementConditions(
      governor: start.governor, megahertzBefore: start.megahertz, megahertzAfter: end.megahertz,
      celsiusBefore: start.celsius, celsiusAfter: end.celsius, otherLoad: load,
      doubts: Self.doubts(start: start, end: end, load: load, spread: spread))
  }

  private static func doubts(start: MachineState, end: MachineState, load: Double?, spread: Double) -> [String] {
    func fixed(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
    var doubts: [String] = []
    if let load, load > 0.2 { doubts.append("other processes used \(fixed(load, 2)) processors") }
    if spread > 0.05 { doubts.append("the network's median moved by \(fixed(100 * spread, 0)) % between repetitions") }
    if let before = start.megahertz, let after = end.megahertz, abs(after - before) > 0.1 * before {
      doubts.append("the clock went from \(fixed(before, 0)) to \(fixed(after, 0)) MHz")
    }
    if let hot = end.celsius, hot >= 80 { doubts.append("the processor is at \(fixed(hot, 0)) °C") }
    return doubts
  }
}

/// Clock, heat and load at one moment, from /proc and /sys.
private struct MachineState {
  var time: UInt64
  var governor: String?
  var megahertz: Double?
  var celsius: Double?
  /// Nanoseconds that all processors computed, stolen time included, and those of this process.
  var busy: UInt64?
  var own: UInt64

  static func now() -> MachineState {
    let cpu = "/sys/devices/system/cpu"
    let clocks = (0..<256).prefix { FileManager.default.fileExists(atPath: "\(cpu)/cpu\($0)") }
      .compactMap { number("\(cpu)/cpu\($0)/cpufreq/scaling_cur_freq") }
    let zones = (0..<64).compactMap { number("/sys/class/thermal/thermal_zone\($0)/temp") }
    return MachineState(
      time: MonotonicClock.now(), governor: text("\(cpu)/cpu0/cpufreq/scaling_governor"),
      megahertz: clocks.max().map { $0 / 1000 }, celsius: zones.max().map { $0 / 1000 }, busy: busyNanoseconds(),
      own: ProcessUsage.now().processorNanoseconds)
  }

  static func otherLoad(from start: MachineState, to end: MachineState) -> Double? {
    guard let before = start.busy, let after = end.busy, end.time > start.time, after >= before else { return nil }
    let own = Double(end.own - start.own)
    return max(0, Double(after - before) - own) / Double(end.time - start.time)
  }

  /// The first line of `/proc/stat` (proc(5)): user, nice, system, idle, iowait, irq, softirq, steal; in ticks.
  private static func busyNanoseconds() -> UInt64? {
    guard let line = text("/proc/stat")?.split(separator: "\n").first else { return nil }
    let ticks = line.split(separator: " ").dropFirst().map { UInt64($0) ?? 0 }
    guard ticks.count >= 8 else { return nil }
    let busy = ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6] + ticks[7]
    return busy * (1_000_000_000 / UInt64(max(sysconf(Int32(_SC_CLK_TCK)), 1)))
  }

  private static func text(_ path: String) -> String? {
    let text = try? String(contentsOfFile: path, encoding: .utf8)
    return text?.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private static func number(_ path: String) -> Double? { text(path).flatMap(Double.init) }
}
