import ArgumentParser
import Foundation
import RoadBase
import RoadCamera
import RoadFrame
import RoadLiveView
import RoadOverlay
import RoadPipeline
import RoadProfiles
import RoadRecorder
import RoadService
import RoadSink
import RoadTelemetry

/// `roadseg record`
struct RecordCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "record",
    abstract: "Logs a camera to disk: pictures as sent, masks, numbers; for weeks, unwatched.",
    discussion: """
      SOURCE is as for roadseg live. Files are MCAP, which Foxglove and many tools open; names sort by time. A power \
      cut costs the last chunk at most; files that were left open are mended at the next start. The disk never holds \
      up the network: what does not fit the memory or finds no disk is counted, and recording goes on by itself in a \
      new file.

      With --trigger nothing is written until SIGUSR1, a change of the trigger file or an HTTP request comes; then \
      also the seconds before it.

      With --profile and without a terminal SIGHUP reads the profile again: strides, packing, chunks, segments, sync \
      and limits change at once, and what needs a restart is said.

      EXAMPLES:
        roadseg record --output /data/road --max-size 20G --min-free 1G
        roadseg record /dev/video0 --size 1280x720 --output /data/road --sync seconds=5
        roadseg record --output events --trigger signal --pre-roll 20s --post-roll 10s
        roadseg record drive/ --output recordings --masks-every 10
        roadseg record --output /data/road --web    # with a page that starts, stops and triggers
      """)

  @Argument(help: "Where frames come from. (default: first camera)")
  var source: String?

  @Option(
    name: [.short, .long], help: ArgumentHelp("Folder for the recordings; made where missing.", valueName: "dir"))
  var output: String?

  @Flag(name: .long, help: "Wait for a camera that is not there yet.")
  var wait = false

  @OptionGroup var profileOptions: ProfileOptions
  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var inputSize: InputSizeOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var web: WebOptions
  @OptionGroup var cleaning: MaskCleaningOptions
  @OptionGroup var ownParts: OwnPartsArguments
  @OptionGroup var metres: MetresCommandOptions
  @OptionGroup var preparation: PreparationOptions
  @OptionGroup(title: "Recording") var recording: RecordOptions

  @Option(name: .long, help: "Stop after so many frames with a mask. (default: go on)")
  var frames: Int?

  @Option(name: .long, help: ArgumentHelp("Frame size of a camera or the synthetic road.", valueName: "WxH"))
  var size: PictureSize?

  @Option(name: .long, help: "Frames a second of a camera, folder or the synthetic road. (default: 30)")
  var rate: Double?

  @Option(name: .long, help: "Pixel format of a camera.")
  var format: PixelFormat?

  @Option(name: .long, help: "Which synthetic road.")
  var seed: UInt64 = 1

  @Flag(name: .long, help: "Print one JSON object a second and one at the end instead of text.")
  var json = false

  func validate() throws {
    if let frames, frames < 1 { throw ValidationError("--frames takes 1 or more") }
    if let rate, !(rate > 0 && rate <= 1000) { throw ValidationError("--rate takes a number above 0, up to 1000") }
    guard !wait || request.isCamera else { throw ValidationError("--wait is for cameras") }
  }

  func run() throws {
    // A profile may give it, and is read after the arguments.
    guard let output else { throw ValidationError("give --output") }
    var options = try recording.options(folder: output)
    try ownParts.check()
    let measured = try metres.options(of: request.measured)
    if recording.birdsEyeStride > 0, measured == nil {
      throw ValidationError("--birdseye-every needs --camera-calibration")
    }
    let opened = wait ? nil : try open()
    let network = try Network(modelOptions, inputSize: inputSize.size, threads: threads.count)
    options.metadata["model_file"] = RecordedNetwork.file(of: modelOptions.model)
    options.metadata["input_size"] = "\(network.inputSize)"
    options.metadata["threads"] = "\(threads.count)"
    options.metadata[RecordedNetwork.preparationKey] = way.rawValue
    if let profile = profileOptions.profile {
      let path = try ProfileFolder.path(of: profile)
      let data = try FileInput.read(path, as: .profile, limit: 1 << 20)
      options.metadata["profile"] = URL(filePath: path).deletingPathExtension().lastPathComponent
      options.attachments.append(RecordingAttachment(name: "profile.yaml", mediaType: "application/yaml", data: data))
    }
    if let file = metres.cameraCalibration, measured?.calibration.name == file {
      let data = try FileInput.read(file, as: .calibration, limit: 1 << 20)
      options.attachments.append(
        RecordingAttachment(name: "camera-calibration.yaml", mediaType: "application/yaml", data: data))
    }
    let recorder = Recorder(options)
    let triggers = try RecordTriggers(recording, recorder)
    let service = ServiceReporter()
    let page = try LivePage(web)
    let lane = SinkLane(recorder, policy: .queue(bytes: Int(recording.memory.bytes)))
    guard let pipeline = try pipeline(opened, network, recorder, lane, service, page, measured) else { return }
    let server = try page?.serve(pipeline, recording: Self.steering(recorder))
    defer { server?.stop() }
    let about = RunAbout(
      network.identity, source: pipeline.properties.name, isSynthetic: pipeline.properties.isSynthetic)
    let report = Report(recorder: recorder, about: about, json: json)
    StopSignals.onFirst {
      service.stopping()
      pipeline.requestStop()
      Self.closeInTime(lane)
    } lastWords: {
      // A frame takes the network longer than that; the files are closed all the same.
      let isSaid = report.printAtOnce(pipeline.statistics())
      return isSaid && recorder.statistics.state == "stopped"
    }
    StopSignals.onQuestion { pipeline.stateReport }
    try ProfileReload.watch(profileOptions, changeable: RecordOptions.changeable) { arguments in
      let command = try RecordCommand.parse(arguments)
      recorder.change(to: try command.recording.options(folder: output))
      recorder.log(.info, "options reloaded")
    }
    OwnPartsNotes().begin(pipeline.statistics().masks?.ownParts)
    let notes = SinkNotes()
    var cadence = ReportCadence()
    let statistics = try withExtendedLifetime(triggers) {
      try pipeline.run { statistics in
        notes.say(statistics.sinks)
        let (isSecond, isNews) = (cadence.isSecond(), cadence.isNews(recorder.statistics.state))
        guard isSecond || isNews else { return }
        service.report(statistics)
        if isSecond { recorder.add(statistics) }
        report.print(statistics, type: "statistics")
      }
    }
    report.print(statistics, type: "summary")
    if let failure = statistics.sinks.lazy.compactMap(\.failure).first { throw failure }
  }

  /// The page's buttons.
  private static func steering(_ recorder: Recorder) -> RecordingSteering {
    let state: @Sendable () -> String = { recorder.statistics.text }
    return RecordingSteering(state: state) { action in
      switch action {
      case .start: recorder.set(isRecording: true)
      case .stop: recorder.set(isRecording: false)
      case .trigger: recorder.trigger("page")
      }
    }
  }

  /// The page shows pictures, which scaled planes are none of.
  private var way: FramePreparation {
    let usual: FramePreparation = web.web == nil ? .scaledPlanes : .planes
    let wanted = preparation.value(usual)
    return web.web != nil && wanted == .scaledPlanes ? .planes : wanted
  }

  private var request: SourceRequest {
    SourceRequest(name: source, size: size, rate: rate, format: format, seed: seed)
  }

  private func open() throws(RoadError) -> any FrameSource {
    let (source, remark) = try request.open()
    if let remark { Terminal.say("roadseg: \(remark)") }
    return source
  }

  /// After a signal: files are closed within a second, however long the network needs for the frame that it has.
  private static func closeInTime(_ lane: SinkLane) {
    _ = try? SystemThread("road-close") {
      usleep(500_000)
      lane.close()
      if !lane.wait(until: MonotonicClock.now() + 200_000_000) { lane.abandon() }
    }
  }

  /// Nil where a signal came while it waited for a camera.
  private func pipeline(
    _ opened: (any FrameSource)?, _ network: Network, _ recorder: Recorder, _ lane: SinkLane,
    _ service: ServiceReporter, _ page: LivePage?, _ measured: MetresOptions?
  ) throws(RoadError) -> Pipeline? {
    let region = try ownParts.regionPolygons()
    func make(_ source: any FrameSource) throws(RoadError) -> Pipeline {
      let (parts, _) = try ownParts.of(source.properties, searches: false)
      let masks = MaskOptions(clean: cleaning.options(), ownParts: parts, region: region)
      recorder.describe(RecordedNetwork.metadata(of: masks))
      // Only the page shows pictures; recordings hold the camera's own.
      var options = PipelineOptions(
        frameLimit: frames, style: page == nil ? nil : OverlayStyle(), showsPanel: page != nil,
        statisticsInterval: ReportCadence.look, identity: network.identity)
      options.overlayControl = page?.control
      options.masks = masks
      options.metres = measured
      options.preparation = way
      return try Pipeline(source: source, lanes: [lane] + (page.map { [$0.lane] } ?? []), options: options) {
        network.segmenter(for: $0)
      }
    }
    if let opened { return try make(opened) }
    let waiting = CameraWait()
    StopSignals.onFirst { waiting.stop() }
    return try waiting.first { missing, _ in
      service.waiting(missing.cause)
    } attempt: { () throws(RoadError) in
      try make(open())
    }
  }

  /// Prints the statistics of one run.
  private struct Report: Sendable {
    let recorder: Recorder
    let about: RunAbout
    let json: Bool

    func print(_ statistics: PipelineStatistics, type: String) {
      if let text = text(statistics, type: type) { Terminal.printLine(text) }
    }

    /// The summary of a run that has to end now.
    func printAtOnce(_ statistics: PipelineStatistics) -> Bool {
      var statistics = statistics
      statistics.ledger.settleInFlight()
      return text(statistics, type: "summary").map { StandardOutput.writeAtOnce($0 + "\n") } ?? false
    }

    private func text(_ statistics: PipelineStatistics, type: String) -> String? {
      let disk = recorder.statistics
      if json { return try? Terminal.json(WithAbout(about, RecordJSON(statistics, disk, type: type))) }
      let text = type == "summary" ? StatisticsLine.summary(statistics) : StatisticsLine.text(statistics)
      return type == "summary" ? "\(text)\n\(disk.text)" : "\(text) | \(disk.text)"
    }
  }
}

