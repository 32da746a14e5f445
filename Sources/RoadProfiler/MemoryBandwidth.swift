import Foundation
import RoadBase
import RoadEngine

/// What this machine's memory can do at most, measured in the same run as the layers: bytes copied a second, read and
/// written counted, all threads together. The kernel of STREAM's "copy" (McCalpin 1995), by the C library's `memcpy`.
public struct MemoryBandwidth: Hashable, Sendable, Codable {
  /// Between two blocks of 96 KiB a thread, which lie in the second-level cache; units of 10^9 bytes a second.
  public var levelTwoGigabytes: Double
  /// Between two blocks of 32 MiB a thread, which lie in no cache of a small board.
  public var memoryGigabytes: Double
  /// Of the second-level cache of one core, in bytes, as the kernel says it; 512 KiB where it does not.
  public var levelTwoBytes: Int

  /// Takes about a quarter of a second.
  public static func measure(pool: WorkerPool) -> MemoryBandwidth {
    MemoryBandwidth(
      levelTwoGigabytes: copyRate(bytes: 96 << 10, rounds: 200, pool: pool),
      memoryGigabytes: copyRate(bytes: 32 << 20, rounds: 6, pool: pool),
      levelTwoBytes: levelTwoCacheBytes())
  }

  /// The best of `rounds`, each long enough for the clock.
  private static func copyRate(bytes: Int, rounds: Int, pool: WorkerPool) -> Double {
    let blocks = (0..<pool.threads).map { _ in CopyBlocks(bytes: bytes) }
    let copies = max(1, (1 << 21) / bytes)
    var best = 0.0
    for _ in 0..<rounds {
      let start = MonotonicClock.now()
      pool.run(chunks: blocks.count) { block, _ in blocks[block].copy(times: copies) }
      let nanoseconds = Double(max(MonotonicClock.now() - start, 1))
      best = max(best, Double(2 * bytes * copies * blocks.count) / nanoseconds)
    }
    return best
  }

  private static func levelTwoCacheBytes() -> Int {
    let text = try? String(contentsOfFile: "/sys/devices/system/cpu/cpu0/cache/index2/size", encoding: .utf8)
    let digits = text?.prefix { $0.isNumber } ?? ""
    guard let size = Int(digits), size > 0 else { return 512 << 10 }
    return text?.contains("M") == true ? size << 20 : size << 10
  }
}

/// Two blocks of one thread.
private final class CopyBlocks: @unchecked Sendable {
  private let bytes: Int
  private let memory: UnsafeMutableRawPointer

  init(bytes: Int) {
    self.bytes = bytes
    memory = .allocate(byteCount: 2 * bytes, alignment: 4096)
    memory.initializeMemory(as: UInt8.self, repeating: 1, count: 2 * bytes)
  }

  deinit { memory.deallocate() }

  func copy(times: Int) {
    for _ in 0..<times { (memory + bytes).copyMemory(from: memory, byteCount: bytes) }
  }
}
