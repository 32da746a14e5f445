import Glibc
import RoadBase

/// What this process has taken from the machine so far.
public struct ProcessUsage: Hashable, Sendable {
  /// Nanoseconds that all its threads have computed.
  public var processorNanoseconds: UInt64
  /// Its memory in RAM now, in bytes; 0 where `/proc` is not there.
  public var residentBytes: UInt64
  /// The most memory that it ever had in RAM, in bytes.
  public var peakResidentBytes: UInt64

  public static func now() -> ProcessUsage {
    var usage = rusage()
    getrusage(RUSAGE_SELF.rawValue, &usage)
    let resident = residentPages() * UInt64(getpagesize())
    return ProcessUsage(
      processorNanoseconds: nanoseconds(CLOCK_PROCESS_CPUTIME_ID),
      residentBytes: resident,
      // getrusage(2): Linux gives kibibytes. It counts a little behind.
      peakResidentBytes: max(UInt64(max(0, usage.ru_maxrss)) * 1024, resident))
  }

  /// Nanoseconds that the calling thread has computed.
  public static func threadNanoseconds() -> UInt64 { nanoseconds(CLOCK_THREAD_CPUTIME_ID) }

  private static func nanoseconds(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// The second number of `/proc/self/statm` (proc(5)).
  private static func residentPages() -> UInt64 {
    withUnsafeTemporaryAllocation(byteCount: 128, alignment: 1) { buffer in
      let count = System.readSmall("/proc/self/statm" as StaticString, into: buffer) ?? 0
      let fields = buffer.prefix(count).split(separator: UInt8(ascii: " "))
      guard fields.count > 1 else { return 0 }
      return fields[1].reduce(0) { $0 * 10 + UInt64($1 &- UInt8(ascii: "0")) }
    }
  }
}
