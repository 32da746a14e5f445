import Foundation
import RoadTelemetry
import Testing

/// Against a made `/sys`, laid out as the kernel lays out the real one.
@Suite struct BoardHealthTests {
  @Test("a Raspberry Pi that is hot, throttled and short of volts")
  func raspberryPi() throws {
    let sys = try FakeSys([
      "class/thermal/thermal_zone0/temp": "84221\n",
      "class/thermal/cooling_device0/temp": "99000\n",
      "devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": "600000\n",
      "devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq": "1800000\n",
      "devices/system/cpu/cpufreq/boost": "0\n",
      "devices/platform/soc/soc:firmware/get_throttled": "50005\n",
    ])
    var watch = BoardWatch(root: sys.path)
    let health = watch.read()
    #expect(
      health
        == BoardHealth(
          celsius: 84.221, clockMegahertz: 600, fastestMegahertz: 1800, isThrottled: true, isUnderVoltage: true))
    #expect(health.complaints.count == 3)
    #expect(health.notice == .underVoltage)
  }

  @Test("the picture has room for the worst alone")
  func notices() {
    #expect(BoardHealth(celsius: 79.9).notice == nil)
    #expect(BoardHealth(celsius: 80).notice == .hot)
    #expect(BoardHealth(celsius: 85, isThrottled: true).notice == .throttled)
    #expect(BoardHealth(celsius: 85, isThrottled: true, isUnderVoltage: true).notice == .underVoltage)
    for notice in BoardHealth.Notice.allCases {
      #expect(notice.rawValue - 1 == BoardHealth.Notice.allCases.firstIndex(of: notice), "places on the panel")
    }
  }

  @Test("what has been is not what is: the firmware's sticky bits alone are no complaint")
  func stickyBits() throws {
    let sys = try FakeSys(["devices/platform/soc/soc:firmware/get_throttled": "0x50000\n"])
    var watch = BoardWatch(root: sys.path)
    let health = watch.read()
    #expect(health.isThrottled == false && health.isUnderVoltage == false && health.complaints.isEmpty)
    #expect(health.notice == nil)
  }

  @Test("the voltage alarm of the kernel's own driver")
  func alarm() throws {
    let sys = try FakeSys(["class/hwmon/hwmon1/name": "rpi_volt\n", "class/hwmon/hwmon1/in0_lcrit_alarm": "1\n"])
    var watch = BoardWatch(root: sys.path)
    #expect(watch.read().isUnderVoltage == true)
    try sys.write("class/hwmon/hwmon1/in0_lcrit_alarm", "0\n")
    #expect(watch.read().isUnderVoltage == false)
  }

  @Test("x86 counts its throttling: only a count that grows is throttling now")
  func counter() throws {
    let counter = "devices/system/cpu/cpu0/thermal_throttle/core_throttle_count"
    let sys = try FakeSys([counter: "7\n"])
    var watch = BoardWatch(root: sys.path)
    #expect(watch.read().isThrottled == false)
    try sys.write(counter, "9\n")
    #expect(watch.read().isThrottled == true)
    #expect(watch.read().isThrottled == false)
  }

  @Test("the hottest of several zones, and none that makes no sense")
  func zones() throws {
    let sys = try FakeSys([
      "class/thermal/thermal_zone0/temp": "41000\n", "class/thermal/thermal_zone1/temp": "52500\n",
      "class/thermal/thermal_zone2/temp": "-274000\n", "class/thermal/thermal_zone3/temp": "2147483647\n",
      "class/thermal/thermal_zone4/temp": "rubbish\n",
    ])
    var watch = BoardWatch(root: sys.path)
    #expect(watch.read().celsius == 52.5)
  }

  @Test("a machine that says nothing: everything is unknown, nothing is wrong")
  func nothing() throws {
    let sys = try FakeSys([:])
    var watch = BoardWatch(root: sys.path)
    #expect(watch.read() == BoardHealth())
    #expect(watch.read().complaints.isEmpty)
  }
}

/// A folder that looks like `/sys`, gone with the value.
private final class FakeSys {
  let path: String

  init(_ files: [String: String]) throws {
    path = FileManager.default.temporaryDirectory.appending(path: "roadseg-sys-\(UUID())").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    for (file, text) in files { try write(file, text) }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ file: String, _ text: String) throws {
    let url = URL(filePath: "\(path)/\(file)")
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try text.write(to: url, atomically: false, encoding: .utf8)
  }
}