extension RecordCommand: ProfiledCommand {}

/// When a recorder reports: once a second, and at once when its state changes, so that a disk that fails is seen within
/// a second.
private struct ReportCadence {
  /// Nanoseconds between two looks.
  static let look: UInt64 = 200_000_000
  private var next = MonotonicClock.now() + 1_000_000_000
  private var state: String?

  mutating func isSecond() -> Bool {
    let now = MonotonicClock.now()
    // Half a look early rather than late.
    guard now + Self.look / 2 >= next else { return false }
    next = max(next + 1_000_000_000, now)
    return true
  }

  mutating func isNews(_ state: String) -> Bool {
    defer { self.state = state }
    return self.state != nil && self.state != state
  }
}

/// The pipeline's statistics and, as "recorder", those of the recorder.
struct RecordJSON: Encodable {
  private let statistics: StatisticsJSON
  private let recorder: RecorderStatistics

  private enum Key: CodingKey { case recorder }

  init(_ statistics: PipelineStatistics, _ recorder: RecorderStatistics, type: String) {
    self.statistics = StatisticsJSON(statistics, type: type)
    self.recorder = recorder
  }

  func encode(to encoder: any Encoder) throws {
    try statistics.encode(to: encoder)
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(recorder, forKey: .recorder)
  }
}

extension RecorderStatistics {
  /// "recording road-000001-….mcap: 12.34 MB in 1 file, 12 syncs"
  var text: String {
    let place = file?.split(separator: "/").last.map { " \($0)" } ?? ""
    var parts = [
      "\(state)\(place): \(SummaryText.megabytes(writtenBytes)) MB in \(segments) \(segments == 1 ? "file" : "files")",
      "\(images) pictures, \(masks) masks", "\(syncs) syncs",
    ]
    if let freeBytes { parts.append("\(freeBytes >> 20) MiB free") }
    if waitingBytes > 0, state == "waiting" { parts.append("\(waitingBytes >> 20) MiB of pre-roll") }
    if deletedSegments > 0 { parts.append("\(deletedSegments) old files deleted") }
    if recoveredSegments > 0 { parts.append("\(recoveredSegments) files mended") }
    if lostMessages > 0 { parts.append("\(lostMessages) messages lost") }
    if let reason, state == "failing" { parts.append("FAILING: \(reason)") }
    return parts.joined(separator: ", ")
  }
}
