import ArgumentParser
import RoadBase
import RoadCamera
import RoadFrame
import RoadMask
import RoadPipeline
import RoadTelemetry

/// `roadseg find-parts`
struct FindPartsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "find-parts",
    abstract: "Finds what a camera sees of its own car, for --own-parts.",
    discussion: """
      What never moves while the picture does: bonnet, dashboard, a stamp, dirt, edges of reflections. SOURCE is a \
      drive: a folder of a film's pictures, a recording, a video, a camera, or 'synthetic:bonnet,stamp'. The lines of \
      a straight road stay, too, for a while: two minutes with bends and other lanes are enough, ten seconds of a \
      motorway are not. The file is a text of polygons, which may be edited; one a camera.

      EXAMPLES:
        roadseg find-parts drive.mcap --output windscreen.txt
        roadseg find-parts /dev/video0 --frames 5000 --output windscreen.txt
        roadseg live --own-parts windscreen.txt
        roadseg find-parts synthetic:bonnet,stamp --frames 1200 --output parts.txt --json
      """)

  @Argument(help: "A drive.")
  var source: String

  @Option(name: [.short, .long], help: ArgumentHelp("The text of polygons to write.", valueName: "file"))
  var output: String

  @Option(name: .long, help: "Stop after so many frames. (default: all; 3600 of a camera or the synthetic road)")
  var frames: Int?

  @Option(name: .long, help: ArgumentHelp("Frame size of a camera or the synthetic road.", valueName: "WxH"))
  var size: PictureSize?

  @Option(name: .long, help: "Which synthetic road.")
  var seed: UInt64 = 1

  @Flag(name: .long, help: "Print one JSON object instead of text.")
  var json = false

  /// Frames in which the picture has to move; and how many more make it sure.
  private static let fewest = 100
  private static let enough = 900
  private static let usual = 3600

  func validate() throws {
    if let frames, frames < Self.fewest { throw ValidationError("--frames takes \(Self.fewest) or more") }
  }

  func run() throws {
    let drive = try open()
    try drive.start()
    defer { drive.stop() }
    let isEndless = drive.properties.isLive || drive.properties.isSynthetic
    let search = try PartsSearch(drive.properties)
    try search.run(drive, limit: frames ?? (isEndless ? Self.usual : .max))
    let finder = search.finder
    guard finder.movingFrames >= Self.fewest else {
      throw RoadError(
        .picture, "\(source): the picture moves in \(finder.movingFrames) of \(finder.frames) frames",
        remedy: "give a drive of \(Self.fewest) moving frames and more, better two minutes")
    }
    if finder.movingFrames < Self.enough {
      Terminal.say(
        "roadseg: \(finder.movingFrames) frames are a short drive: lines of the road may be among the parts; look first"
      )
    }
    let parts = OwnParts(outlining: finder.found(), size: finder.size)
    let result = FindPartsResult(output: output, finder: finder, parts: parts)
    try FileOutput.write(Array(result.file(parts, source: drive.properties.name).utf8), to: output)
    guard json else { return Terminal.printLine(result.text) }
    try Terminal.printJSON(result)
  }

  private func open() throws(RoadError) -> any FrameSource {
    if let parts = try SyntheticParts.of(source: source) {
      return try SyntheticRoad(
        size: size ?? SyntheticRoad.defaultSize, seed: seed, frames: UInt64(frames ?? Self.usual), parts: parts)
    }
    let request = SourceRequest(name: source, size: size)
    return request.isCamera ? try request.open().source : try FrameSources.open(source)
  }
}

/// A drive on small grey pictures.
private final class PartsSearch {
  let finder: OwnPartsFinder
  private let properties: SourceProperties
  private let scaler: PictureScaler
  private let scaled: Picture
  private let grey: LumaPlane

  /// Of the pictures that are made grey, whose half is searched.
  private static let width = 480

  init(_ properties: SourceProperties) throws(RoadError) {
    self.properties = properties
    let size = properties.size
    let height = max(16, (Self.width * size.height / size.width + 1) / 2 * 2)
    guard height <= 4096 else {
      throw RoadError(.picture, "pictures of \(size)", remedy: "give a film that is not so narrow")
    }
    scaled = Picture(size: PictureSize(width: Self.width, height: height))
    scaler = PictureScaler(from: size, to: scaled.size)
    grey = LumaPlane(halving: scaled.size)
    finder = OwnPartsFinder(size: grey.size)
  }

  func run(_ drive: any FrameSource, limit: Int) throws(RoadError) {
    let frame = Frame(capacity: max(properties.maximumFrameBytes, 1))
    let (decoder, picture) = (try FrameDecoder(), Picture(size: properties.size))
    let total = [limit, properties.frameCount ?? limit].min().flatMap { $0 == .max ? nil : $0 }
    let bar = Terminal.ProgressBar("looking", total: total)
    defer { bar.finish() }
    while finder.frames < limit {
      switch drive.read(into: frame, timeout: 1_000_000_000) {
      case .frame:
        guard frame.size == properties.size, case .decoded = decoder.decode(frame, into: picture) else { continue }
        scaler.scale(picture, into: scaled)
        grey.fill(rows: 0..<grey.size.height, from: scaled.base, rowPitch: scaled.rowPitch)
        finder.add(grey)
        bar.update(finder.frames)
      case .ended, .disconnected: return
      case .corrupt, .timedOut: continue
      }
    }
  }
}

/// What `find-parts --json` prints.
private struct FindPartsResult: Encodable {
  let output: String
  let frames: Int
  let movingFrames: Int
  let polygons: Int
  /// Of the picture.
  let share: Double

  enum CodingKeys: String, CodingKey {
    case output, frames, polygons, share
    case movingFrames = "moving_frames"
  }

  init(output: String, finder: OwnPartsFinder, parts: OwnParts?) {
    self.output = output
    frames = finder.frames
    movingFrames = finder.movingFrames
    polygons = parts?.polygons.count ?? 0
    share = parts.map { OwnPartsMask($0, size: finder.size, road: 0).share.rounded(toDecimals: 4) } ?? 0
  }

  /// A polygon a line, with a word on where it comes from.
  func file(_ parts: OwnParts?, source: String) -> String {
    OwnPartsFile.text(parts, remark: "\(source): what stays in \(movingFrames) moving frames")
  }

  var text: String {
    "\(output): \(polygons) parts, \(Format.percent(share)) of the picture, from \(movingFrames) moving frames of "
      + "\(frames)"
  }
}
