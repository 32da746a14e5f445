import RoadProfiler
import Testing

@Suite("Two profiles side by side") struct ProfileComparisonTests {
  @Test("what moved beyond its interval and three percent changed, in the right direction")
  func verdicts() throws {
    let comparison = ProfileComparison(
      before: try SampleProfile.profile(), after: try SampleProfile.profile(network: 3))
    #expect(comparison.stages.map(\.name) == ["whole frame", "decode JPEG", "network"])
    #expect(comparison.stages.map(\.verdict) == [.slower, .same, .slower])
    #expect(comparison.layers.map(\.verdict) == [.same, .slower])
    #expect(comparison.stages[2].ratio == 1.5)
    #expect(comparison.exitCode == 1)
    let reverse = ProfileComparison(before: try SampleProfile.profile(network: 3), after: try SampleProfile.profile())
    #expect(reverse.stages.map(\.verdict) == [.faster, .same, .faster])
    #expect(reverse.exitCode == 0)
  }

  @Test("intervals that touch, and differences below three percent, are the same")
  func noise() throws {
    let wide = ProfileComparison(
      before: try SampleProfile.profile(spread: 0.6), after: try SampleProfile.profile(network: 3, spread: 0.6))
    #expect(!wide.isSlower)
    let small = ProfileComparison(
      before: try SampleProfile.profile(spread: 0.001), after: try SampleProfile.profile(network: 2.05, spread: 0.001))
    #expect(!small.isSlower)
  }

  @Test("what no frame would notice is the same, however much it is of itself")
  func partsOfTheFrame() throws {
    func compare(_ before: Double, _ after: Double) throws -> ProfileComparison {
      ProfileComparison(
        before: try SampleProfile.profile(network: before, spread: 0.0001),
        after: try SampleProfile.profile(network: after, spread: 0.0001))
    }
    // Of a frame of 1.02 ms: 6 and 3 thousandths, then 0.5.
    let larger = try compare(0.02, 0.026)
    #expect(larger.stages.map(\.verdict) == [.same, .same, .same])
    #expect(larger.layers.map(\.verdict) == [.same, .slower])
    #expect(try compare(0.02, 0.021).layers.map(\.verdict) == [.same, .same])
  }

  @Test("two ways to the network are two set-ups; a profile without the key is of pictures")
  func preparations() throws {
    let old = try SampleProfile.profile()
    func profile(_ way: String) throws -> FrameProfile {
      try SampleProfile.read(
        SampleProfile.json().replacing(
          "\"threads\": 1,", with: "\"threads\": 1, \"preparation\": \"\(way)\",", maxReplacements: 1))
    }
    #expect(ProfileComparison(before: old, after: try profile("pictures")).doubts == [])
    let other = ProfileComparison(before: old, after: try profile("planes"))
    #expect(other.exitCode == 3 && other.doubts == ["the ways to the network differ: pictures and planes"])
  }

  @Test("layers of one side alone are named, and what forbids a conclusion is said")
  func doubts() throws {
    let comparison = ProfileComparison(
      before: try SampleProfile.profile(doubts: ["other processes used 1.00 processors"]),
      after: try SampleProfile.profile(first: "stem", repetitions: 2))
    #expect(comparison.onlyBefore == ["conv,1"])
    #expect(comparison.onlyAfter == ["stem"])
    #expect(comparison.exitCode == 3)
    #expect(comparison.doubts == ["before: other processes used 1.00 processors", "fewer than 6 repetitions"])
  }
}
