import Glibc

/// The time of day, for people and for matching logs of several machines. Durations are measured by ``MonotonicClock``.
public enum WallClock {
  /// "2026-11-29T02:40:11.123Z"
  public static func now() -> String {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return String(text(ofSecond: time.tv_sec).dropLast()) + "." + digits(time.tv_nsec / 1_000_000, 3) + "Z"
  }

  /// "2026-11-29T02:40:11Z"; not by Foundation, whose way there needs the data of all the world's calendars.
  ///
  /// - Parameter second: since 1970, UTC.
  public static func text(ofSecond second: Int) -> String {
    var time: time_t = second
    var parts = tm()
    gmtime_r(&time, &parts)
    let day = [digits(1900 + Int(parts.tm_year), 4), digits(1 + Int(parts.tm_mon), 2), digits(Int(parts.tm_mday), 2)]
    let clock = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { digits(Int($0), 2) }
    return day.joined(separator: "-") + "T" + clock.joined(separator: ":") + "Z"
  }

  private static func digits(_ value: Int, _ count: Int) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(count - text.count, 0)) + text
  }
}
