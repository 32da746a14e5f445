import RoadProfiler
import Testing

@Suite("Two profiles side by side") struct ProfileComparisonTests {
  @Test("what moved beyond its interval and two percent changed, in the right direction")
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

  @Test("intervals that touch, and differences below two percent, are the same")
  func noise() throws {
    let wide = ProfileComparison(
      before: try SampleProfile.profile(spread: 0.6), after: try SampleProfile.profile(network: 3, spread: 0.6))
    #expect(!wide.isSlower)
    let small = ProfileComparison(
      before: try SampleProfile.profile(spread: 0.001), after: try SampleProfile.profile(network: 2.03, spread: 0.001))
    #expect(!small.isSlower)
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
