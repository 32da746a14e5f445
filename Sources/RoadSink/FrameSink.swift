import RoadBase
import RoadFrame
import RoadMask
import RoadMetres
import RoadTelemetry

/// Where frames go: files, a recorder, a page, another process.
///
/// The life cycle, all of it on one thread:
///
///     made ──► start(session) ──► receive(…) … receive(…) ──► stop()
///                  ▲                    │
///                  └──── a lane tries ◄─┘ throws        idle() now and then while nothing comes
///
/// - **made**: checks its arguments and touches neither disk nor network.
/// - **start** opens what it writes to. The session tells what the frames are: source, classes, model, machine. Frame
///   sizes are known only now, so memory is taken here.
/// - **receive** gets what `interest` asks for, in the order of events: a camera's bytes when they come, the painted
///   picture and the class map when they are ready, and what became of each frame. What it is given is valid until it
///   returns.
/// - **idle** is called by a lane about five times a second while nothing comes: time to write what has been held back
///   for long, and to notice that a folder is gone. It may throw as `receive` does.
/// - **stop** closes what `start` opened. Also called after a `receive` that threw, never before `start`, never twice
///   in a row. After a stop a lane may start the sink again.
///
/// A sink throws `RoadError`s only for what the outside world did: a full disk, a folder that is gone. It never waits
/// for a later frame. Two ways lead to it:
///
/// - **In a ``SinkLane``**, with a thread and bounded memory of its own. A slow or failing sink then costs itself
///   frames, which are counted, and nobody else. After an error the lane stops the sink, waits, and starts it again.
///   This is the way of live use.
/// - **In the pipeline's draw thread**, where it sets the pace and its error ends the run. This is the way of offline
///   use, where every frame counts and nobody waits for the next one. It gets shown frames only.
public protocol FrameSink: AnyObject, Sendable {
  /// One word or two, for statistics and messages: "overlays", "recorder".
  var name: String { get }
  /// Where it writes to, for people: a path or an address; nil before the first start or where there is none. Any
  /// thread asks.
  var destination: String? { get }
  /// What is handed over; nothing else is copied for this sink.
  var interest: SinkInterest { get }

  func start(_ session: SinkSession) throws(RoadError)
  func receive(_ frame: CapturedFrame) throws(RoadError)
  func receive(_ frame: ShownFrame) throws(RoadError)
  func receive(_ frames: SettledFrames) throws(RoadError)
  func receive(_ notice: VideoNotice) throws(RoadError)
  func idle() throws(RoadError)
  func stop()
}

extension FrameSink {
  public var destination: String? { nil }
  public var interest: SinkInterest { [.picture, .map] }
  public func start(_ session: SinkSession) throws(RoadError) {}
  public func receive(_ frame: CapturedFrame) throws(RoadError) {}
  public func receive(_ frame: ShownFrame) throws(RoadError) {}
  public func receive(_ frames: SettledFrames) throws(RoadError) {}
  public func receive(_ notice: VideoNotice) throws(RoadError) {}
  public func idle() throws(RoadError) {}
  public func stop() {}
}

/// What a sink wants to be given.
public struct SinkInterest: OptionSet, Hashable, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The bytes of every frame as the source sent them, those included that are never segmented. A camera is then read
  /// frame by frame instead of drained to its newest.
  public static let captured = SinkInterest(rawValue: 1)
  /// The picture of every shown frame, with the overlay if one is drawn.
  public static let picture = SinkInterest(rawValue: 2)
  /// The class map of every shown frame.
  public static let map = SinkInterest(rawValue: 4)
  /// What became of every frame number, with the times of its stages.
  public static let fates = SinkInterest(rawValue: 8)
  /// While there is no video, twice a second a picture that says why. It is no frame and stands in no ledger.
  public static let notices = SinkInterest(rawValue: 16)

  var wantsShown: Bool { !isDisjoint(with: [.picture, .map]) }
}

/// What the frames of one run are, told to a sink at its start.
public struct SinkSession: Sendable {
  public var source: SourceProperties
  /// Of the class maps.
  public var classes: ClassTable
  public var identity: RunIdentity
  /// What pictures come on.
  public var canvas: Canvas.Kind
  /// Of the source's pictures; nil where nothing is measured.
  public var calibration: CameraCalibration?
  /// Of the kind that comes with shown frames; nil where nothing is measured.
  public var figures: RoadFigures?

  public init(
    source: SourceProperties, classes: ClassTable, identity: RunIdentity, canvas: Canvas.Kind = .rgbx
  ) {
    self.canvas = canvas
    self.source = source
    self.classes = classes
    self.identity = identity
  }
}
