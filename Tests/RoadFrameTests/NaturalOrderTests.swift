import RoadFrame
import Testing

@Suite("Natural order")
struct NaturalOrderTests {
  @Test("numbers count as numbers, other bytes by value")
  func order() {
    let sorted = ["", "9", "10", "a", "a1", "a2b", "a2c", "a010", "a10b", "a99999999999999999999", "b"]
    #expect(sorted.shuffled().sorted(by: NaturalOrder.precedes) == sorted)
    #expect(!NaturalOrder.precedes("a1", "a1"))
    #expect(
      NaturalOrder.precedes("a01", "a1") != NaturalOrder.precedes("a1", "a01"), "leading zeros: one before the other")
  }
}
