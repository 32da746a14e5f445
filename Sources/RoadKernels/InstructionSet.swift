import CVectorUnit
import Glibc
import RoadBase
import Synchronization

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
  /// Every 64-bit Arm.
  case neon
  /// The 8-bit dot product: Cortex-A55, A76 and later (Raspberry Pi 5, RK3588, Jetson Orin).
  case neondot
  /// 8-bit products of matrices: Cortex-A510, A710, Neoverse V1 and later.
  case neoni8mm

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

  /// From now on the reference is the only choice: the vector kernels gave wrong bytes on this machine. To be called
  /// before any network is planned.
  public static func fallBackToReference() { isDistrusted.store(true, ordering: .relaxed) }

  private static let isDistrusted = Atomic<Bool>(false)

  /// The one named, or the fastest available for nil and for the empty string.
  public static func chosen(_ name: String?) throws(RoadError) -> InstructionSet {
    try chosen(name, isDistrusted: isDistrusted.load(ordering: .relaxed))
  }

  package static func chosen(_ name: String?, isDistrusted: Bool) throws(RoadError) -> InstructionSet {
    guard let name, !name.isEmpty else { return isDistrusted ? .reference : available.max() ?? .reference }
    guard let named = InstructionSet(rawValue: name), available.contains(named) else {
      let problem = InstructionSet(rawValue: name) == nil ? "unknown" : "not available on this machine"
      throw RoadError(
        .option, "instruction set '\(name)' is \(problem)",
        remedy: "available: \(available.map(\.rawValue).joined(separator: ", "))")
    }
    return isDistrusted ? .reference : named
  }

  public static func < (left: InstructionSet, right: InstructionSet) -> Bool { left.speedRank < right.speedRank }

  private var speedRank: Int {
    switch self {
    case .reference: 0
    case .avx2: 1
    case .avxvnni: 2
    case .avx512vnni: 3
    case .amx: 4
    case .neon: 5
    case .neondot: 6
    case .neoni8mm: 7
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
    case .neon: features.contains(.neon)
    case .neondot: features.contains(.neondot)
    case .neoni8mm: features.contains(.neoni8mm)
    }
  }
}
