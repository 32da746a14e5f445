import RoadBase
import RoadKernels

/// What this machine's vector unit can do at most: every layer's speed is told as a share of it.
///
/// Measured, not looked up: the instruction set's fastest multiply-accumulate in registers only, on as many threads as
/// the engine runs. On a machine whose cores are busy elsewhere the best of many turns, each shorter than a time slice,
/// comes closest.
public struct MachinePeak: Hashable, Sendable, Codable {
  /// Multiply-accumulates a second, in units of 10^9, all threads together.
  public var gigaMultiplyAccumulates: Double
  public var threads: Int
  public var instructionSet: String

  /// Of several measurements, how far the highest and lowest lie from the median, as a share of it.
  public var spread: Double
  /// Whether the measurements agree, and all threads together are not faster than each alone; else shares of the peak
  /// are doubtful.
  public var isSure: Bool

  /// What measurements may differ by.
  private static let allowedSpread = 0.1
  private static let rounds = 7

  /// Takes about 150 ms on an idle machine.
  public static func measure(_ instructionSet: InstructionSet, pool: WorkerPool) -> MachinePeak {
    let loop = KernelSet.of(instructionSet).peakLoop
    let turns = calibratedTurns(loop)
    // A single turn may look fast by a clock that was read late; of many rounds' bests the median does not.
    let together = (0..<rounds).map { _ in best(of: 30, loop, turns, pool, threads: pool.threads) }.sorted()
    let alone = (0..<rounds).map { _ in best(of: 10, loop, turns, pool, threads: 1) }.sorted()[rounds / 2]
    let median = together[rounds / 2]
    let spread = (together[rounds - 1] - together[0]) / max(median, 1e-9)
    let isPlausible = median <= alone * Double(pool.threads) * (1 + allowedSpread)
    return MachinePeak(
      gigaMultiplyAccumulates: isPlausible ? median : alone * Double(pool.threads), threads: pool.threads,
      instructionSet: instructionSet.rawValue, spread: spread, isSure: isPlausible && spread <= allowedSpread)
  }

  /// Multiply-accumulates a nanosecond of the fastest turn.
  private static func best(
    of count: Int, _ loop: (Int) -> Int, _ turns: Int, _ pool: WorkerPool, threads: Int
  ) -> Double {
    let done = UnsafeMutableBufferPointer<Int>.allocate(capacity: threads)
    done.initialize(repeating: 0)
    defer { done.deallocate() }
    var best = 0.0
    for _ in 0..<count {
      let start = MonotonicClock.now()
      pool.run(chunks: threads) { chunk, _ in done[chunk] = loop(turns) }
      best = max(best, Double(done.reduce(0, +)) / Double(max(MonotonicClock.now() - start, 1)))
    }
    return best
  }

  /// As many turns as fill about half a millisecond.
  private static func calibratedTurns(_ loop: (Int) -> Int) -> Int {
    var turns = 1000
    while turns < 1 << 30 {
      let start = MonotonicClock.now()
      _ = loop(turns)
      if MonotonicClock.now() - start > 500_000 { break }
      turns *= 2
    }
    return turns
  }
}
