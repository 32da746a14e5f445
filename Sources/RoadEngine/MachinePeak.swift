import RoadBase
import RoadKernels

/// What this machine's vector unit can do at most: every layer's speed is told as a share of it.
///
/// Measured, not looked up: the instruction set's fastest multiply-accumulate in registers only, on as many threads as the
/// engine runs. On a machine whose cores are busy elsewhere the best of many turns, each shorter than a time slice,
/// comes closest.
public struct MachinePeak: Hashable, Sendable, Codable {
  /// Multiply-accumulates a second, in units of 10^9, all threads together.
  public var gigaMultiplyAccumulates: Double
  public var threads: Int
  public var instructionSet: String

  /// Takes about 100 ms on an idle machine.
  public static func measure(_ instructionSet: InstructionSet, pool: WorkerPool) -> MachinePeak {
    let loop = KernelSet.of(instructionSet).peakLoop
    let turns = calibratedTurns(loop)
    let done = UnsafeMutableBufferPointer<Int>.allocate(capacity: pool.threads)
    done.initialize(repeating: 0)
    defer { done.deallocate() }
    var best = 0.0
    for _ in 0..<200 {
      let start = MonotonicClock.now()
      pool.run(chunks: pool.threads) { chunk, _ in done[chunk] = loop(turns) }
      best = max(best, Double(done.reduce(0, +)) / Double(max(MonotonicClock.now() - start, 1)))
    }
    return MachinePeak(
      gigaMultiplyAccumulates: best, threads: pool.threads, instructionSet: instructionSet.rawValue)
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
