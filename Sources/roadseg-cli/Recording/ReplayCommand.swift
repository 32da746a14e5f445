import ArgumentParser
import Foundation
import RoadBase
import RoadCamera
import RoadFrame
import RoadMask
import RoadPipeline
import RoadRecorder
import RoadSink
import RoadTelemetry

/// `roadseg replay`
struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Plays recordings through the network, or proves their masks.",
    discussion: """
      FILE is a recording (.mcap) or a folder of them. Without --verify the pictures come at the pace at which they \
      were recorded and one line a second tells how the pipeline does, as for roadseg live. With --verify every mask \
      is computed again and its hash compared with the recorded one: the exit code is 1 with the first frame that \
      differs. Masks are the same bytes on every board, instruction set and number of threads.

      Model and network input size are those of the recording unless given.

      EXAMPLES:
        roadseg replay recordings/ --rate 2 --output overlays
        roadseg replay recordings/road-000000-20261129T020233Z.mcap --verify
        roadseg replay recordings/ --as-fast-as-possible --json
      """)

  @Argument(help: "Recordings, or folders of them.")
  var file: [String]

  @Flag(name: .long, help: "Compute every mask again and compare the hashes.")
  var verify = false

  @Option(name: .long, help: "So many times as fast as recorded.")
  var rate = 1.0

  @Flag(name: .long, help: "Every frame, as fast as the network is.")
  var asFastAsPossible = false

  @Option(
    name: .long,
    help: ArgumentHelp("A shipped model or an ONNX file. (default: that of the recording)", valueName: "model"))
  var model: String?

  @Option(name: .long, help: ArgumentHelp("Class table for a model whose file holds none.", valueName: "file"))
  var classes: String?

  @OptionGroup var inputSize: InputSizeOptions
  @OptionGroup var threads: ThreadOptions

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Steady the masks over time, as roadseg live does: off, gentle, strong. (default: off)", valueName: "mode"))
  var stabilise = StabiliseMode.off

  @Option(name: [.short, .long], help: ArgumentHelp("Folder for overlay JPEGs.", valueName: "dir"))
  var output: String?

  @Option(name: .long, help: "Stop after so many frames. (default: all)")
  var frames: Int?

  @Flag(name: .long, help: "Print JSON instead of text.")
  var json = false

  func validate() throws {
    if !(rate > 0 && rate <= 1000) { throw ValidationError("--rate takes a number above 0, up to 1000") }
    if let frames, frames < 1 { throw ValidationError("--frames takes 1 or more") }
    guard !verify || stabilise == .off else {
      throw ValidationError("recorded masks are those of single pictures: --verify knows no --stabilise")
    }
  }

  func run() throws {
    let files = try RecordingFiles.files(file)
    let recorded = try RecordedNetwork(of: files[0])
    let network = try recorded.network(
      model: model, classes: classes, inputSize: inputSize.size, threads: threads.count,
      verifies: verify)
    let masks = try recorded.masks()
    let preparation = try recorded.preparation()
    if verify { return try verify(files, network, masks, preparation) }
    let pace = asFastAsPossible ? RecordingPace.everyFrame : .recorded(speed: rate)
    let source = try RecordingSource(paths: files, name: file.joined(separator: " "), pace: pace)
    var lanes: [SinkLane] = []
    if let output { lanes.append(SinkLane(OverlayFiles(folder: output), policy: .queue(bytes: 16 << 20))) }
    var options = PipelineOptions(frameLimit: frames)
    let steadying = StabiliseOptions(stabilise)
    options.masks = masks
    options.masks.stabilise = steadying
    options.preparation = preparation
    let pipeline = try Pipeline(source: source, lanes: lanes, options: options) {
      network.segmenter(for: $0, stabilise: steadying)
    }
    StopSignals.onFirst { pipeline.requestStop() }
    let statistics = try pipeline.run { try? print($0, type: "statistics") }
    try print(statistics, type: "summary")
    if let failure = statistics.sinks.lazy.compactMap(\.failure).first { throw failure }
  }

  private func print(_ statistics: PipelineStatistics, type: String) throws {
    if json { return try Terminal.printJSON(StatisticsJSON(statistics, type: type)) }
    Terminal.printLine(type == "summary" ? StatisticsLine.summary(statistics) : StatisticsLine.text(statistics))
  }

  // MARK: Verify

  private func verify(
    _ files: [String], _ network: Network, _ cleaning: MaskOptions, _ preparation: FramePreparation
  ) throws {
    let masks = try RecordedMasks(files: files)
    var result = VerifyResult(
      recorded: masks.count, instructionSet: network.identity.instructionSet, threads: threads.count)
    let bar = Terminal.ProgressBar("verifying", total: masks.count)
    for file in files {
      try verify(file, masks, network, cleaning, preparation) {
        bar.update(result.verified + $0)
      } add: {
        result.add($0, $1)
      }
    }
    bar.update(masks.count)
    result.finish()
    if json { try Terminal.printJSON(result) } else { Terminal.printLine(result.text) }
    if let error = result.error { throw error }
  }

  private func verify(
    _ file: String, _ masks: RecordedMasks, _ network: Network, _ cleaning: MaskOptions,
    _ preparation: FramePreparation, progress: (Int) -> Void, add: (Int, [MaskVerifier.Difference]) -> Void
  ) throws {
    let reader = try RecordingReader(path: file)
    if reader.run["images"] == "encoded" {
      throw RoadError(
        .recording, "\(file): holds raw pictures encoded as JPEG, from which masks cannot be computed bit by bit",
        remedy: "record with --raw, or with a camera that sends MJPEG")
    }
    let ordinals = try reader.pictureOrdinals()
    guard ordinals.contains(where: { masks[reader.runID, $0] != nil }) else { return }
    let verifier = MaskVerifier(masks, file: file, run: reader.runID)
    var options = PipelineOptions(style: nil, showsPanel: false, statisticsInterval: 200_000_000)
    options.masks = cleaning
    options.preparation = preparation
    let pipeline = try Pipeline(source: RecordingSource(paths: [file]), sinks: [verifier], options: options) {
      network.segmenter(for: $0)
    }
    StopSignals.onFirst { pipeline.requestStop() }
    let statistics = try pipeline.run { _ in progress(verifier.same) }
    if statistics.ledger.entered < ordinals.count, verifier.differences.isEmpty {
      throw RoadError(.recording, "\(file): stopped after \(statistics.ledger.entered) of \(ordinals.count) frames")
    }
    add(verifier.same, verifier.differences + verifier.missing(of: ordinals))
  }
}

