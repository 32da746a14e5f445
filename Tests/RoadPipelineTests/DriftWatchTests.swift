import RoadPipeline
import Testing

@Suite struct DriftWatchTests {
  private static func learned(_ share: Double = 0.01) -> DriftWatch {
    var watch = DriftWatch()
    for _ in 0..<DriftWatch.learning { watch.look(share, road: nil, isSeen: true) }
    return watch
  }

  @Test("what is usual is learned from pictures that can be seen")
  func learning() throws {
    var watch = DriftWatch()
    for _ in 0..<200 { watch.look(0.5, road: nil, isSeen: false) }
    #expect(watch.usual == nil && watch.saturated == 0.5)
    for index in 0..<DriftWatch.learning { watch.look(index % 2 == 0 ? 0.01 : 0.03, road: nil, isSeen: true) }
    #expect(abs(try #require(watch.usual).saturated - 0.02) < 1e-12 && !watch.isRaised)
  }

  @Test("thirty looks above two and a half times the usual raise it, thirty below twice end it; others count against")
  func hysteresis() {
    var watch = Self.learned()
    for _ in 0..<29 { watch.look(0.04, road: nil, isSeen: true) }
    watch.look(0.026, road: nil, isSeen: true)
    watch.look(0.04, road: nil, isSeen: true)
    #expect(!watch.isRaised)
    watch.look(0.04, road: nil, isSeen: false)
    #expect(watch.isRaised && watch.alarms == 1)
    for _ in 0..<500 { watch.look(0.025, road: nil, isSeen: true) }
    for _ in 0..<500 { watch.look(0.04, road: nil, isSeen: true) }
    #expect(watch.isRaised && watch.alarms == 1)
    for _ in 0..<29 { watch.look(0.02, road: nil, isSeen: true) }
    #expect(watch.isRaised)
    watch.look(0.02, road: nil, isSeen: true)
    #expect(!watch.isRaised && watch.alarms == 1)
    for _ in 0..<30 { watch.look(0.04, road: nil, isSeen: true) }
    #expect(watch.isRaised && watch.alarms == 2)
  }

  @Test("one look in three, for hours, is no alarm; two in three are")
  func nowAndThen() {
    var (third, most) = (Self.learned(), Self.learned())
    for look in 0..<3000 {
      third.look(look % 3 == 0 ? 0.04 : 0.01, road: nil, isSeen: true)
      most.look(look % 3 == 0 ? 0.01 : 0.04, road: nil, isSeen: true)
    }
    #expect(third.alarms == 0 && most.isRaised && most.alarms == 1)
  }

  @Test("a network that saturates nothing is not alarmed by two per mille")
  func none() {
    var watch = Self.learned(0)
    for _ in 0..<100 { watch.look(0.002, road: nil, isSeen: true) }
    #expect(!watch.isRaised)
    for _ in 0..<30 { watch.look(0.0021, road: nil, isSeen: true) }
    #expect(watch.isRaised)
  }

  @Test("thirty looks below 0.6 of the usual confidence raise it, thirty above 0.7 end it; no road is no sign")
  func confidence() throws {
    for known in [nil, UsualActivity(saturated: 0.01, road: 50)] {
      var watch = DriftWatch(usual: known)
      if known == nil {
        for index in 0..<DriftWatch.learning { watch.look(0.01, road: index % 2 == 0 ? 50 : nil, isSeen: true) }
      }
      #expect(abs(try #require(watch.usual?.road) - 50) < 1e-9)
      for road in [nil, 31, 255] as [Double?] {
        for _ in 0..<100 { watch.look(0.01, road: road, isSeen: true) }
      }
      for _ in 0..<29 { watch.look(0.01, road: 29, isSeen: true) }
      #expect(!watch.isRaised)
      watch.look(0.01, road: 29, isSeen: true)
      #expect(watch.isRaised)
      for _ in 0..<100 { watch.look(0.01, road: 34, isSeen: true) }
      #expect(watch.isRaised)
      for _ in 0..<30 { watch.look(0.01, road: 36, isSeen: true) }
      #expect(!watch.isRaised && watch.alarms == 1)
    }
  }

  @Test("a network whose confidence varies less is doubted earlier, and calm later")
  func doubtful() {
    var watch = DriftWatch(usual: UsualActivity(saturated: 0.01, road: 100, doubtful: 0.8))
    for _ in 0..<100 { watch.look(0.01, road: 80.1, isSeen: true) }
    #expect(!watch.isRaised)
    for _ in 0..<30 { watch.look(0.01, road: 79.9, isSeen: true) }
    #expect(watch.isRaised)
    for _ in 0..<100 { watch.look(0.01, road: 84.9, isSeen: true) }
    #expect(watch.isRaised)
    for _ in 0..<30 { watch.look(0.01, road: 85.1, isSeen: true) }
    #expect(!watch.isRaised)
  }

  @Test("what is usual of pictures is their mean, but three of a hundred that stand out are spared the alarm")
  func ofPictures() throws {
    func usual(_ outliers: Int) throws -> UsualActivity {
      let shares = [Double](repeating: 0.2, count: outliers) + [Double](repeating: 0.01, count: 100 - outliers)
      return try #require(UsualActivity(shares: shares, roads: [Double](repeating: 60, count: 50)))
    }
    #expect(abs(try usual(2).saturated - 0.0138) < 1e-12)
    #expect(abs(try usual(3).saturated - 0.0792) < 1e-12)
    var watch = try DriftWatch(usual: usual(3))
    for _ in 0..<100 { watch.look(0.2, road: 60, isSeen: true) }
    #expect(!watch.isRaised)
    for _ in 0..<30 { watch.look(0.2001, road: 60, isSeen: true) }
    #expect(watch.isRaised)
  }

  @Test("without road in half of the pictures nobody knows how sure a network is; without pictures, nothing")
  func ofFewPictures() {
    #expect(UsualActivity(shares: [0.01, 0.01], roads: [60])?.road == 60)
    #expect(UsualActivity(shares: [0.01, 0.01, 0.01], roads: [60])?.road == nil)
    #expect(UsualActivity(shares: [], roads: []) == nil)
    #expect(UsualActivity(shares: [0.01, 0.01], roads: [20, 80])?.doubtful == 0.5)
  }

  @Test("what was calibrated is known from the first look on")
  func known() {
    var watch = DriftWatch(usual: UsualActivity(saturated: 0.02, road: nil))
    for _ in 0..<29 { watch.look(0.063, road: 1, isSeen: false) }
    #expect(!watch.isRaised)
    watch.look(0.063, road: 1, isSeen: false)
    #expect(watch.isRaised && watch.usual?.saturated == 0.02)
  }
}
