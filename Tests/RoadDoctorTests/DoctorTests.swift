import Foundation
import RoadBase
import RoadCamera
import RoadDoctor
import RoadFrame
import RoadKernels
import Testing

/// Machines that are folders with the kernel's files.
@Suite struct DoctorTests {
  private func withMachine<Result>(_ files: [String: String], _ body: (MachineFolder) throws -> Result) throws -> Result
  {
    let root = FileManager.default.temporaryDirectory.appending(path: "machine-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: root) }
    for (path, text) in files {
      let file = URL(filePath: root + path)
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try text.write(to: file, atomically: true, encoding: .utf8)
    }
    return try body(MachineFolder(root: root))
  }

  private static let governor = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"
  private static let clock = "/sys/devices/system/clocksource/clocksource0/current_clocksource"

  @Test(
    "each board gets its profile",
    arguments: [
      ("Raspberry Pi 4 Model B Rev 1.4\0", "raspberry-pi-4"), ("Raspberry Pi 5 Model B Rev 1.0\0", "raspberry-pi-5"),
      ("NVIDIA Jetson Orin Nano\0", "jetson-cpu"), ("NVIDIA Jetson Nano Developer Kit\0", "generic"),
      ("Radxa ROCK 5B rk3588\0", "rk3588"), ("some box", "generic"),
    ])
  func profiles(model: String, profile: String) throws {
    try withMachine(["/proc/device-tree/model": model]) { machine in
      let checks = BoardChecks(machine)
      #expect(checks.profile == profile)
      let found = try #require(checks.findings(profiles: [profile]).first { $0.topic == "board" })
      #expect(found.level == .ok && found.remedy == "roadseg live --profile \(profile)")
      #expect(checks.findings(profiles: []).first { $0.topic == "board" }?.level == .note)
    }
  }

  @Test("a slow clock, a lazy governor, heat, a weak supply and little memory each have their remedy")
  func sickBoard() throws {
    let files = [
      Self.governor: "powersave\n", Self.clock: "hpet\n",
      "/proc/meminfo": "MemTotal:  1000000 kB\nMemAvailable:   90000 kB\n",
      "/sys/class/thermal/thermal_zone0/temp": "86000\n",
      "/sys/devices/platform/soc/soc:firmware/get_throttled": "0x50005\n",
    ]
    try withMachine(files) { machine in
      let found = BoardChecks(machine).findings(profiles: ["generic"])
      let levels = Dictionary(uniqueKeysWithValues: found.map { ($0.topic, $0.level) })
      #expect(levels["clock"] == .warning && levels["governor"] == .warning && levels["throttling"] == .warning)
      #expect(levels["memory"] == .problem)
      for finding in found where finding.level != .ok { #expect(finding.remedy != nil, "\(finding)") }
      #expect(found.first { $0.topic == "throttling" }?.finding.contains("under-voltage") == true)
    }
  }

  @Test("a healthy one has nothing to mend")
  func healthyBoard() throws {
    let files = [
      Self.governor: "performance\n", Self.clock: "tsc\n",
      "/proc/meminfo": "MemTotal: 4000000 kB\nMemAvailable: 3000000 kB\n",
      "/sys/class/thermal/thermal_zone0/temp": "51000\n",
    ]
    try withMachine(files) { machine in
      #expect(BoardChecks(machine).findings(profiles: ["generic"]).allSatisfy { $0.level == .ok })
    }
  }

  // MARK: - Cameras

  private func camera(_ formats: [PixelFormat?]) throws -> CameraDescription {
    let listed = formats.map { format in
      """
      {"fourCC": "\(format?.rawValue.uppercased() ?? "H264")", "name": "", \
      \(format.map { "\"format\": \"\($0.rawValue)\"," } ?? "") "isEmulated": false, "sizes": []}
      """
    }
    let json = """
      {"device": "/dev/video0", "card": "Cam", "driver": "uvcvideo", "bus": "usb-1", \
      "formats": [\(listed.joined(separator: ","))]}
      """
    return try JSONDecoder().decode(CameraDescription.self, from: Data(json.utf8))
  }

  private func findings(
    _ machine: MachineFolder, _ cameras: [CameraDescription], exposure: CameraExposure = CameraExposure(),
    rate: CameraRate? = nil, problems: [RoadError] = []
  ) -> [Finding] {
    CameraChecks(machine).findings(
      cameras: cameras, problems: problems, exposure: { _ in exposure }, measure: { _ in rate })
  }

  @Test("the speed of the bus is found above the camera's node")
  func usb() throws {
    let cases: [(String, String, Finding.Level)] = [
      ("480", "2.00", .ok), ("5000", "3.20", .ok), ("480", "3.00", .note), ("12", "1.10", .problem),
    ]
    for (speed, version, level) in cases {
      let device = "/sys/devices/pci0/usb1/1-1"
      try withMachine(["\(device)/speed": speed + "\n", "\(device)/version": " \(version)\n"]) { machine in
        let root = machine.path
        let files = FileManager.default
        try files.createDirectory(atPath: root + "\(device)/1-1:1.0/video4linux", withIntermediateDirectories: true)
        try files.createDirectory(atPath: root + "/sys/class/video4linux/video0", withIntermediateDirectories: true)
        try files.createSymbolicLink(
          atPath: root + "/sys/class/video4linux/video0/device", withDestinationPath: root + "\(device)/1-1:1.0")
        let found = findings(machine, [try camera([.mjpeg])]).first { $0.topic == "usb" }
        #expect(found?.level == level, "\(speed) \(version): \(String(describing: found))")
      }
    }
  }

  @Test("a dark scene that halves the rate is named with its cure; so is a long exposure by hand")
  func exposure() throws {
    try withMachine([:]) { machine in
      let dark = findings(
        machine, [try camera([.mjpeg])], exposure: CameraExposure(mayLowerRate: true, isAutomatic: true),
        rate: CameraRate(promised: 30, measured: 15.02))
      let rate = try #require(dark.first { $0.topic == "rate" })
      #expect(rate.level == .warning)
      #expect(rate.finding == "/dev/video0: asked 30.0, the driver gives 15.0: a dark scene makes it expose longer")
      #expect(rate.remedy?.contains("exposure_dynamic_framerate=0") == true)
      let bright = findings(
        machine, [try camera([.mjpeg])], exposure: CameraExposure(mayLowerRate: true),
        rate: CameraRate(promised: 30, measured: 29.9))
      #expect(bright.first { $0.topic == "rate" }?.level == .ok)
      #expect(bright.first { $0.topic == "exposure" }?.level == .warning, "it will halve at night")
      let manual = findings(
        machine, [try camera([.mjpeg])],
        exposure: CameraExposure(mayLowerRate: false, isAutomatic: false, time: 50_000_000),
        rate: CameraRate(promised: 30, measured: 20))
      #expect(manual.first { $0.topic == "exposure" }?.remedy?.hasSuffix("exposure_time_absolute=333") == true)
    }
  }

  @Test("no camera, one that may not be opened, one that speaks H.264 alone")
  func cameras() throws {
    try withMachine([:]) { machine in
      #expect(findings(machine, []).map(\.level) == [.warning])
      let closed = RoadError(.device, "/dev/video0: no permission to open it", remedy: "join the group `video`")
      #expect(findings(machine, [], problems: [closed]).map(\.level) == [.problem])
      let h264 = try camera([nil])
      #expect(findings(machine, [h264]).first?.level == .problem)
      let yuyv = try camera([.yuyv])
      #expect(findings(machine, [yuyv]).first?.level == .note)
      let both = try camera([nil, .mjpeg])
      #expect(findings(machine, [both]).first?.level == .ok)
    }
    #expect(CameraChecks().permission(user: 0, groups: []).level == .ok)
    #expect(CameraChecks().permission(user: 1000, groups: ["video"]).level == .ok)
    #expect(CameraChecks().permission(user: 1000, groups: ["users"]).remedy?.contains("usermod -aG video") == true)
  }

  // MARK: - Disk and kernels

  @Test("the disk is written to, and nothing stays on it")
  func disk() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "disk-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let found = DiskCheck.findings(folder: folder)
    #expect(found.map(\.topic) == ["disk", "disk speed"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
    #expect(DiskCheck.findings(folder: folder + "/none").map(\.level) == [.problem])
    #expect(DiskCheck.judged("d", megabytesPerSecond: 1.5).level == .problem)
    #expect(DiskCheck.judged("d", megabytesPerSecond: 6).level == .warning)
    #expect(DiskCheck.freeSpace("d", 0.1).level == .problem)
  }

  @Test("a wrong kernel is a problem that names itself")
  func kernels() {
    #expect(KernelCheck.findings().allSatisfy { $0.level == .ok || InstructionSet.available.count == 1 })
    let wrong = KernelCheck.findings([(.avx2, []), (.avx512vnni, ["convolution/avx512vnni"])])
    #expect(wrong.map(\.level) == [.ok, .problem])
    #expect(wrong[1].finding == "avx512vnni: WRONG BYTES of convolution/avx512vnni")
  }
}
