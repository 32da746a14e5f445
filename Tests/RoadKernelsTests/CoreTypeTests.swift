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
}
