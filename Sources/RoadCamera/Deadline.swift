import Glibc
import RoadBase

/// Points in time of `MonotonicClock`, in nanoseconds.
enum Deadline {
  /// `timeout` from now; a timeout too long to count is for ever.
  static func after(_ timeout: UInt64) -> UInt64 {
    let (sum, overflow) = MonotonicClock.now().addingReportingOverflow(timeout)
    return overflow ? .max : sum
  }

  /// What is left of it, 0 once it has passed.
  static func remaining(_ deadline: UInt64) -> UInt64 {
    let now = MonotonicClock.now()
    return deadline > now ? deadline - now : 0
  }

  /// What is left in `poll`'s milliseconds, a minute at most; rounded up, so that the last fraction of a millisecond is
  /// not spent polling again and again.
  static func milliseconds(_ deadline: UInt64) -> Int32 {
    let left = remaining(deadline)
    return left > 60_000_000_000 ? 60_000 : Int32((left + 999_999) / 1_000_000)
  }

  static func sleep(until deadline: UInt64) {
    var time = timespec(tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
    while clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nil) == EINTR {}
  }
}
