import RoadBase
import RoadKernels
import RoadTelemetry

/// One row of the table of boards in `Boards.md`: what was measured, on what, how sure. For people to paste; nothing is
/// sent anywhere.
public struct BoardRow: Sendable {
  /// "Raspberry Pi 5 Model B Rev 1.0".
  public var board: String
  /// "4 x Cortex-A76".
  public var cores: String
  public var software: String
  /// Days as in 2026-11-29.
  public var date: String
  private let profile: FrameProfile

  /// - Parameter placement: of the threads that were measured.
  public init(
    _ profile: FrameProfile, placement: CorePlacement, software: String, date: String,
    board: String = BoardRow.boardName(), cores: [CoreType] = CoreType.cores.map(\.type)
  ) {
    self.profile = profile
    self.board = board
    self.software = software
    self.date = date
    var kinds: [(name: String, count: Int)] = []
    for core in cores {
      if kinds.last?.name == core.name { kinds[kinds.count - 1].count += 1 } else { kinds.append((core.name, 1)) }
    }
    let place = placement.cores.isEmpty ? "" : ", threads on \(placement)"
    self.cores = kinds.map { "\($0.count) x \($0.name)" }.joined(separator: " + ") + place
  }

  /// Header, rule and row of a Markdown table.
  public var text: String {
    let header = [
      "board", "cores", "kernels", "network, input", "threads", "network ms", "camera to overlay ms", "machine",
      "roadseg, day",
    ]
    let conditions = profile.conditions
    let machine = [
      conditions.megahertzAfter.map { "\(whole($0)) MHz" }, conditions.celsiusAfter.map { "\(whole($0)) °C" },
      conditions.governor, conditions.isQuiet ? nil : "NOISY: \(conditions.doubts.joined(separator: "; "))",
    ].compactMap { $0 }
    let row = [
      board, cores, profile.instructionSet, "\(profile.model), \(profile.inputSize)", "\(profile.threads)",
      span(profile.stages.first { $0.name == "network" }?.milliseconds), span(profile.cameraToOverlay),
      machine.joined(separator: ", "), "\(software), \(date)",
    ]
    return [header, header.map { _ in "---" }, row].map { cells in
      "| " + cells.map(Self.cell).joined(separator: " | ") + " |"
    }.joined(separator: "\n")
  }

  private func span(_ times: MeasuredTimes?) -> String {
    guard let times else { return "-" }
    return "\(tenths(times.median)) (\(tenths(times.low)) to \(tenths(times.high)))"
  }

  private func whole(_ value: Double) -> String { value.isFinite ? "\(Int(value.rounded()))" : "-" }

  private func tenths(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e9 else { return "-" }
    let tenths = Int((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }

  /// What would end a cell or the row becomes a space.
  private static func cell(_ text: String) -> String {
    String(text.map { $0 == "|" || $0.isNewline || $0.asciiValue.map { $0 < 32 } == true ? " " : $0 })
  }

  /// What the machine calls itself: the device tree's model, else the firmware's, else the processor's.
  ///
  /// - Parameter root: folder with /proc and /sys; for tests.
  public static func boardName(root: String = "") -> String {
    for path in ["/proc/device-tree/model", "/sys/class/dmi/id/product_name"] {
      let name = contents(root + path).filter { $0 != 0 }
      let text = String(decoding: name, as: UTF8.self).split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
      if !text.allSatisfy(\.isWhitespace) { return text }
    }
    let lines = String(decoding: contents(root + "/proc/cpuinfo"), as: UTF8.self).split(separator: "\n")
    let line = lines.first { $0.hasPrefix("model name") || $0.hasPrefix("Hardware") }
    let name = line.flatMap { $0.split(separator: ":", maxSplits: 1).dropFirst().first }
    return name.map { String($0.drop { $0 == " " }) } ?? "unknown board"
  }

  private static func contents(_ path: String) -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = buffer.withUnsafeMutableBytes { System.readSmall(path, into: $0) } ?? 0
    return Array(buffer.prefix(count))
  }
}