/// What `replay --verify` prints.
struct VerifyResult: Encodable {
  let recorded: Int
  private(set) var verified = 0
  private(set) var different = 0
  /// Masks whose pictures are not among the files given.
  private(set) var withoutPicture = 0
  @Nullable var firstDifference: Difference?
  let instructionSet: String
  let threads: Int

  struct Difference: Encodable {
    let file: String
    let ordinal: UInt32
    let recorded: String
    @Nullable var computed: String?

    init(_ difference: MaskVerifier.Difference) {
      file = difference.file
      ordinal = difference.ordinal
      recorded = difference.recorded
      computed = difference.computed
    }
  }

  init(recorded: Int, instructionSet: String, threads: Int) {
    self.recorded = recorded
    self.instructionSet = instructionSet
    self.threads = threads
  }

  mutating func add(_ same: Int, _ differences: [MaskVerifier.Difference]) {
    verified += same
    different += differences.count
    guard firstDifference == nil, let first = differences.min(by: { $0.ordinal < $1.ordinal }) else { return }
    firstDifference = Difference(first)
  }

  mutating func finish() { withoutPicture = max(0, recorded - verified - different) }

  var text: String {
    let others = withoutPicture > 0 ? ", \(withoutPicture) without their pictures" : ""
    return
      "\(verified) of \(recorded) masks verified on \(instructionSet), \(threads) threads; \(different) differ\(others)"
  }

  var error: RoadError? {
    if let first = firstDifference {
      let computed = first.computed.map { "is \($0) now" } ?? "gives no mask now"
      return RoadError(
        .recording, "\(first.file): frame \(first.ordinal): its mask was \(first.recorded) and \(computed)",
        remedy: "\(different) of \(recorded) masks differ; the picture, the model or the machine is not what it was")
    }
    if verified == 0 {
      return RoadError(.recording, "no mask can be verified", remedy: "record pictures of frames with masks")
    }
    return nil
  }
}
