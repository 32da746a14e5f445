import RoadService
import Synchronization
import Testing

@Suite struct StateLogTests {
  private static let second: UInt64 = 1_000_000_000

  @Test("a state is told when it begins and when it ends, not each second between")
  func once() {
    let lines = Lines()
    var log = StateLog(lines, seconds: 10)
    for second in 0..<100 { log.update("disk", second < 50 ? "full" : nil, now: UInt64(second) * Self.second) }
    #expect(lines.all == ["disk: full", "disk: well again"])
  }

  @Test("what is well from the start is not told")
  func well() {
    let lines = Lines()
    var log = StateLog(lines)
    log.update("camera", nil, now: 0)
    #expect(lines.all.isEmpty)
  }

  @Test("what comes and goes is told once in the interval, and how much was not")
  func flapping() {
    let lines = Lines()
    var log = StateLog(lines, seconds: 10)
    for second in 0..<100 { log.update("camera", second % 2 == 0 ? "gone" : nil, now: UInt64(second) * Self.second) }
    #expect(lines.all.count <= 11 && lines.all.count >= 5)
    #expect(lines.all.dropFirst().allSatisfy { $0.contains("changes not logged") })
  }

  @Test("the last state is told in the end, even where the interval hid its beginning")
  func last() {
    let lines = Lines()
    var log = StateLog(lines, seconds: 10)
    log.update("camera", "gone", now: 0)
    for second in 1..<20 { log.update("camera", nil, now: UInt64(second) * Self.second) }
    #expect(lines.all.last?.hasPrefix("camera: well again") == true)
  }
}

/// A log that remembers.
private final class Lines: LogWriter {
  private let lines = Mutex<[String]>([])

  var all: [String] { lines.withLock { $0 } }
  func write(_ entry: LogEntry) { lines.withLock { $0.append(entry.message) } }
}
