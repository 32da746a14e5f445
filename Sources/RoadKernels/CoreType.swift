import CVectorUnit
import Glibc

/// What one processor core is like, apart from its instruction set: every Arm core has another. The plan's budgets
/// follow from it; the bytes that come out do not.
public struct CoreType: Hashable, Sendable {
  /// "Cortex-A72", ...; "x86-64" or "unknown" where nothing is known of it.
  public var name: String
  /// Bytes of the first-level data cache.
  public var level1: Int
  /// Bytes of the second-level cache that one core may count on: its share where cores share one.
  public var level2: Int
  /// Whether it waits for each instruction in its turn, so that only the compiler hides latencies.
  public var isInOrder: Bool

  public init(name: String, level1: Int, level2: Int, isInOrder: Bool) {
    self.name = name
    self.level1 = level1
    self.level2 = level2
    self.isInOrder = isInOrder
  }

  /// Bytes that a thread's strips may take of the second-level cache; the rest is for weights and for what goes in and
  /// out.
  ///
  /// - Parameter instructionSet: tiles want long work, and every processor with tiles has 2 MB a core.
  public func stripBudget(for instructionSet: InstructionSet) -> Int {
    instructionSet == .amx ? 768 << 10 : min(max(level2 * 3 / 8, 64 << 10), 192 << 10)
  }

  /// Multiply-accumulates and bytes of a chunk: what a core does in some ten microseconds.
  public var chunkMultiplyAccumulates: Int { isInOrder ? 250_000 : 1_000_000 }
  public var chunkBytes: Int { isInOrder ? 50_000 : 100_000 }

  /// Looks at the job board before a worker starts to yield: about 50 µs.
  public var spinLooks: Int { isInOrder ? 1500 : 4000 }

  /// Of the cores that the threads run on: the fastest kind of this machine.
  public static let ofThisMachine: CoreType = cores.first?.type ?? .unknown

  /// Where nothing is known: what serves a desktop since 2013.
  static let unknown = CoreType(name: "unknown", level1: 32 << 10, level2: 512 << 10, isInOrder: false)
}

extension CoreType {
  /// The cores that this process may run on, the fastest kind first, those of a kind together.
  public static let cores = cores(allowed: allowedCores())

  /// - Parameters:
  ///   - allowed: numbers of cores.
  ///   - root: folder with /proc and /sys; for tests.
  package static func cores(allowed: [Int], root: String = "") -> [(number: Int, type: CoreType)] {
    let parts = Self.parts(cpuinfo: contents(root + "/proc/cpuinfo"))
    let cores = allowed.map { number in
      let folder = "\(root)/sys/devices/system/cpu/cpu\(number)"
      let capacity = Int(contents(folder + "/cpu_capacity").trimmed) ?? 0
      return (number: number, type: described(parts[number], folder), capacity: capacity)
    }
    // The kernel's capacity of a core may differ within a kind: a kind goes by its fastest.
    var fastest: [String: Int] = [:]
    for core in cores { fastest[core.type.name] = max(fastest[core.type.name] ?? 0, core.capacity) }
    func rank(_ core: (number: Int, type: CoreType, capacity: Int)) -> (Int, Int, String, Int) {
      (-(fastest[core.type.name] ?? 0), core.type.isInOrder ? 1 : 0, core.type.name, core.number)
    }
    return cores.sorted { rank($0) < rank($1) }.map { ($0.number, $0.type) }
  }

  /// The number of a core → its implementer and part, of /proc/cpuinfo of an Arm Linux.
  package static func parts(cpuinfo: String) -> [Int: (implementer: Int, part: Int)] {
    var result: [Int: (implementer: Int, part: Int)] = [:]
    var (core, implementer) = (0, 0)
    for line in cpuinfo.split(separator: "\n") {
      let fields = line.split(separator: ":", maxSplits: 1).map { String($0).trimmed }
      guard fields.count == 2 else { continue }
      switch fields[0] {
      case "processor": core = Int(fields[1]) ?? core
      case "CPU implementer": implementer = hexadecimal(fields[1])
      case "CPU part": result[core] = (implementer, hexadecimal(fields[1]))
      default: break
      }
    }
    return result
  }

  /// The part's own caches where the kernel does not list them.
  private static func described(_ part: (implementer: Int, part: Int)?, _ folder: String) -> CoreType {
    var type = part.flatMap { known[$0.implementer << 12 | $0.part] } ?? unknown
    if let part, type.name == unknown.name { type.name = "part \(hexadecimal(part.implementer << 12 | part.part))" }
    #if arch(x86_64)
      if part == nil { type.name = "x86-64" }
    #endif
    for index in 0..<8 {
      let cache = "\(folder)/cache/index\(index)"
      guard let level = Int(contents(cache + "/level").trimmed), contents(cache + "/type").trimmed != "Instruction",
        let size = bytes(contents(cache + "/size").trimmed), size > 0
      else { continue }
      let sharing = max(Self.count(contents(cache + "/shared_cpu_list").trimmed), 1)
      if level == 1 { type.level1 = size }
      // Two threads of one core share it without harm: they are rarely both ours.
      if level == 2 { type.level2 = sharing <= 2 ? size : size / sharing }
    }
    return type
  }

