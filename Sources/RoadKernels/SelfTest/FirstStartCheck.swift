import Glibc
import RoadBase

/// The self-test at the first start of a version on a machine, remembered in a folder. What fails is not remembered: it
/// is tested and told again at each start.
public struct FirstStartCheck: Sendable {
  private let folder: String?
  private let version: String
  private let test: @Sendable (KernelSet) -> [String]
  private let fallBack: @Sendable () -> Void

  /// - Parameters:
  ///   - folder: where the outcome is kept; nil for nowhere.
  ///   - version: of the program: another one is tested anew.
  ///   - test: gives the kernels that are wrong; another one in tests.
  ///   - fallBack: makes the reference run; another one in tests, for it holds for the whole process.
  public init(
    folder: String? = FirstStartCheck.usualFolder, version: String = SoftwareVersion.text,
    test: @escaping @Sendable (KernelSet) -> [String] = { KernelSelfTest.mismatches(of: $0) },
    fallBack: @escaping @Sendable () -> Void = { InstructionSet.fallBackToReference() }
  ) {
    self.fallBack = fallBack
    self.folder = folder
    self.version = version
    self.test = test
  }

  /// Where systemd, or else the user, wants such things: `$CACHE_DIRECTORY`, `$XDG_CACHE_HOME/roadseg`,
  /// `~/.cache/roadseg`.
  public static var usualFolder: String? {
    func variable(_ name: String) -> String? {
      getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
    if let own = variable("CACHE_DIRECTORY") { return String(own.prefix { $0 != ":" }) }
    if let cache = variable("XDG_CACHE_HOME") { return "\(cache)/roadseg" }
    return variable("HOME").map { "\($0)/.cache/roadseg" }
  }

  /// Tests the instruction set that would run, unless it is known to be right here.
  ///
  /// - Returns: nil where it is right. Else what is wrong, for people, once it was arranged that the reference runs in
  ///   its place: to be called before any network is planned.
  public func run() throws(RoadError) -> String? {
    let best = try InstructionSet.best()
    guard best != .reference, !isKnown(best) else { return nil }
    let wrong = test(.of(best))
    guard wrong.isEmpty else {
      fallBack()
      return """
        WRONG RESULTS of this machine's \(best.rawValue) kernels (\(wrong.joined(separator: ", "))): the plain \
        reference runs in their place, correct and many times slower; run roadseg doctor, and report it with its output
        """
    }
    remember(best)
    return nil
  }

  private func path(_ set: InstructionSet) -> String? { folder.map { "\($0)/self-test-\(set.rawValue)" } }

  /// What a remembered test holds for: version, processor, its microcode.
  private var about: String {
    let wanted = ["model name", "microcode", "CPU part", "CPU revision"]
    var lines: [String] = []
    // Of the first processor; the file has no size.
    withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
      let count = System.readSmall("/proc/cpuinfo", into: buffer) ?? 0
      let text = String(decoding: buffer.prefix(count), as: UTF8.self)
      for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
        if line.isEmpty { break }
        if wanted.contains(where: { line.hasPrefix($0) }) { lines.append(String(line)) }
      }
    }
    return ([version] + lines).joined(separator: "\n") + "\n"
  }

  private func isKnown(_ set: InstructionSet) -> Bool {
    guard let path = path(set), access(path, R_OK) == 0 else { return false }
    guard let bytes = try? FileInput.read(path, as: .option, limit: 1 << 16) else { return false }
    return String(decoding: bytes, as: UTF8.self) == about
  }

  /// Where that is not possible it is tested again: it takes some milliseconds.
  private func remember(_ set: InstructionSet) {
    guard let folder, let path = path(set) else { return }
    do throws(RoadError) {
      try FileOutput.makeFolder(folder)
      try FileOutput.write(about, to: path)
    } catch {}
  }
}
