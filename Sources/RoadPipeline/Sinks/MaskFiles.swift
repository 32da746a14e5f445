import Foundation
import RoadBase
import RoadFrame
import RoadMask
import RoadMetres
import RoadSink

/// What a picture comes to, in a folder a kind: `classes/NAME.png` (a class a pixel), `road/NAME.png` (255 where the
/// road is, else 0), `overlay/NAME.jpg`, `palette/NAME.png` (the classes, shown in their colours),
/// `confidence/NAME.png` (how far the best class is above the second, see ``ConfidenceUpsampler``; for pipelines that
/// keep it), `health/NAME.json` (how well the picture could be seen); with a calibrated camera also
/// `metres/NAME.json` (what was measured) and `birdseye/NAME.jpg` (the picture from above).
public final class MaskFiles: FrameSink, @unchecked Sendable {
  /// The kinds in the order in which a picture's files are written; each is the name of its folder.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    case classes, road, palette, confidence, overlay, health, metres, birdseye

    var ending: String {
      switch self {
      case .overlay, .birdseye: "jpg"
      case .health, .metres: "json"
      case .classes, .road, .palette, .confidence: "png"
      }
    }

    /// Whether it is there with a calibrated camera only.
    public var needsCalibration: Bool { self == .metres || self == .birdseye }

    /// `classes/NAME.png`
    public func file(_ name: String) -> String { "\(rawValue)/\(name).\(ending)" }
  }

  /// What is written where nobody says.
  public static let usual: Set<Kind> = [.classes, .road, .overlay]

  public let name = "masks"
  public var interest: SinkInterest {
    kinds.contains(.overlay) || kinds.contains(.birdseye) ? [.picture, .map] : .map
  }
  private let folder: String
  private let names: [String]?
  private let kinds: [Kind]
  private let drivable: UInt8
  private let palette: [PNG.RGB]
  private let encoder: JPEGEncoder
  private let road: UnsafeMutableBufferPointer<UInt8>
  /// From the start on, where it is asked for.
  private var birdsEye: (view: BirdsEye, encoder: JPEGEncoder)?

  /// - Parameters:
  ///   - names: of the frames by ordinal, without ending, perhaps with a subfolder; nil for `frame-000042`.
  ///   - size: of the frames.
  ///   - classes: of the network, with the colours for the palette.
  /// - Throws: `.output` when the folders cannot be made or written to.
  public init(
    folder: String, names: [String]? = nil, size: PictureSize, classes: ClassTable, kinds: Set<Kind> = MaskFiles.usual
  ) throws(RoadError) {
    self.kinds = Kind.allCases.filter(kinds.contains)
    let subfolders = Set((names ?? []).compactMap(Self.folder(of:)))
    for kind in self.kinds {
      try FileOutput.makeFolder("\(folder)/\(kind.rawValue)")
      for subfolder in subfolders.sorted() { try FileOutput.makeFolder("\(folder)/\(kind.rawValue)/\(subfolder)") }
    }
    self.folder = folder
    self.names = names
    drivable = classes.drivable
    palette = classes.classes.map { PNG.RGB(red: $0.colour.red, green: $0.colour.green, blue: $0.colour.blue) }
    encoder = try JPEGEncoder(largest: size)
    road = .allocate(capacity: kinds.contains(.road) ? size.pixels : 0)
    road.initialize(repeating: 0)
  }

  deinit { road.deallocate() }

  /// "monday/0042" → "monday"
  private static func folder(of name: String) -> String? { name.lastIndex(of: "/").map { String(name[..<$0]) } }

  /// What frame `ordinal` is called where the source gives no names: "frame-000042".
  public static func frameName(_ ordinal: Int) -> String { FrameName.of(ordinal) }

  public func start(_ session: SinkSession) throws(RoadError) {
    guard kinds.contains(.birdseye), let calibration = session.calibration else { return }
    let view = BirdsEye(calibration)
    birdsEye = (view, try JPEGEncoder(largest: view.extent.size))
  }

  public func receive(_ frame: ShownFrame) throws(RoadError) {
    let name = names?[frame.stamp.ordinal] ?? FrameName.of(frame.stamp.ordinal)
    guard let map = UnsafePointer(frame.map.bytes.baseAddress) else { return }
    let size = frame.map.size
    for kind in kinds {
      let path = "\(folder)/\(kind.file(name))"
      switch kind {
      case .classes: try FileOutput.write(try PNG.grey(map, size: size), to: path)
      case .road:
        frame.map.writeRoad(drivable: drivable, into: road)
        guard let base = UnsafePointer(road.baseAddress) else { continue }
        try FileOutput.write(try PNG.grey(base, size: size), to: path)
      case .confidence:
        guard let base = UnsafePointer(frame.confidence?.bytes.baseAddress) else { continue }
        try FileOutput.write(try PNG.grey(base, size: size), to: path)
      case .palette: try FileOutput.write(try PNG.paletted(map, size: size, palette: palette), to: path)
      case .overlay: try encoder.write(frame.canvas, to: path)
      case .birdseye:
        guard let birdsEye else { continue }
        birdsEye.view.draw(frame.canvas)
        try birdsEye.encoder.write(.rgbx(birdsEye.view.picture), to: path)
      case .health:
        try FrameHealthJSON(frame.insight).map { (health) throws(RoadError) in try Self.write(health, path) }
      case .metres: try frame.figures.map { (figures) throws(RoadError) in try Self.write(figures.json, path) }
      }
    }
  }

  private static func write(_ object: some Encodable, _ path: String) throws(RoadError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    // Plain values of our own, which always encode.
    guard let data = try? encoder.encode(object) else { return }
    try FileOutput.write(Array(data) + [UInt8(ascii: "\n")], to: path)
  }
}
