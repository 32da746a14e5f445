import Foundation
import RoadKernels
import Testing

@Suite struct CoreTypeTests {
  /// An RK3588: four Cortex-A55, four Cortex-A76.
  @Test func partsOfAnArmProcessor() {
    let text = (0..<8).map { core in
      """
      processor\t: \(core)
      BogoMIPS\t: 48.00
      CPU implementer\t: 0x41
      CPU architecture: 8
      CPU variant\t: 0x4
      CPU part\t: 0x\(core < 4 ? "d05" : "d0b")
      CPU revision\t: 0

      """
    }.joined(separator: "\n")
    let parts = CoreType.parts(cpuinfo: text)
    #expect(parts.count == 8)
    #expect(parts[3]?.part == 0xD05)
    #expect(parts[4]?.implementer == 0x41 && parts[4]?.part == 0xD0B)
  }

  @Test func whatIsNoListOfCoresIsNone() {
    #expect(CoreType.parts(cpuinfo: "").isEmpty)
    #expect(CoreType.parts(cpuinfo: "vendor_id : GenuineIntel\nCPU part :\n:::\n").isEmpty)
    #expect(CoreType.count("0-3,6") == 5)
    #expect(CoreType.count("") == 0 && CoreType.count("7-2") == 0)
  }

  /// The strips of two threads fit the second level beside weights; a desktop keeps what it had.
  @Test func stripsFollowTheSecondLevel() {
    func budget(_ level2: Int) -> Int {
      CoreType(name: "", level1: 32 << 10, level2: level2, isInOrder: false).stripBudget(for: .neon)
    }
    #expect(budget(128 << 10) == 64 << 10)
    #expect(budget(256 << 10) == 96 << 10)
    #expect(budget(1 << 20) == 192 << 10)
  }

  @Test func thisMachineHasCores() {
    #expect(!CoreType.cores.isEmpty)
    #expect(CoreType.ofThisMachine.level1 >= 8 << 10)
  }

  /// An RK3588 with the small cores first, one of its large ones slower by its bin, and a chip whose kernel tells no
  /// capacities.
  @Test(arguments: [true, false]) func largeCoresComeFirst(tellsCapacity: Bool) throws {
    let root = try FakeRoot(cores: 8) { core in
      (part: core < 4 ? "0xd05" : "0xd0b", capacity: tellsCapacity ? (core < 4 ? 400 : core == 5 ? 1000 : 1024) : nil)
    }
    let cores = CoreType.cores(allowed: Array(0..<8), root: root.path)
    #expect(cores.map(\.number) == [4, 5, 6, 7, 0, 1, 2, 3])
    #expect(cores[0].type.name == "Cortex-A76" && cores[7].type.isInOrder)
    #expect(CorePlacement(threads: 4, among: cores).cores == [4, 5, 6, 7])
    #expect("\(CorePlacement(threads: 2, among: cores))" == "cores 4-7 (Cortex-A76)")
    // More threads than large cores: all of them, and none is bound.
    #expect(CorePlacement(threads: 5, among: cores) == .anywhere)
    // taskset's choice stands.
    let few = CoreType.cores(allowed: [2, 3, 6], root: root.path)
    #expect("\(CorePlacement(threads: 1, among: few))" == "core 6 (Cortex-A76)")
    #expect(CorePlacement(threads: 2, among: few) == .anywhere)
  }

  @Test func coresOfThreeKindsAndOfOne() throws {
    let phone = try FakeRoot(cores: 8) { core in
      core < 3 ? (part: "0xd46", capacity: 300) : core < 7 ? (part: "0xd47", capacity: 800) : ("0xfff", 1024)
    }
    let cores = CoreType.cores(allowed: Array(0..<8), root: phone.path)
    #expect("\(CorePlacement(threads: 1, among: cores))" == "core 7 (part 0x41fff)")
    #expect("\(CorePlacement(threads: 3, among: cores))" == "cores 3-7 (part 0x41fff, Cortex-A710)")
    let pi = try FakeRoot(cores: 4) { _ in (part: "0xd08", capacity: nil) }
    #expect(CorePlacement(threads: 2, among: CoreType.cores(allowed: Array(0..<4), root: pi.path)) == .anywhere)
  }

  @Test func aThreadIsPlaced() throws {
    let number = try #require(CoreType.cores.last?.number)
    #expect(CoreType.run(on: CoreType.cores.map(\.number)))
    #expect(!CoreType.run(on: []))
    #expect(!CoreType.run(on: [8191]))
    #expect(number >= 0)
  }
}

/// /proc and /sys of another machine.
private final class FakeRoot {
  let path: String

  init(cores: Int, _ core: (Int) -> (part: String, capacity: Int?)) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "cores-\(UUID().uuidString)")
    path = folder.path
    try FileManager.default.createDirectory(at: folder.appending(path: "proc"), withIntermediateDirectories: true)
    var text = ""
    for number in 0..<cores {
      text += "processor\t: \(number)\nCPU implementer\t: 0x41\nCPU part\t: \(core(number).part)\n\n"
      guard let capacity = core(number).capacity else { continue }
      let place = folder.appending(path: "sys/devices/system/cpu/cpu\(number)")
      try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
      try "\(capacity)\n".write(to: place.appending(path: "cpu_capacity"), atomically: true, encoding: .utf8)
    }
    try text.write(to: folder.appending(path: "proc/cpuinfo"), atomically: true, encoding: .utf8)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
