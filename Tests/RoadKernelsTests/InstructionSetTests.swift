import RoadBase
import RoadKernels
import RoadTestSupport
import Testing

@Suite struct InstructionSetTests {
  @Test func theFastestAvailableIsTheDefault() throws {
    #expect(try InstructionSet.chosen(nil) == InstructionSet.available.max())
    #expect(try InstructionSet.chosen("") == InstructionSet.available.max())
    #expect(try InstructionSet.chosen("reference") == .reference)
    #expect(
      InstructionSet.allCases.sorted() == [
        .reference, .avx2, .avxvnni, .avx512vnni, .amx, .neon, .neondot, .neoni8mm,
      ])
  }

  @Test func anUnknownNameListsWhatExists() {
    let error = thrown(RoadError.self) { try InstructionSet.chosen("mmx") }
    #expect(error?.subject == .option)
    #expect(error?.description.contains("'mmx' is unknown; available: reference") == true)
  }

  @Test func anOperatingSystemThatSavesNoRegistersHasNone() {
    func features(_ state: UInt64) -> ProcessorFeatures {
      ProcessorFeatures(
        basicECX: .max, extendedEBX: .max, extendedECX: .max, extendedEDX: .max, extended1EAX: .max, savedState: state)
    }
    #expect(features(0) == [])
    #expect(features(0x7) == [.avx2, .avxvnni])
    #expect(features(0xE7) == [.avx2, .avxvnni, .avx512vnni])
    #expect(features(0x200E7) == [.avx2, .avxvnni, .avx512vnni])
    #expect(features(0x600E7) == [.avx2, .avxvnni, .avx512vnni, .amx])
  }

  @Test(arguments: [16, 17, 30, 31] as [UInt32])
  func everyPartOfAVX512IsNeeded(missing: UInt32) {
    let features = ProcessorFeatures(
      basicECX: .max, extendedEBX: .max & ~(1 << missing), extendedECX: .max, extendedEDX: .max, extended1EAX: .max,
      savedState: 0xE7)
    #expect(features == [.avx2, .avxvnni])
  }

  @Test(arguments: [24, 25] as [UInt32])
  func bothPartsOfAMXAreNeeded(missing: UInt32) {
    let features = ProcessorFeatures(
      basicECX: .max, extendedEBX: .max, extendedECX: .max, extendedEDX: .max & ~(1 << missing), extended1EAX: .max,
      savedState: 0x600E7)
    #expect(features == [.avx2, .avxvnni, .avx512vnni])
  }

  @Test func avx512WithoutVNNIIsAVX2() {
    let features = ProcessorFeatures(
      basicECX: .max, extendedEBX: .max, extendedECX: .max & ~(1 << 11), extendedEDX: .max, extended1EAX: .max,
      savedState: 0xE7)
    #expect(features == [.avx2, .avxvnni])
  }

  @Test func avx2WithoutVNNIIsAVX2() {
    let features = ProcessorFeatures(
      basicECX: .max, extendedEBX: .max, extendedECX: .max & ~(1 << 11), extendedEDX: .max, extended1EAX: ~(1 << 4),
      savedState: 0xE7)
    #expect(features == [.avx2])
  }

  /// Linux' HWCAP_ASIMD, HWCAP_ASIMDDP and HWCAP2_I8MM.
  @Test func armSetsNeedWhatLinuxReports() {
    func features(_ capabilities: UInt, _ capabilities2: UInt) -> ProcessorFeatures {
      ProcessorFeatures(capabilities: capabilities, capabilities2: capabilities2)
    }
    #expect(features(0, .max) == [])
    #expect(features(1 << 1, .max) == [.neon])
    #expect(features(1 << 1 | 1 << 20, 0) == [.neon, .neondot])
    #expect(features(.max, 1 << 13) == [.neon, .neondot, .neoni8mm])
    #expect(features(.max, ~(1 << 13)) == [.neon, .neondot])
  }
}
