/// How much of a recording is kept; nil is without limit.
public struct RetentionLimits: Hashable, Sendable {
  /// Bytes of all segments, protected ones included.
  public var totalBytes: UInt64?
  /// Seconds since the start of a segment.
  public var age: UInt64?
  /// Bytes that stay free on the file system.
  public var freeBytes: UInt64?

  public init(totalBytes: UInt64? = nil, age: UInt64? = nil, freeBytes: UInt64? = nil) {
    self.totalBytes = totalBytes
    self.age = age
    self.freeBytes = freeBytes
  }
}

/// A finished or running segment in its folder.
public struct Segment: Hashable, Sendable {
  public var name: SegmentName
  public var bytes: UInt64
  /// Never deleted.
  public var isProtected: Bool
  /// Somebody records to it.
  public var isOpen: Bool

  package init(name: SegmentName, bytes: UInt64, isProtected: Bool, isOpen: Bool) {
    (self.name, self.bytes, self.isProtected, self.isOpen) = (name, bytes, isProtected, isOpen)
  }
}

package enum Retention {
  /// 2020-01-01: a clock that shows an earlier time is wrong.
  package static let earliestPlausible: UInt64 = 1_577_836_800

  /// Which segments have to go, oldest first. Protected and open ones never do.
  ///
  /// Age counts only where both ends of it can be believed: a segment made by a clock that stood in 1970 has no age,
  /// and a clock that shows an earlier time than the newest segment's start was set back.
  ///
  /// - Parameters:
  ///   - segments: in any order.
  ///   - free: bytes that are free now.
  ///   - now: seconds since 1970.
  package static func expired(_ segments: [Segment], limits: RetentionLimits, free: UInt64, now: UInt64) -> [Segment] {
    let ordered = segments.sorted { $0.name < $1.name }
    let newest = ordered.map(\.name.seconds).max() ?? 0
    let clockIsSound = now >= earliestPlausible && now >= newest
    var total = ordered.reduce(0 as UInt64) { $0.addingSaturated($1.bytes) }
    var free = free
    var expired: [Segment] = []
    for segment in ordered where !segment.isProtected && !segment.isOpen {
      let isTooMuch = limits.totalBytes.map { total > $0 } ?? false
      let isTooFull = limits.freeBytes.map { free < $0 } ?? false
      let isTooOld =
        limits.age.map { age in
          clockIsSound && segment.name.seconds >= earliestPlausible && now - segment.name.seconds > age
        } ?? false
      guard isTooMuch || isTooFull || isTooOld else { continue }
      expired.append(segment)
      total -= min(segment.bytes, total)
      free = free.addingSaturated(segment.bytes)
    }
    return expired
  }
}
