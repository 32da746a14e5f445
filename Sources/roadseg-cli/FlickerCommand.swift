import ArgumentParser
import RoadBase
import RoadCamera
import RoadFrame
import RoadMask
import RoadPipeline
import RoadSegmentation
import RoadTelemetry

/// `roadseg flicker`
struct FlickerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "flicker",
    abstract: "Measures how still the masks of a film hold, with and without --stabilise.",
    discussion: """
      SOURCE is a folder of a film's pictures, a recording, a stream or a video, as for roadseg run, or 'synthetic', \
      whose truth is known. Every frame goes through the network once for each way of steadying.

      flicker: share of the pixels where the picture, after motion, has not changed and which came or went as road \
      all the same. lag: by how many frames the masks come behind, against the network's own masks, or the truth. \
      changed: share of all pixels that came or went as road. Of the synthetic road also false flicker (share of the \
      pixels with the same true class as before that came or went) and road IoU; and the flicker of the true masks: \
      edges that move by less than motion is measured to.

      --sheet makes a picture of the places that flicker most: neighbouring frames with the network's masks, and below \
      them the same ones steadied.

      EXAMPLES:
        roadseg flicker drive/ --frames 200 --sheet drive.jpg
        roadseg flicker synthetic --seed 3 --frames 300 --json
      """)

  @Argument(help: "A film, or synthetic.")
  var source: String

  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var inputSize: InputSizeOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var cleaning: MaskCleaningOptions

  @Option(name: .long, help: "Stop after so many frames. (default: all; 300 of the synthetic road)")
  var frames: Int?

  @Option(name: .long, help: ArgumentHelp("Frame size of the synthetic road.", valueName: "WxH"))
  var size: PictureSize?

  @Option(name: .long, help: "Which synthetic road.")
  var seed: UInt64 = 1

  @Option(name: .long, help: ArgumentHelp("Also write a sheet of pictures, a JPEG.", valueName: "file"))
  var sheet: String?

  @Flag(name: .long, help: "Print one JSON object instead of a table.")
  var json = false

  func validate() throws {
    if let frames, frames < 3 { throw ValidationError("--frames takes 3 or more") }
  }

  func run() throws {
    var scene: SyntheticScene?
    let film: any FrameSource
    if let parts = try SyntheticParts.of(source: source) {
      let road = try SyntheticRoad(
        size: size ?? SyntheticRoad.defaultSize, seed: seed, frames: UInt64(frames ?? 300), parts: parts)
      (film, scene) = (road, try SyntheticScene(size: road.properties.size, seed: seed, parts: parts))
    } else {
      film = try FrameSources.open(source)
      guard !film.properties.isLive else {
        throw RoadError(.option, "\(source): is a camera", remedy: "name a film, or synthetic")
      }
    }
    let network = try Network(modelOptions, inputSize: inputSize.size, threads: threads.count)
    try film.start()
    defer { film.stop() }
    let measurement = FlickerMeasurement(network, size: film.properties.size, clean: cleaning.options())
    if sheet != nil { measurement.sheet = FlickerSheet(size: film.properties.size, classes: network.classes) }
    let read = try measurement.run(film, scene, limit: frames ?? .max)
    guard read > 2 else {
      throw RoadError(.picture, "\(source): \(read) frames that could be used", remedy: "name a film of three or more")
    }
    let result = FlickerResult(model: network.name, frames: read, measurement)
    if json {
      let about = RunAbout(network.identity, source: film.properties.name, isSynthetic: scene != nil)
      try Terminal.printJSON(WithAbout(about, result))
    } else {
      Terminal.printLine(result.text)
    }
    // Last: where it cannot be written, the figures are not lost.
    if let sheet { try measurement.sheet?.write(to: sheet) }
  }
}

/// One film through the network in every way of steadying.
final class FlickerMeasurement {
  struct Way {
    let mode: StabiliseMode
    let segmenter: NetworkSegmenter
    let map: ClassMap
    var flicker: FlickerMeter
    var lag: LagMeter
    /// Nanoseconds over all frames.
    var stabilise: UInt64 = 0
    var network: UInt64 = 0
  }

  private(set) var ways: [Way]
  /// Of the true masks.
  private(set) var truth: FlickerMeter
  /// Where pictures are wanted, too.
  var sheet: FlickerSheet?
  private let trueMap: ClassMap
  private let size: PictureSize
  private let road: UInt8
  private let cleaner: MaskCleaner
  private let change: PictureChange
  private var hasPrevious = false

  init(_ network: Network, size: PictureSize, clean: CleanOptions) {
    self.size = size
    road = network.classes.drivable
    truth = FlickerMeter(road: road)
    trueMap = ClassMap(size: size)
    change = PictureChange(of: size)
    cleaner = MaskCleaner(size: size, road: road, options: clean)
    ways = StabiliseMode.allCases.map { mode in
      Way(
        mode: mode, segmenter: network.segmenter(for: size, stabilise: StabiliseOptions(mode)),
        map: ClassMap(size: size), flicker: FlickerMeter(road: network.classes.drivable),
        lag: LagMeter(road: network.classes.drivable))
    }
  }

