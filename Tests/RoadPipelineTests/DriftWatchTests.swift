import RoadPipeline
import Testing

@Suite struct DriftWatchTests {
  private static func learned(_ share: Double = 0.01) -> DriftWatch {
    var watch = DriftWatch()
    for _ in 0..<DriftWatch.learning { watch.look(share, isSeen: true) }
    return watch
  }

  @Test("what is usual is learned from pictures that can be seen")
  func learning() throws {
    var watch = DriftWatch()
    for _ in 0..<200 { watch.look(0.5, isSeen: false) }
    #expect(watch.usual == nil && watch.saturated == 0.5)
    for index in 0..<DriftWatch.learning { watch.look(index % 2 == 0 ? 0.01 : 0.03, isSeen: true) }
    #expect(abs(try #require(watch.usual) - 0.02) < 1e-12 && !watch.isRaised)
  }

  @Test("thirty looks above three times the usual raise it once, thirty below twice end it; others do neither")
  func hysteresis() {
    var watch = Self.learned()
    for _ in 0..<29 { watch.look(0.04, isSeen: true) }
    watch.look(0.031, isSeen: true)
    for _ in 0..<29 { watch.look(0.04, isSeen: true) }
    #expect(!watch.isRaised)
    watch.look(0.04, isSeen: false)
    #expect(watch.isRaised && watch.alarms == 1)
    for _ in 0..<500 { watch.look(0.025, isSeen: true) }
    for _ in 0..<500 { watch.look(0.04, isSeen: true) }
    #expect(watch.isRaised && watch.alarms == 1)
    for _ in 0..<29 { watch.look(0.02, isSeen: true) }
    #expect(watch.isRaised)
    watch.look(0.02, isSeen: true)
    #expect(!watch.isRaised && watch.alarms == 1)
    for _ in 0..<30 { watch.look(0.04, isSeen: true) }
    #expect(watch.isRaised && watch.alarms == 2)
  }

  @Test("a network that saturates nothing is not alarmed by two per mille")
  func none() {
    var watch = Self.learned(0)
    for _ in 0..<100 { watch.look(0.002, isSeen: true) }
    #expect(!watch.isRaised)
    for _ in 0..<30 { watch.look(0.0021, isSeen: true) }
    #expect(watch.isRaised)
  }
}
