import Glibc

/// The time of day, for people and for matching logs of several machines. Durations are measured by ``MonotonicClock``.
public enum WallClock {
  /// "2026-11-29T02:40:11.123Z"
  public static func now() -> String {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    var parts = tm()
    gmtime_r(&time.tv_sec, &parts)
    func digits(_ value: Int, _ count: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(count - text.count, 0)) + text
    }
    let day = [digits(1900 + Int(parts.tm_year), 4), digits(1 + Int(parts.tm_mon), 2), digits(Int(parts.tm_mday), 2)]
    let clock = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { digits(Int($0), 2) }
    return day.joined(separator: "-") + "T" + clock.joined(separator: ":") + "."
      + digits(time.tv_nsec / 1_000_000, 3) + "Z"
  }
}
