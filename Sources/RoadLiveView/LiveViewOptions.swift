import RoadBase
import RoadMask
import RoadTelemetry

/// Where the page is served and to whom.
public struct LiveViewOptions: Sendable {
  /// Numeric IPv4 or IPv6 address.
  public var address: String
  /// 0: one that is free.
  public var port: UInt16
  /// Viewers ask with it, see ``AccessGuard``; needed for every address but this machine's own.
  public var token: String?
  /// Streams of pictures and of events at once.
  public var viewers: Int

  public init(address: String = "127.0.0.1", port: UInt16 = 8080, token: String? = nil, viewers: Int = 16) {
    self.address = address
    self.port = port
    self.token = token
    self.viewers = viewers
  }

  public var isLoopback: Bool { address == "::1" || address.hasPrefix("127.") }

  /// "127.0.0.1:8080", "[::1]:8080", ":8080" and "8080" (this machine only).
  ///
  /// - Returns: nil for anything else, host names included.
  public static func parse(_ text: String) -> (address: String, port: UInt16)? {
    guard let colon = text.lastIndex(of: ":") else { return UInt16(text).map { ("127.0.0.1", $0) } }
    guard let port = UInt16(text[text.index(after: colon)...]) else { return nil }
    var address = String(text[..<colon])
    if address.hasPrefix("["), address.hasSuffix("]") { address = String(address.dropFirst().dropLast()) }
    if address.isEmpty { address = "127.0.0.1" }
    return isNumeric(address) ? (address, port) : nil
  }

  private static func isNumeric(_ address: String) -> Bool {
    SocketName(address: address, port: 0) != nil
  }
}

/// What the page shows and steers beside pictures. Called by the server's threads at any time.
public struct LiveViewSources: Sendable {
  public var statistics: @Sendable () -> PipelineStatistics
  /// Why there is no video, for people; nil while there is.
  public var trouble: @Sendable (PipelineStatistics) -> String?
  public var overlay: OverlaySteering?
  public var recording: RecordingSteering?
  public var ownParts: OwnPartsSteering?

  public init(
    statistics: @escaping @Sendable () -> PipelineStatistics,
    trouble: @escaping @Sendable (PipelineStatistics) -> String? = { _ in nil },
    overlay: OverlaySteering? = nil, recording: RecordingSteering? = nil, ownParts: OwnPartsSteering? = nil
  ) {
    self.ownParts = ownParts
    self.statistics = statistics
    self.trouble = trouble
    self.overlay = overlay
    self.recording = recording
  }
}

/// The overlay of the pictures that all viewers see.
public struct OverlaySteering: Sendable {
  public struct Look: Sendable, Codable, Equatable {
    public var isOn: Bool
    /// 0 (nothing) to 1 (opaque).
    public var alpha: Double

    public init(isOn: Bool, alpha: Double) {
      self.isOn = isOn
      self.alpha = alpha
    }
  }

  public var look: @Sendable () -> Look
  public var change: @Sendable (Look) -> Void
  /// What the road is painted with; nil where that is the colour of the class table.
  public var road: Colour?

  public init(
    look: @escaping @Sendable () -> Look, change: @escaping @Sendable (Look) -> Void, road: Colour? = nil
  ) {
    self.road = road
    self.look = look
    self.change = change
  }
}

/// What the camera sees of its own car, where the page may change it.
public struct OwnPartsSteering: Sendable {
  /// Nil where none are known.
  public var parts: @Sendable () -> OwnParts?
  /// They count from the next frame on, also where it throws: then they could not be kept.
  public var change: @Sendable (OwnParts?) throws(RoadError) -> Void

  public init(
    parts: @escaping @Sendable () -> OwnParts?, change: @escaping @Sendable (OwnParts?) throws(RoadError) -> Void
  ) {
    self.parts = parts
    self.change = change
  }
}

/// The recording of this run, where one was asked for.
public struct RecordingSteering: Sendable {
  public enum Action: String, Sendable, Codable, CaseIterable {
    case start, stop, trigger
  }

  /// One line for people: what it does now, and where.
  public var state: @Sendable () -> String
  public var perform: @Sendable (Action) -> Void

  public init(state: @escaping @Sendable () -> String, perform: @escaping @Sendable (Action) -> Void) {
    self.state = state
    self.perform = perform
  }
}
