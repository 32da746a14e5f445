import ArgumentParser
import Foundation
import RoadBase
import RoadCamera
import RoadEngine
import RoadEvaluation
import RoadFrame
import RoadPipeline
import RoadSeg
import RoadService
import RoadSink
import RoadTelemetry

/// `roadseg live`
struct LiveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "live",
    abstract: "Draws the road over a camera's pictures as they come.",
    discussion: """
      SOURCE is a camera (/dev/video0, or 0), a folder, list or JPEG to play, a recording (.mcap, or a \
      folder of them), a stream file (.mjpeg, .y4m), - for an \
      MJPEG or Y4M \
      stream on standard input, a video file or address (drive.mp4, rtsp://..., read through ffmpeg where it is \
      installed), or \
      'synthetic', a computed road ('synthetic:bonnet,reflection,stamp' with what of the car a camera sees). \
      Without one it is the first camera found; where none is there or \
      may be opened, that is said and nothing is shown, or, with --wait, it is waited for. The newest frame wins: when \
      the network is busy, older ones are passed over and counted.

      Each second one line tells the four rates (made by the camera, delivered to us, through the network, shown), the \
      latency from \
      capture to the drawn picture, and what became of every frame. Ctrl-C, SIGTERM and SIGHUP end \
      it cleanly within a second; SIGQUIT (Ctrl-\\) prints what each stage is doing.

      EXAMPLES:
        roadseg live
        roadseg live /dev/video2 --size 1280x720 --rate 30 --output overlays
        roadseg live --wait --json
        roadseg live drive/ --rate 25 --json
        ffmpeg -i drive.mp4 -f yuv4mpegpipe - | roadseg live - --output overlays
        roadseg live synthetic --seed 7 --frames 300
        roadseg live --output /dev/video10 --output film.avi
        roadseg live --output - | ffmpeg -i - road.mp4
        roadseg live --output unix:/run/roadseg/masks
        roadseg live --budget-ms 80 --trace trace.json
        roadseg live --camera-calibration camera.yaml --json
        roadseg live --own-parts windscreen.txt --region '0,30 100,30 100,100 0,100'
        roadseg live --web                          # a page at http://127.0.0.1:8080/
        roadseg live --web 0.0.0.0:8080 --web-token token.txt
      """)

  @Argument(help: "Where frames come from. (default: first camera)")
  var source: String?

  @Flag(name: .long, help: "Wait for a camera that is not there yet, may not be opened or is in use.")
  var wait = false

  @OptionGroup var profileOptions: ProfileOptions
  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var inputSize: InputSizeOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var web: WebOptions

  @OptionGroup var outputs: LiveOutputOptions
  @OptionGroup var budget: BudgetOptions
  @Option(
    name: .long,
    help: "What the road is painted with: road, its colour; confidence, red to green by how sure the network is.")
  var overlay = OverlayKind.road

  @OptionGroup var cleaning: MaskCleaningOptions
  @OptionGroup var steadying: StabiliseArguments
  @OptionGroup var ownParts: OwnPartsArguments
  @OptionGroup var metres: MetresCommandOptions
  @OptionGroup var preparation: PreparationOptions

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Write what every thread does with every frame, for ui.perfetto.dev and chrome://tracing.", valueName: "file"))
  var trace: String?

  @Option(name: .long, help: "Stop after so many shown frames. (default: go on)")
  var frames: Int?

  @Option(name: .long, help: ArgumentHelp("Frame size of a camera or the synthetic road.", valueName: "WxH"))
  var size: PictureSize?

  @Option(name: .long, help: "Frames a second of a camera, folder or the synthetic road. (default: 30)")
  var rate: Double?

  @Option(name: .long, help: "Pixel format of a camera.")
  var format: PixelFormat?

  @OptionGroup var pictureOptions: PictureOptions

  @Option(name: .long, help: "What becomes of a damaged frame: drop it, or show what could be decoded.")
  var damaged = DamagedPolicy.drop

  @Option(name: .long, help: "Which synthetic road.")
  var seed: UInt64 = 1

  @Flag(name: .long, help: "Print one JSON object a second and one at the end instead of text.")
  var json = false

  func validate() throws {
    if let frames, frames < 1 { throw ValidationError("--frames takes 1 or more") }
    guard !wait || request.isCamera else { throw ValidationError("--wait is for cameras") }
    if let rate, !(rate > 0 && rate <= 1000) { throw ValidationError("--rate takes a number above 0, up to 1000") }
  }

  func run() throws {
    // What is not there is said before the network is planned.
    StandardOutput.isTaken.store(outputs.takesStandardOutput, ordering: .relaxed)
    let measured = try metres.options(of: request.measured)
    try ownParts.check()
    let opened = wait ? nil : try open()
    let network = try Network(modelOptions, inputSize: inputSize.size, threads: threads.count)
    let service = ServiceReporter()
    let page = try LivePage(web, style: OverlayStyle(colouring: overlay.colouring))
    let tracing = try trace.map { (path) throws(RoadError) in try FrameTrace(path: path) }
    defer { if let tracing { Self.say(tracing.finish(), of: tracing.path) } }
    let begin = MonotonicClock.now()
    guard let pipeline = try pipeline(opened, network, service, page, tracing, measured) else {
      return try printSummary(ofWaiting: MonotonicClock.now() - begin, network)
    }
    let server = try page?.serve(pipeline)
    defer { server?.stop() }
    let report = Report(pipeline: pipeline, identity: network.identity, json: json)
    StopSignals.onFirst {
      service.stopping()
      pipeline.requestStop()
    } lastWords: {
      report.printAtOnce()
    }
    StopSignals.onQuestion { pipeline.stateReport }
    try ProfileReload.watch(profileOptions)
    let notes = SinkNotes()
    let degradeNotes = DegradeNotes()
    let driftNotes = DriftNotes()
    let partsNotes = OwnPartsNotes()
    partsNotes.begin(pipeline.statistics().masks?.ownParts)
    do throws(RoadError) {
      try pipeline.run { statistics in
        service.report(statistics)
        notes.say(statistics.sinks)
        degradeNotes.say(statistics.degrade)
        partsNotes.say(statistics.masks?.ownParts)
        driftNotes.say(statistics.confidence)
        report.print(statistics, type: "statistics")
        // Who wrote into a pipe that is closed goes on only for those who get the frames elsewhere.
        let isUnread = StandardOutput.readerIsGone && statistics.sinks.isEmpty
        if isUnread || LiveOutputOptions.readerIsGone(statistics.sinks) { pipeline.requestStop() }
      }
    } catch {
      // Whatever ended it: what happened until then is told.
      let statistics = pipeline.statistics()
      if statistics.ledger.entered > 0 { report.print(statistics, type: "summary") }
      throw error
    }
    let statistics = pipeline.statistics()
    degradeNotes.say(statistics.degrade)
    report.print(statistics, type: "summary")
    if let failure = statistics.sinks.lazy.compactMap(\.failure).first ?? pipeline.sourceFailure { throw failure }
  }

  private var request: SourceRequest {
    var request = SourceRequest(name: source, size: size, rate: rate, format: format, seed: seed)
    request.maximumPixels = pictureOptions.maximumPixels
    return request
  }

  private func open() throws(RoadError) -> any FrameSource {
    let (source, remark) = try request.open()
    if let remark { Terminal.say("roadseg: \(remark)") }
    return source
  }

  /// Nil where a signal came while it waited for a camera.
  private func pipeline(
    _ opened: (any FrameSource)?, _ network: Network, _ service: ServiceReporter, _ page: LivePage?,
    _ tracing: FrameTrace?, _ measured: MetresOptions?
  ) throws(RoadError) -> Pipeline? {
    let lighter = try LighterNetworks(budget, modelOptions, than: network)
    let stabilise = steadying.options(.gentle)
    let region = try ownParts.regionPolygons()
    func make(_ source: any FrameSource) throws(RoadError) -> Pipeline {
      var lanes = try outputs.lanes()
      if let page { lanes.append(page.lane) }
      var options = PipelineOptions(frameLimit: frames, identity: network.identity)
      options.style?.colouring = overlay.colouring
      options.overlayControl = page?.control
      options.maximumPixels = pictureOptions.maximumPixels
      options.showsDamaged = damaged == .show
      options.budget = budget.nanoseconds
      options.trace = tracing
      let (parts, keeping) = try ownParts.of(source.properties, searches: true)
      options.masks = MaskOptions(
        clean: cleaning.options(.gentle), stabilise: stabilise, ownParts: parts, region: region)
      options.ownPartsKeeping = keeping
      options.metres = measured
      options.preparation = preparation.value(.planes)
      return try Pipeline(
        source: source, lanes: lanes, options: options, lighter: { lighter.segmenters(for: $0, stabilise: stabilise) },
        segmenter: { network.segmenter(for: $0, stabilise: stabilise) })
    }
    if let opened { return try make(opened) }
    let waiting = CameraWait()
    StopSignals.onFirst { waiting.stop() }
    return try waiting.first { missing, nanoseconds in
      service.waiting(missing.cause)
      guard json else { return }
      let about = RunAbout(network.identity, source: cameraName, isSynthetic: false)
      try? Terminal.printJSON(WithAbout(about, WaitingJSON(missing, nanoseconds: nanoseconds)))
    } attempt: { () throws(RoadError) in
      try make(open())
    }
  }

  private var cameraName: String { source.map { "camera \($0)" } ?? "first camera" }

  /// A run that never had a camera has a summary, too.
  private func printSummary(ofWaiting nanoseconds: UInt64, _ network: Network) throws {
    let statistics = PipelineStatistics(
      elapsed: nanoseconds, video: .disconnected, silence: nanoseconds, rates: FrameRates(), latency: LatencySummary(),
      ledger: LedgerCounts(), usage: .now(), stages: PipelineStage.allCases.map { _ in LatencySummary() })
    guard json else { return Terminal.printLine(StatisticsLine.summary(statistics)) }
    let about = RunAbout(network.identity, source: cameraName, isSynthetic: false)
    try Terminal.printJSON(WithAbout(about, StatisticsJSON(statistics, type: "summary")))
  }

  private static func say(_ trace: FrameTrace.Summary, of path: String) {
    let lost = trace.lost > 0 ? ", \(trace.lost) lost since the disk was slow" : ""
    let ending = trace.ending.map { "; it ends early: \($0)" } ?? ""
    Terminal.say("roadseg: trace: \(trace.events) events in \(path)\(lost)\(ending)")
  }

  /// Prints the statistics of one run.
  private struct Report: Sendable {
    let pipeline: Pipeline
    let identity: RunIdentity
    let json: Bool

    func print(_ statistics: PipelineStatistics, type: String) {
      if let text = text(statistics, type: type) { Terminal.printLine(text) }
    }

    /// The summary of a run that has to end now.
    func printAtOnce() -> Bool {
      var statistics = pipeline.statistics()
      statistics.ledger.settleInFlight()
      return text(statistics, type: "summary").map { StandardOutput.writeAtOnce($0 + "\n") } ?? false
    }

    private func text(_ statistics: PipelineStatistics, type: String) -> String? {
      guard json else {
        return type == "summary" ? StatisticsLine.summary(statistics) : StatisticsLine.text(statistics)
      }
      let properties = pipeline.properties
      let about = RunAbout(identity, source: properties.name, isSynthetic: properties.isSynthetic)
      return try? Terminal.json(WithAbout(about, StatisticsJSON(statistics, type: type)))
    }
  }
}

extension PixelFormat: ExpressibleByArgument {
  /// Those that a camera can be asked for.
  public static var allValueStrings: [String] { allCases.filter(\.isOfCameras).map(\.rawValue) }

  public init?(argument: String) {
    self.init(rawValue: argument)
    guard isOfCameras else { return nil }
  }
}
