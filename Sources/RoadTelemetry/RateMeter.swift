import Synchronization

/// The four places of the flow at which frames are counted. One "FPS" hides where they are lost; four do not.
public enum RatePoint: Int, CaseIterable, Sendable {
  /// Frames that the camera made, those that never reached us included.
  case camera
  /// Frames that reached us.
  case delivered
  /// Frames that went through the network.
  case inferred
  /// Frames drawn and handed on.
  case shown
}

/// Frames a second at each ``RatePoint``; nil before two frames went by.
public struct FrameRates: Hashable, Sendable {
  public var camera: Double?
  public var delivered: Double?
  public var inferred: Double?
  public var shown: Double?

  public init(camera: Double? = nil, delivered: Double? = nil, inferred: Double? = nil, shown: Double? = nil) {
    self.camera = camera
    self.delivered = delivered
    self.inferred = inferred
    self.shown = shown
  }
}

/// Rates over a sliding window. Any thread may record and read; nothing is allocated after `init`.
public final class RateMeter: Sendable {
  /// Events that are remembered for a point; above `capacity / window` a second the window is shorter.
  static let capacity = 1024

  private let windows: Mutex<Windows>

  /// - Parameter window: nanoseconds.
  public init(window: UInt64 = 2_000_000_000) {
    precondition(window > 0, "a window of no time")
    windows = Mutex(Windows(length: window))
  }

  /// - Parameters:
  ///   - time: of the event, in nanoseconds of the monotonic clock; never earlier than the point's last one.
  ///   - frames: how many frames the event stands for: 1 and those lost before it.
  public func record(_ point: RatePoint, at time: UInt64, frames: Int = 1) {
    windows.withLock { $0.record(point.rawValue, time, UInt64(max(frames, 0))) }
  }

  /// - Parameter now: nanoseconds of the monotonic clock.
  public func rates(now: UInt64) -> FrameRates {
    windows.withLock { windows in
      FrameRates(
        camera: windows.rate(RatePoint.camera.rawValue, now),
        delivered: windows.rate(RatePoint.delivered.rawValue, now),
        inferred: windows.rate(RatePoint.inferred.rawValue, now), shown: windows.rate(RatePoint.shown.rawValue, now))
    }
  }
}

/// Per point a ring of events, each with the frames counted up to it.
private struct Windows {
  struct Event {
    var time: UInt64
    var frames: UInt64
  }

  let length: UInt64
  /// The rings of all points, one after the other.
  var events = [Event](
    repeating: Event(time: 0, frames: 0), count: RateMeter.capacity * RatePoint.allCases.count)
  var recorded = [Int](repeating: 0, count: RatePoint.allCases.count)

  init(length: UInt64) { self.length = length }

  func event(_ point: Int, _ number: Int) -> Event { events[point * RateMeter.capacity + number % RateMeter.capacity] }

  mutating func record(_ point: Int, _ time: UInt64, _ frames: UInt64) {
    let number = recorded[point]
    let before = number > 0 ? event(point, number - 1) : Event(time: time, frames: 0)
    events[point * RateMeter.capacity + number % RateMeter.capacity] =
      Event(time: max(time, before.time), frames: before.frames + frames)
    recorded[point] = number + 1
  }

  /// Frames between the first and the last event of the window over the time between them. A point that has been silent
  /// for more than two of its intervals is measured up to now, so that a camera that hangs is seen to slow down and
  /// stop.
  func rate(_ point: Int, _ now: UInt64) -> Double? {
    let count = recorded[point]
    guard count >= 2 else { return nil }
    let begin = now > length ? now - length : 0
    // The first event of the window, by bisection: times never fall.
    var low = max(0, count - RateMeter.capacity)
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if event(point, middle).time < begin { low = middle + 1 } else { high = middle }
    }
    guard count - low >= 2 else { return slowRate(point, now) }
    let (first, last) = (event(point, low), event(point, count - 1))
    let span = last.time - first.time
    let silence = now > last.time ? now - last.time : 0
    let interval = span / UInt64(count - low - 1)
    let measured = silence > 2 * interval ? span + silence : span
    return measured > 0 ? Double(last.frames - first.frames) * 1e9 / Double(measured) : nil
  }

  /// Fewer than two events in the window: the last interval tells, or the silence since if that is longer; 0 once it is
  /// far longer.
  func slowRate(_ point: Int, _ now: UInt64) -> Double? {
    let (previous, last) = (event(point, recorded[point] - 2), event(point, recorded[point] - 1))
    let interval = last.time - previous.time
    let silence = now > last.time ? now - last.time : 0
    guard silence <= max(10 * interval, length) else { return 0 }
    let measured = max(interval, silence)
    return measured > 0 ? Double(last.frames - previous.frames) * 1e9 / Double(measured) : nil
  }
}
