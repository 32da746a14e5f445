import CVectorUnit
import Glibc
import RoadBase

/// The vector units that kernels exist for, from the plainest to the fastest. All give the same bytes.
public enum InstructionSet: String, CaseIterable, Comparable, Sendable {
  /// Plain Swift: the definition, and what runs where nothing else does.
  case reference
  case avx2
  /// The dot products of AVX-512 VNNI on 256-bit registers (desktop and small-board Intel since 2021, AMD since 2024).
  case avxvnni
  case avx512vnni
  /// Matrix tiles beside AVX-512 VNNI (Intel Xeon since 2023).
  case amx

  /// The environment variable that overrides the choice.
  public static let environmentVariable = "ROADSEG_INSTRUCTION_SET"

  /// What this processor and operating system can run, slowest first.
  public static let available: [InstructionSet] = allCases.filter { $0.isUsable(features: .ofThisMachine) }

  /// The fastest available one, or the one that ``environmentVariable`` names.
  ///
  /// - Throws: an option error if the variable names an unknown or unavailable one.
  public static func best() throws(RoadError) -> InstructionSet {
    try chosen(getenv(environmentVariable).map { String(cString: $0) })
  }

  /// The one named, or the fastest available for nil and for the empty string.
  public static func chosen(_ name: String?) throws(RoadError) -> InstructionSet {
    guard let name, !name.isEmpty else { return available.max() ?? .reference }
    guard let named = InstructionSet(rawValue: name), available.contains(named) else {
      let problem = InstructionSet(rawValue: name) == nil ? "unknown" : "not available on this machine"
      throw RoadError(
        .option, "instruction set '\(name)' is \(problem)",
        remedy: "available: \(available.map(\.rawValue).joined(separator: ", "))")
    }
    return named
  }

  public static func < (left: InstructionSet, right: InstructionSet) -> Bool { left.speedRank < right.speedRank }

  private var speedRank: Int {
    switch self {
    case .reference: 0
    case .avx2: 1
    case .avxvnni: 2
    case .avx512vnni: 3
    case .amx: 4
    }
  }

  /// Linux' leave to use the tiles, which it gives a program that asks; threads started later have it, too.
  private static let tilesAreGranted: Bool = {
    #if arch(x86_64)
      return rv_request_tiles() == 0
    #else
      return false
    #endif
  }()

  private func isUsable(features: ProcessorFeatures) -> Bool {
    switch self {
    case .reference: true
    case .avx2: features.contains(.avx2)
    case .avxvnni: features.contains(.avxvnni)
    case .avx512vnni: features.contains(.avx512vnni)
    case .amx: features.contains(.amx) && Self.tilesAreGranted
    }
  }
}

/// What CPUID and XGETBV say (Intel SDM volume 1, chapters 14.3, 15.2 to 15.4 and 18.2).
package struct ProcessorFeatures: OptionSet {
  package let rawValue: Int
  package static let avx2 = ProcessorFeatures(rawValue: 1 << 0)
  /// AVX-512 F, BW, DQ, VL and VNNI together.
  package static let avx512vnni = ProcessorFeatures(rawValue: 1 << 1)
  /// AMX-TILE and AMX-INT8 together, beside ``avx512vnni``.
  package static let amx = ProcessorFeatures(rawValue: 1 << 2)
  /// AVX-VNNI beside ``avx2``.
  package static let avxvnni = ProcessorFeatures(rawValue: 1 << 3)

  static let ofThisMachine: ProcessorFeatures = {
    #if arch(x86_64)
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
