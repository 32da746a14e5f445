import Foundation

/// Heat, clock and power of the board at one moment, as the kernel tells them; nil where it does not.
public struct BoardHealth: Hashable, Sendable {
  /// The hottest thermal zone, in °C.
  public var celsius: Double?
  /// Clock of the fastest processor now, and the fastest that it can have, in MHz.
  public var clockMegahertz: Double?
  public var fastestMegahertz: Double?
  /// The board slows itself down now, for heat or for want of power.
  public var isThrottled: Bool?
  /// The supply gives too little voltage now.
  public var isUnderVoltage: Bool?

  public init(
    celsius: Double? = nil, clockMegahertz: Double? = nil, fastestMegahertz: Double? = nil, isThrottled: Bool? = nil,
    isUnderVoltage: Bool? = nil
  ) {
    self.celsius = celsius
    self.clockMegahertz = clockMegahertz
    self.fastestMegahertz = fastestMegahertz
    self.isThrottled = isThrottled
    self.isUnderVoltage = isUnderVoltage
  }

  /// At or above these the board is about to slow itself down: most do so from 80 or 85 °C on.
  public static let hotCelsius = 80.0

  /// What a picture has room for of the first of ``complaints``.
  public enum Notice: Int, CaseIterable, Sendable {
    case underVoltage = 1
    case throttled
    case hot

    public var words: String {
      switch self {
      case .underVoltage: "under-voltage"
      case .throttled: "throttled"
      case .hot: "hot"
      }
    }
  }

  /// Nil when nothing is wrong.
  public var notice: Notice? {
    if isUnderVoltage == true { return .underVoltage }
    if isThrottled == true { return .throttled }
    return celsius.map { $0 >= Self.hotCelsius } == true ? .hot : nil
  }

  /// What is wrong, worst first; empty when nothing is. The words do not change while the state does not, so that a log
  /// can tell a new state from the old one.
  public var complaints: [String] {
    var found: [String] = []
    if isUnderVoltage == true { found.append("under-voltage: the supply or its cable is too weak") }
    if isThrottled == true { found.append("throttled: the board slows itself down") }
    if let celsius, celsius >= Self.hotCelsius { found.append("hot: \(Int(Self.hotCelsius)) °C or more") }
    return found
  }
}

/// Reads ``BoardHealth`` from the files of the kernel.
///
/// Sources: `class/thermal/thermal_zone*/temp` (millidegrees), `devices/system/cpu/cpu*/cpufreq` (kHz), the Raspberry
/// Pi firmware's `get_throttled` (bit 0 under-voltage, 1 frequency capped, 2 throttled, 3 soft limit of temperature)
/// and its `rpi_volt` alarm, and the throttle counter of x86.
public struct BoardWatch: Sendable {
  private let zones: [String]
  private let clocks: [String]
  private let fastest: Double?
  private let flags: String?
  private let alarm: String?
  private let counters: [String]
  private var lastCount: Double?

  /// - Parameter root: where the kernel's files lie; another folder in tests.
  public init(root: String = "/sys") {
    zones = Self.children(of: "\(root)/class/thermal", prefix: "thermal_zone").map { "\($0)/temp" }
    let processors = Self.children(of: "\(root)/devices/system/cpu", prefix: "cpu").filter {
      FileManager.default.fileExists(atPath: "\($0)/cpufreq")
    }
    clocks = processors.map { "\($0)/cpufreq/scaling_cur_freq" }
    fastest = processors.compactMap { Self.number("\($0)/cpufreq/cpuinfo_max_freq") }.max().map { $0 / 1000 }
    flags = [
      "devices/platform/soc/soc:firmware/get_throttled", "devices/platform/soc@107c000000/soc:firmware/get_throttled",
    ]
    .map { "\(root)/\($0)" }.first { FileManager.default.isReadableFile(atPath: $0) }
    alarm = Self.children(of: "\(root)/class/hwmon", prefix: "hwmon")
      .first { Self.text("\($0)/name") == "rpi_volt" }.map { "\($0)/in0_lcrit_alarm" }
    counters = Self.children(of: "\(root)/devices/system/cpu", prefix: "cpu")
      .map { "\($0)/thermal_throttle/core_throttle_count" }
      .filter { FileManager.default.isReadableFile(atPath: $0) }
    lastCount = Self.sum(counters)
  }

  /// A few small reads: for once a second, not for each frame.
  public mutating func read() -> BoardHealth {
    let bits = flags.flatMap(Self.text).flatMap(Self.hexadecimal)
    var throttled = bits.map { $0 & 0b1110 != 0 }
    if let count = Self.sum(counters) {
      if let lastCount { throttled = throttled ?? false || count > lastCount }
      lastCount = count
    }
    return BoardHealth(
      celsius: zones.compactMap(Self.number).filter { (-100_000...250_000).contains($0) }.max().map { $0 / 1000 },
      clockMegahertz: clocks.compactMap(Self.number).max().map { $0 / 1000 }, fastestMegahertz: fastest,
      isThrottled: throttled,
      isUnderVoltage: bits.map { $0 & 1 != 0 } ?? alarm.flatMap(Self.number).map { $0 != 0 })
  }

  private static func children(of folder: String, prefix: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { name in name.hasPrefix(prefix) && name.dropFirst(prefix.count).allSatisfy(\.isNumber) }
      .sorted().map { "\(folder)/\($0)" }
  }

  private static func text(_ path: String) -> String? {
    (try? String(contentsOfFile: path, encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private static func number(_ path: String) -> Double? {
    text(path).flatMap(Double.init).flatMap { $0.isFinite ? $0 : nil }
  }

  private static func hexadecimal(_ text: String) -> UInt64? {
    UInt64(text.hasPrefix("0x") ? String(text.dropFirst(2)) : text, radix: 16)
  }

  private static func sum(_ paths: [String]) -> Double? {
    paths.isEmpty ? nil : paths.compactMap(number).reduce(0, +)
  }
}
