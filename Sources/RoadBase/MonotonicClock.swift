import Glibc

/// Nanoseconds of `CLOCK_MONOTONIC`: the clock that V4L2 stamps frames with and that nobody can set back.
public enum MonotonicClock {
  @inlinable
  public static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
  }
}
