import RoadBase
import Testing

@Suite struct RescalingTests {
  /// Of integers, in exact fractions.
  @Test("means go to nearest, ties to even")
  func means() {
    for count in 1...200 {
      let rule = Rescaling(scale: 1 / Double(count), zeroPoint: 113, tiesToEven: true)
      for sum in stride(from: -100 * count, through: 100 * count, by: 7) {
        let twice = 2 * sum + count
        var steps = Int((Double(twice) / Double(2 * count)).rounded(.down))
        if twice == 2 * count * steps, steps & 1 == 1 { steps -= 1 }
        #expect(rule.apply(sum) == UInt8(steps + 113), "\(sum) / \(count)")
      }
      let half = Rescaling(scale: 1 / Double(2 * count), zeroPoint: 113, tiesToEven: true)
      for steps in -50...50 {
        let expected = steps & 1 == 1 ? steps - 1 : steps
        #expect(half.apply((2 * steps - 1) * count) == UInt8(expected + 113), "a half under \(steps), of \(2 * count)")
      }
    }
  }
}
