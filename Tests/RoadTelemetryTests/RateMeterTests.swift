import RoadTelemetry
import Testing

@Suite struct RateMeterTests {
  private static let second: UInt64 = 1_000_000_000

  @Test func tellsTheRateOfASteadyStream() throws {
    let meter = RateMeter()
    for frame in 0..<100 { meter.record(.delivered, at: UInt64(frame) * Self.second / 25) }
    let rates = meter.rates(now: 99 * Self.second / 25)
    #expect(abs(try #require(rates.delivered) - 25) < 1e-6)
    #expect(rates.shown == nil)
  }

  /// A camera of 30 whose every third frame alone arrives is still a camera of 30.
  @Test func countsFramesThatNeverArrived() throws {
    let meter = RateMeter()
    for frame in 0..<60 { meter.record(.camera, at: UInt64(frame) * Self.second / 10, frames: 3) }
    #expect(abs(try #require(meter.rates(now: 59 * Self.second / 10).camera) - 30) < 1e-6)
  }

  @Test func forgetsWhatLiesBeforeTheWindow() throws {
    let meter = RateMeter(window: Self.second)
    var time: UInt64 = 0
    for _ in 0..<100 {
      time += Self.second / 100
      meter.record(.shown, at: time)
    }
    for _ in 0..<20 {
      time += Self.second / 10
      meter.record(.shown, at: time)
    }
    #expect(abs(try #require(meter.rates(now: time).shown) - 10) < 1e-6)
  }

  @Test func fallsAndReachesZeroWhenFramesStop() throws {
    let meter = RateMeter()
    for frame in 0..<50 { meter.record(.shown, at: UInt64(frame) * Self.second / 50) }
    let last = 49 * Self.second / 50
    let half = try #require(meter.rates(now: last + Self.second / 2).shown)
    #expect(half > 25 && half < 40)
    #expect(meter.rates(now: last + 3 * Self.second).shown == 0)
  }

  /// A frame every five seconds is 0.2 a second, not none.
  @Test func tellsRatesBelowOneAWindow() throws {
    let meter = RateMeter()
    for frame in 1...3 { meter.record(.inferred, at: UInt64(frame) * 5 * Self.second) }
    #expect(abs(try #require(meter.rates(now: 16 * Self.second).inferred) - 0.2) < 1e-6)
    #expect(abs(try #require(meter.rates(now: 25 * Self.second).inferred) - 0.1) < 1e-6)
    #expect(meter.rates(now: 80 * Self.second).inferred == 0)
  }

  @Test func staysRightWhenMoreEventsComeThanItRemembers() throws {
    let meter = RateMeter()
    for frame in 0..<5_000 { meter.record(.inferred, at: UInt64(frame) * 1_000_000) }
    #expect(abs(try #require(meter.rates(now: 4_999 * 1_000_000).inferred) - 1_000) < 1e-6)
  }

  @Test func isUnknownBeforeTwoFrames() {
    let meter = RateMeter()
    meter.record(.shown, at: 5)
    #expect(meter.rates(now: 6) == FrameRates())
  }
}
