import CPerformanceCounters
import Glibc

/// What the processor's own counters say of one frame through the network, all threads together, user space only.
public struct CounterReport: Hashable, Sendable, Codable {
  public var cyclesPerFrame: Double
  public var instructionsPerFrame: Double
  /// Of the last-level cache.
  public var cacheMissesPerFrame: Double
  public var instructionsPerCycle: Double
}

/// Counters of cycles, instructions and cache misses (perf_event_open(2)); nil where the kernel gives none, as in most
/// virtual machines and where `kernel.perf_event_paranoid` is above 2.
public final class HardwareCounters {
  private let descriptors: [Int32]

  /// Counts this thread and every thread made after this: make it before the engine.
  public init?() {
    let opened = [road_event_cycles, road_event_instructions, road_event_cache_misses].map(road_hardware_counter)
    guard opened.allSatisfy({ $0 >= 0 }) else {
      for descriptor in opened where descriptor >= 0 { close(descriptor) }
      return nil
    }
    descriptors = opened
  }

  deinit { for descriptor in descriptors { close(descriptor) } }

  /// Cycles, instructions and cache misses since the start.
  private func values() -> [UInt64] {
    descriptors.map { descriptor in
      var value: UInt64 = 0
      return withUnsafeMutableBytes(of: &value) { read(descriptor, $0.baseAddress, $0.count) } == 8 ? value : 0
    }
  }

  /// Counts while `body` runs `frames` frames.
  func measure(frames: Int, _ body: () -> Void) -> CounterReport? {
    let before = values()
    body()
    let counts = zip(values(), before).map { $0 >= $1 ? Double($0 - $1) : 0 }
    guard counts[0] > 0 else { return nil }
    let frames = Double(max(frames, 1))
    return CounterReport(
      cyclesPerFrame: counts[0] / frames, instructionsPerFrame: counts[1] / frames,
      cacheMissesPerFrame: counts[2] / frames, instructionsPerCycle: counts[1] / counts[0])
  }
}
