import Glibc
import RoadBase

/// The clock of a recording: nanoseconds since 1970 that never fall, however the wall clock is set.
///
/// It is the monotonic clock plus an offset. At the start of a segment the offset follows the wall clock forwards; a
/// wall clock that was set back is not followed.
package struct RecordingClock: Sendable {
  package private(set) var offset: UInt64 = 0
  private var last: UInt64 = 0

  package init() {}

  /// - Parameters:
  ///   - wall: nanoseconds since 1970.
  ///   - monotonic: nanoseconds of the monotonic clock at the same moment.
  package mutating func follow(wall: UInt64, monotonic: UInt64) {
    offset = max(offset, wall > monotonic ? wall - monotonic : 0)
  }

  /// The time of a message that is recorded now; not before the one before it.
  package mutating func stamp(_ monotonic: UInt64) -> UInt64 {
    last = max(last, time(monotonic))
    return last
  }

  package func time(_ monotonic: UInt64) -> UInt64 { monotonic &+ offset }

  package static func wall() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return time.tv_sec < 0 ? 0 : UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
  }
}