  /// - Returns: how many frames were used.
  func run(_ film: any FrameSource, _ scene: SyntheticScene?, limit: Int) throws(RoadError) -> Int {
    let frame = Frame(capacity: max(film.properties.maximumFrameBytes, 1))
    let (decoder, picture) = (try FrameDecoder(), Picture(size: size))
    let total = [limit, film.properties.frameCount ?? limit].min().flatMap { $0 == .max ? nil : $0 }
    let bar = Terminal.ProgressBar("measuring", total: total)
    defer { bar.finish() }
    var count = 0
    while count < limit {
      switch film.read(into: frame, timeout: 1_000_000_000) {
      case .frame:
        guard frame.size == size, case .decoded = decoder.decode(frame, into: picture) else { continue }
        let classes = scene?.groundTruth(frame: frame.sequence)
        let truth = classes?.map { UInt8($0 == SyntheticClass.drivable.rawValue ? 1 : 0) }
        take(picture, .number(frame.sequence), truth)
        count += 1
        bar.update(count)
      case .ended, .disconnected: return count
      case .corrupt, .timedOut: continue
      }
    }
    return count
  }

  private func take(_ picture: Picture, _ moment: FrameMoment, _ given: [UInt8]?) {
    change.begin(isFresh: false)
    for strip in 0..<change.strips { change.fill(strip: strip, from: picture.base, rowPitch: picture.rowPitch) }
    for strip in 0..<change.strips { change.match(strip: strip) }
    _ = change.finish(limit: .max)
    if let given {
      for index in given.indices { trueMap.bytes[index] = given[index] == 1 ? road : road ^ 1 }
      truth.add(trueMap, change, hasMatch: hasPrevious)
    }
    var other = given
    let flips = ways.first?.flicker.sums.flips ?? 0
    for index in ways.indices {
      let map = ways[index].map
      let times = ways[index].segmenter.segment(.picture(picture), at: moment, into: map)
      cleaner.clean(map)
      ways[index].network += times.network
      ways[index].stabilise += times.stabilised?.nanoseconds ?? 0
      ways[index].flicker.add(map, change, hasMatch: hasPrevious, truth: given)
      // The first way is the network alone.
      let reference = other ?? map.bytes.map { $0 == road ? 1 : 0 }
      other = reference
      ways[index].lag.add(map, other: reference)
    }
    hasPrevious = true
    sheet?.take(picture, flips: (ways.first?.flicker.sums.flips ?? 0) - flips) { mode in
      ways.first { $0.mode == mode }?.map
    }
  }
}

/// What `flicker --json` prints. Shares are 0...1, null where nothing counts.
private struct FlickerResult: Encodable {
  let model: String
  let frames: Int
  /// Pixels whose picture does not change.
  @Nullable var stillShare: Double?
  /// Of the true masks.
  @Nullable var trueFlicker: Double?
  let stabilise: [String: Way]
  private let order: [String]

  enum CodingKeys: String, CodingKey {
    case model, frames, stabilise
    case stillShare = "still_share"
    case trueFlicker = "true_flicker"
  }

  struct Way: Encodable {
    @Nullable var flicker: Double?
    @Nullable var changed: Double?
    @Nullable var lagFrames: Double?
    @Nullable var falseFlicker: Double?
    @Nullable var roadIoU: Double?
    /// Milliseconds a frame, and as a share of the network's.
    let ms: Double
    let shareOfNetwork: Double

    enum CodingKeys: String, CodingKey {
      case flicker, changed, ms
      case lagFrames = "lag_frames"
      case falseFlicker = "false_flicker"
      case roadIoU = "road_iou"
      case shareOfNetwork = "share_of_network"
    }

    init(_ way: FlickerMeasurement.Way, frames: Int, hasTruth: Bool) {
      let sums = way.flicker.sums
      flicker = sums.flicker?.rounded(toDecimals: 6)
      changed = sums.changedShare?.rounded(toDecimals: 6)
      lagFrames = way.lag.lag?.rounded(toDecimals: 3)
      falseFlicker = hasTruth ? sums.falseFlicker?.rounded(toDecimals: 6) : nil
      roadIoU = hasTruth ? sums.roadIoU?.rounded(toDecimals: 4) : nil
      ms = (Double(way.stabilise) / Double(max(frames, 1)) / 1e6).rounded(toDecimals: 3)
      shareOfNetwork = (Double(way.stabilise) / Double(max(way.network, 1))).rounded(toDecimals: 4)
    }
  }

  init(model: String, frames: Int, _ measurement: FlickerMeasurement) {
    let (ways, hasTruth) = (measurement.ways, measurement.truth.sums.frames > 0)
    trueFlicker = measurement.truth.sums.flicker?.rounded(toDecimals: 6)
    self.model = model
    self.frames = frames
    stillShare = ways.first?.flicker.sums.stillShare?.rounded(toDecimals: 4)
    order = ways.map(\.mode.rawValue)
    stabilise = Dictionary(
      uniqueKeysWithValues: ways.map { ($0.mode.rawValue, Way($0, frames: frames, hasTruth: hasTruth)) })
  }

  var text: String {
    var rows = [["stabilise", "flicker", "changed", "lag, frames", "false flicker", "road IoU", "ms", "of network"]]
    for name in order {
      guard let way = stabilise[name] else { continue }
      rows.append([
        name, Self.percent(way.flicker), Self.percent(way.changed),
        way.lagFrames.map { Format.fixed($0, 2) } ?? "-", Self.percent(way.falseFlicker),
        Self.percent(way.roadIoU), Format.fixed(way.ms, 2), Format.percent(way.shareOfNetwork),
      ])
    }
    let truth = trueFlicker.map { ", flicker of the true masks \(Self.percent($0))" } ?? ""
    return "\(model) on \(frames) frames, \(Format.percent(stillShare)) of the pixels still\(truth)\n"
      + Format.table(rows)
  }

  /// To a hundredth of a percent: flicker is a small share.
  private static func percent(_ share: Double?) -> String { share.map { "\(Format.fixed(100 * $0, 2)) %" } ?? "-" }
}
