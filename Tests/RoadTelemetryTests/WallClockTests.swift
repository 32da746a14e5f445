import Foundation
import RoadTelemetry
import Testing

@Suite struct WallClockTests {
  @Test func theTimeOfDayIsWrittenAsISO8601() {
    #expect(WallClock.now().wholeMatch(of: /20\d\d-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-6]\d\.\d{3}Z/) != nil)
  }

  /// Leap days, the ends of years, and a second of every month of 80 years.
  @Test func secondsAreWrittenAsFoundationWritesThem() {
    let edges = [0, 951_782_399, 951_782_400, 1_709_251_199, 1_709_251_200, 1_767_225_599, 1_767_225_600]
    for second in edges + (0..<960).map({ $0 * 2_629_746 + 86_399 }) {
      let wanted = Date(timeIntervalSince1970: Double(second)).formatted(.iso8601)
      #expect(WallClock.text(ofSecond: second) == wanted)
    }
  }
}
