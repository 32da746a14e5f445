import Foundation
import RoadBase
import RoadTelemetry

/// The board itself: which it is, its clock, its governor, its heat, its memory.
public struct BoardChecks: Sendable {
  private let machine: MachineFolder

  public init(_ machine: MachineFolder = MachineFolder()) { self.machine = machine }

  /// - Parameter profiles: names of the board profiles that are there.
  public func findings(profiles: [String]) -> [Finding] {
    [board(profiles: profiles), clockSource(), governor(), health(), memory()].compactMap { $0 }
  }

  /// The profile for this board, by the device tree or, on a PC, none but the generic one.
  public var profile: String {
    let words = [machine.text("/proc/device-tree/model"), machine.text("/proc/device-tree/compatible")]
      .compactMap { $0?.lowercased() }.joined(separator: " ")
    if words.contains("raspberry pi 5") || words.contains("bcm2712") { return "raspberry-pi-5" }
    if words.contains("raspberry pi 4") || words.contains("bcm2711") { return "raspberry-pi-4" }
    if words.contains("rk3588") { return "rk3588" }
    // Earlier ones have slower cores without dot product.
    if words.contains("jetson") && words.contains("orin") || words.contains("tegra234") { return "jetson-cpu" }
    return "generic"
  }

  private func board(profiles: [String]) -> Finding {
    let name =
      machine.text("/proc/device-tree/model") ?? machine.text("/sys/class/dmi/id/product_name") ?? "unknown board"
    guard profiles.contains(profile) else {
      return Finding(
        "board", .note, "\(name): its profile would be '\(profile)', which is not installed",
        remedy: "copy it from Firmware-Configs/profiles and give its path with --profile")
    }
    return Finding("board", .ok, "\(name): use the profile '\(profile)'", remedy: "roadseg live --profile \(profile)")
  }

  private func clockSource() -> Finding? {
    guard let source = machine.text("/sys/devices/system/clocksource/clocksource0/current_clocksource") else {
      return nil
    }
    let slow = ["hpet", "acpi_pm", "jiffies", "pit"]
    guard slow.contains(source) else { return Finding("clock", .ok, "clock source \(source)") }
    return Finding(
      "clock", .warning, "clock source \(source): each reading is a call into a slow device",
      remedy: "boot with clocksource=tsc where the processor has a steady one (dmesg | grep -i tsc says why not)")
  }

  private func governor() -> Finding? {
    let path = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"
    guard let governor = machine.text(path) else {
      return Finding("governor", .ok, "the kernel steers no clock here")
    }
    if ["performance", "schedutil"].contains(governor) { return Finding("governor", .ok, "governor \(governor)") }
    return Finding(
      "governor", governor == "powersave" ? .warning : .note,
      "governor \(governor): the clock follows the load late, frames jitter",
      remedy: "echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor")
  }

  private func health() -> Finding {
    var watch = BoardWatch(root: machine.root + "/sys")
    let health = watch.read()
    guard let complaint = health.complaints.first else {
      let heat = health.celsius.map { ", \(Int($0)) °C" } ?? ""
      return Finding("throttling", .ok, "no throttling\(heat)")
    }
    return Finding(
      "throttling", .warning, health.complaints.joined(separator: "; "),
      remedy: complaint.hasPrefix("under-voltage")
        ? "use the board's own supply and a short cable" : "add a heat sink or a fan, or take fewer --threads")
  }

  /// What `live` and `record` take together, with room: the networks' weights, frames, the recorder's queues.
  private static let wantedMebibytes = 400.0

  private func memory() -> Finding? {
    guard let text = machine.text("/proc/meminfo") else { return nil }
    func mebibytes(_ key: String) -> Double? {
      text.split(separator: "\n").first { $0.hasPrefix("\(key):") }
        .flatMap { $0.split(separator: " ").dropFirst().first }.flatMap { Double($0) }.map { $0 / 1024 }
    }
    guard let free = mebibytes("MemAvailable"), let all = mebibytes("MemTotal") else { return nil }
    let words = "\(Int(free)) of \(Int(all)) MiB of memory are free"
    if free >= Self.wantedMebibytes { return Finding("memory", .ok, words) }
    return Finding(
      "memory", free < Self.wantedMebibytes / 4 ? .problem : .warning, words,
      remedy: "end other programs, or record with --memory 32M")
  }
}
