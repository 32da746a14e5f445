/// Which cores the computing threads run on, where a processor has more than one kind (big.LITTLE): the slow ones
/// would hold up the fast ones, since every layer waits for its last chunk. Capture, drawing and disk go where the
/// system puts them.
public struct CorePlacement: Hashable, Sendable, CustomStringConvertible {
  /// Numbers of the cores, ascending; empty for wherever the system puts the threads.
  public var cores: [Int]
  /// Of ``cores``, the fastest first.
  public var kinds: [String]

  /// Wherever the system puts them.
  public static let anywhere = CorePlacement(cores: [], kinds: [])

  /// The fastest kinds that have a core for each thread. All cores, or all alike: anywhere.
  ///
  /// - Parameter cores: that the process may run on, the fastest kind first, as ``CoreType/cores`` has them.
  public init(threads: Int, among cores: [(number: Int, type: CoreType)]) {
    var (numbers, kinds): ([Int], [String]) = ([], [])
    for core in cores {
      if kinds.last != core.type.name {
        if numbers.count >= threads { break }
        kinds.append(core.type.name)
      }
      numbers.append(core.number)
    }
    self = numbers.count == cores.count ? .anywhere : CorePlacement(cores: numbers.sorted(), kinds: kinds)
  }

  private init(cores: [Int], kinds: [String]) {
    self.cores = cores
    self.kinds = kinds
  }

  /// The calling thread runs there from now on. Where the system refuses, it stays where it was: slower, not wrong.
  @discardableResult
  public func place() -> Bool { cores.isEmpty || CoreType.run(on: cores) }

  /// "cores 4-7 (Cortex-A76)"; empty for anywhere.
  public var description: String {
    guard !cores.isEmpty else { return "" }
    var ranges: [ClosedRange<Int>] = []
    for core in cores {
      if let last = ranges.last, last.upperBound == core - 1 {
        ranges[ranges.count - 1] = last.lowerBound...core
      } else {
        ranges.append(core...core)
      }
    }
    let names = ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
    return "core\(cores.count == 1 ? "" : "s") \(names.joined(separator: ",")) (\(kinds.joined(separator: ", ")))"
  }
}