  /// Implementer · 2^12 + part → core (Linux' arch/arm64/include/asm/cputype.h). Caches are the commonest of boards.
  private static let known: [Int: CoreType] = [
    0x41D03: CoreType(name: "Cortex-A53", level1: 32 << 10, level2: 128 << 10, isInOrder: true),
    0x41D04: CoreType(name: "Cortex-A35", level1: 32 << 10, level2: 128 << 10, isInOrder: true),
    0x41D05: CoreType(name: "Cortex-A55", level1: 32 << 10, level2: 128 << 10, isInOrder: true),
    0x41D07: CoreType(name: "Cortex-A57", level1: 32 << 10, level2: 512 << 10, isInOrder: false),
    0x41D08: CoreType(name: "Cortex-A72", level1: 32 << 10, level2: 256 << 10, isInOrder: false),
    0x41D09: CoreType(name: "Cortex-A73", level1: 32 << 10, level2: 256 << 10, isInOrder: false),
    0x41D0A: CoreType(name: "Cortex-A75", level1: 64 << 10, level2: 256 << 10, isInOrder: false),
    0x41D0B: CoreType(name: "Cortex-A76", level1: 64 << 10, level2: 512 << 10, isInOrder: false),
    0x41D0C: CoreType(name: "Neoverse-N1", level1: 64 << 10, level2: 1 << 20, isInOrder: false),
    0x41D0D: CoreType(name: "Cortex-A77", level1: 64 << 10, level2: 512 << 10, isInOrder: false),
    0x41D40: CoreType(name: "Neoverse-V1", level1: 64 << 10, level2: 1 << 20, isInOrder: false),
    0x41D41: CoreType(name: "Cortex-A78", level1: 64 << 10, level2: 512 << 10, isInOrder: false),
    0x41D42: CoreType(name: "Cortex-A78AE", level1: 64 << 10, level2: 256 << 10, isInOrder: false),
    0x41D46: CoreType(name: "Cortex-A510", level1: 32 << 10, level2: 128 << 10, isInOrder: true),
    0x41D47: CoreType(name: "Cortex-A710", level1: 64 << 10, level2: 512 << 10, isInOrder: false),
    0x41D49: CoreType(name: "Neoverse-N2", level1: 64 << 10, level2: 1 << 20, isInOrder: false),
    0x41D4D: CoreType(name: "Cortex-A715", level1: 64 << 10, level2: 512 << 10, isInOrder: false),
    0x41D80: CoreType(name: "Cortex-A520", level1: 32 << 10, level2: 256 << 10, isInOrder: true),
    0x41D81: CoreType(name: "Cortex-A720", level1: 64 << 10, level2: 512 << 10, isInOrder: false),
  ]
}

// MARK: Reading

private func allowedCores() -> [Int] {
  var mask = [UInt8](repeating: 0, count: 1024)
  let count = rv_allowed_cores(&mask, UInt(mask.count))
  guard count > 0 else { return [] }
  return (0..<count * 8).filter { mask[$0 / 8] >> UInt8($0 % 8) & 1 == 1 }
}

extension CoreType {
  /// Lets the calling thread, and those it starts from now on, run on these cores only.
  ///
  /// - Returns: false, with nothing changed, where the system refuses.
  @discardableResult
  public static func run(on cores: [Int]) -> Bool {
    var mask = [UInt8](repeating: 0, count: 1024)
    for core in cores where (0..<mask.count * 8).contains(core) { mask[core / 8] |= 1 << UInt8(core % 8) }
    return !cores.isEmpty && rv_allow_cores(mask, UInt(mask.count)) == 0
  }
}

/// Of a small file of the kernel's; empty where there is none.
private func contents(_ path: String) -> String {
  let file = open(path, O_RDONLY | O_CLOEXEC)
  guard file >= 0 else { return "" }
  defer { close(file) }
  var result: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 4096)
  while result.count < 1 << 20 {
    let count = read(file, &chunk, chunk.count)
    guard count > 0 else { break }
    result += chunk[0..<count]
  }
  return String(decoding: result, as: UTF8.self)
}

private func hexadecimal(_ number: Int) -> String { "0x" + String(number, radix: 16) }

private func hexadecimal(_ text: String) -> Int { Int(text.dropFirst(text.hasPrefix("0x") ? 2 : 0), radix: 16) ?? 0 }

/// "512K", "2M".
private func bytes(_ text: String) -> Int? {
  if text.hasSuffix("K") { return Int(text.dropLast()).map { $0 << 10 } }
  if text.hasSuffix("M") { return Int(text.dropLast()).map { $0 << 20 } }
  return Int(text)
}

extension CoreType {
  /// Numbers in a list such as "0-3,6".
  package static func count(_ list: String) -> Int {
    list.split(separator: ",").reduce(0) { sum, part in
      let ends = part.split(separator: "-").compactMap { Int($0) }
      return sum + (ends.count == 2 ? max(ends[1] - ends[0] + 1, 0) : ends.count)
    }
  }
}

extension String {
  fileprivate var trimmed: String {
    let isSpace: (Character) -> Bool = \.isWhitespace
    return String(drop(while: isSpace).reversed().drop(while: isSpace).reversed())
  }
}
