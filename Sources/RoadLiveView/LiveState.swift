import Foundation
import RoadMask
import RoadMetres
import RoadTelemetry

/// What the page shows beside the picture: the JSON of `/state` and of each event of `/events`.
struct LiveState: Encodable {
  struct Model: Encodable {
    let name: String
    @Nullable var hash: String?
    let version: String
    let instructionSet: String
  }

  struct Source: Encodable {
    let name: String
    let width: Int
    let height: Int
  }

  struct Class: Encodable {
    let index: Int
    let name: String
    /// "#rrggbb".
    let colour: String
    let isRoad: Bool
    /// Over the picture; null where the overlay does not paint the class.
    @Nullable var painted: String?
  }

  /// What `/birdseye` shows, in metres.
  struct BirdsEyeView: Encodable {
    let ahead: Int
    let side: Int
  }

  let statistics: StatisticsJSON
  @Nullable var source: Source?
  @Nullable var model: Model?
  let classes: [Class]
  /// Why there is no video; null while there is.
  @Nullable var trouble: String?
  /// Ordinal of the newest frame; null before the first.
  @Nullable var frame: Int?
  let viewers: Int
  /// Null where the camera is not calibrated.
  @Nullable var birdsEye: BirdsEyeView?
  @Nullable var overlay: OverlaySteering.Look?
  /// Null where this run records nothing.
  @Nullable var recording: String?
  /// Whether the page may change the car's own parts.
  let changesOwnParts: Bool
  @Nullable var celsius: Double?
  @Nullable var megahertz: Double?
  /// Since the page last asked: null in events, which the page adds to its own list.
  @Nullable var history: [LatencyHistory.Second]?
  @Nullable var latest: LatencyHistory.Second?

  init(_ sink: LiveViewSink, _ sources: LiveViewSources, withHistory: Bool) {
    let statistics = sources.statistics()
    self.statistics = StatisticsJSON(statistics, type: "statistics")
    let session = sink.session
    source = session.map {
      Source(name: $0.source.name, width: $0.source.size.width, height: $0.source.size.height)
    }
    model = session.map {
      Model(
        name: $0.identity.model, hash: $0.identity.modelHash, version: $0.identity.version,
        instructionSet: $0.identity.instructionSet)
    }
    classes = session.map { Self.classes($0.classes, road: sources.overlay?.road) } ?? []
    trouble = sources.trouble(statistics)
    frame = sink.ordinal
    viewers = sink.frames.viewers
    let extent = LiveViewSink.birdsEyeExtent
    birdsEye = session?.calibration.map { _ in BirdsEyeView(ahead: extent.ahead, side: extent.side) }
    overlay = sources.overlay?.look()
    recording = sources.recording?.state()
    changesOwnParts = sources.ownParts != nil
    celsius = MachineHeat.celsius()
    megahertz = MachineHeat.megahertz()
    let seconds = sink.history.seconds
    latest = seconds.last
    history = withHistory ? seconds : nil
  }

  private static func classes(_ table: ClassTable, road: Colour?) -> [Class] {
    table.classes.enumerated().map { index, entry in
      let isRoad = index == Int(table.drivable)
      return Class(
        index: index, name: entry.name, colour: text(entry.colour), isRoad: isRoad,
        painted: isRoad ? road.map(text) : nil)
    }
  }

  /// "#rrggbb".
  private static func text(_ colour: Colour) -> String {
    String(format: "#%02x%02x%02x", colour.red, colour.green, colour.blue)
  }

  func json() -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "infinity", negativeInfinity: "-infinity", nan: "nan")
    // Nothing in it can fail to encode.
    return (try? encoder.encode(self)) ?? Data("{}".utf8)
  }
}

/// Heat and clock of the machine; nil where the kernel does not say.
enum MachineHeat {
  /// Of the hottest zone.
  static func celsius() -> Double? {
    (0..<16).compactMap { number("/sys/class/thermal/thermal_zone\($0)/temp") }.max().map { $0 / 1000 }
  }

  /// Of the first processor.
  static func megahertz() -> Double? {
    number("/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq").map { $0 / 1000 }
  }

  private static func number(_ path: String) -> Double? {
    (try? String(contentsOfFile: path, encoding: .utf8))
      .flatMap { Double($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
  }
}
