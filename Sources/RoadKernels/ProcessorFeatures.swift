import CVectorUnit

/// What the processor and the operating system let a program use: on x86 what CPUID and XGETBV say (Intel SDM volume 1,
/// chapters 14.3, 15.2 to 15.4 and 18.2), on Arm what Linux says (its document "ARM64 ELF hwcaps").
package struct ProcessorFeatures: OptionSet {
  package let rawValue: Int
  package static let avx2 = ProcessorFeatures(rawValue: 1 << 0)
  /// AVX-512 F, BW, DQ, VL and VNNI together.
  package static let avx512vnni = ProcessorFeatures(rawValue: 1 << 1)
  /// AMX-TILE and AMX-INT8 together, beside ``avx512vnni``.
  package static let amx = ProcessorFeatures(rawValue: 1 << 2)
  /// AVX-VNNI beside ``avx2``.
  package static let avxvnni = ProcessorFeatures(rawValue: 1 << 3)

  package static let neon = ProcessorFeatures(rawValue: 1 << 4)
  /// The 8-bit dot product beside ``neon``.
  package static let neondot = ProcessorFeatures(rawValue: 1 << 5)
  /// 8-bit products of matrices beside ``neondot``.
  package static let neoni8mm = ProcessorFeatures(rawValue: 1 << 6)

  static let ofThisMachine: ProcessorFeatures = {
    #if arch(arm64)
      return ProcessorFeatures(capabilities: rv_capabilities(), capabilities2: rv_capabilities2())
    #elseif arch(x86_64)
      let basic = rv_cpuid(1, 0)
      let extended = rv_cpuid(7, 0)
      let extended1 = extended.eax >= 1 ? rv_cpuid(7, 1).eax : 0
      let savesRegisters = basic.ecx.hasBit(27)
      return ProcessorFeatures(
        basicECX: basic.ecx, extendedEBX: extended.ebx, extendedECX: extended.ecx, extendedEDX: extended.edx,
        extended1EAX: extended1, savedState: savesRegisters ? rv_xgetbv() : 0)
    #else
      return []
    #endif
  }()

  package init(rawValue: Int) { self.rawValue = rawValue }

  /// - Parameters:
  ///   - capabilities: AT_HWCAP of an aarch64 Linux.
  ///   - capabilities2: AT_HWCAP2.
  package init(capabilities: UInt, capabilities2: UInt) {
    var features: ProcessorFeatures = []
    if capabilities >> 1 & 1 == 1 { features.insert(.neon) }
    if features.contains(.neon), capabilities >> 20 & 1 == 1 { features.insert(.neondot) }
    if features.contains(.neondot), capabilities2 >> 13 & 1 == 1 { features.insert(.neoni8mm) }
    self = features
  }

  /// - Parameter savedState: XCR0, 0 where the operating system saves no wide registers.
  package init(
    basicECX: UInt32, extendedEBX: UInt32, extendedECX: UInt32, extendedEDX: UInt32, extended1EAX: UInt32,
    savedState: UInt64
  ) {
    var features: ProcessorFeatures = []
    let savesYMM = savedState & 0x6 == 0x6
    let savesZMM = savedState & 0xE6 == 0xE6
    if savesYMM, basicECX.hasBit(28), extendedEBX.hasBit(5) { features.insert(.avx2) }
    if features.contains(.avx2), extended1EAX.hasBit(4) { features.insert(.avxvnni) }
    let foundation = [16, 17, 30, 31].allSatisfy { extendedEBX.hasBit($0) }
    if savesZMM, features.contains(.avx2), foundation, extendedECX.hasBit(11) { features.insert(.avx512vnni) }
    let savesTiles = savedState & 0x60000 == 0x60000
    if savesTiles, features.contains(.avx512vnni), extendedEDX.hasBit(24), extendedEDX.hasBit(25) {
      features.insert(.amx)
    }
    self = features
  }
}

extension UInt32 {
  fileprivate func hasBit(_ bit: Int) -> Bool { self >> UInt32(bit) & 1 == 1 }
}
