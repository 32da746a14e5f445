import ArgumentParser
import Foundation
import RoadBase
import RoadCamera
import RoadEngine
import RoadEvaluation
import RoadFrame
import RoadKernels
import RoadMask
import RoadModel
import RoadProfiler
import RoadSeg
import RoadSegmentation
import RoadTelemetry

/// `roadseg profile`
struct ProfileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profile",
    abstract: "Tells where each millisecond of a frame goes: stages, layers, memory.",
    discussion: """
      GMAC/s counts useful multiply-accumulates. The peak is measured in the same run: this machine's fastest integer \
      multiply-accumulate, in registers only, on as many threads; likewise what its second-level cache and its memory \
      can \
      copy. Each layer is held against the bound that these set (roofline).

      Frames are measured in repetitions. 'low' and 'high' are their smallest and largest median: with six, the true \
      one \
      lies between with 97 %. The report says when the machine was too noisy to conclude.

      EXAMPLES:
        roadseg profile
        roadseg profile --input-size 480x360 --threads 2 --json > before.json
        roadseg profile --input frame.jpg --model int8.onnx --html report.html
        roadseg profile --input drive.mcap
        roadseg profile --compare before.json after.json
        roadseg profile --baseline board.json       # keeps one, or compares with it
        roadseg profile --cold-start
      """)

  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var threads: ThreadOptions

  @OptionGroup var inputSize: ModelSizeOptions

  private var size: PictureSize? { inputSize.size }

  @Option(name: .long, help: ArgumentHelp("Camera frame size of the synthetic road.", valueName: "WxH"))
  var frameSize = PictureSize(width: 640, height: 480)

  /// What cameras send most.
  enum FrameFormat: String, CaseIterable, ExpressibleByArgument {
    case mjpeg
    case yuyv
  }

  @Option(name: .long, help: ArgumentHelp("What the camera sends.", valueName: "format"))
  var frameFormat = FrameFormat.mjpeg

  @OptionGroup var preparation: PreparationOptions

  @Option(
    name: .long,
    help: ArgumentHelp(
      """
      Measure on this picture (a JPEG as it is), or on a recording's frames as they were sent, instead of the \
      synthetic road.
      """,
      valueName: "file"))
  var input: String?

  @Option(name: .long, help: "Frames to measure.")
  var frames = 100

  @Option(name: .long, help: "Repetitions that the frames are divided into; below 6 nothing is certain.")
  var repetitions = 6

  @Option(name: .long, help: ArgumentHelp("Frames run this long before any counts.", valueName: "seconds"))
  var warmUp = 0.3

  @Option(name: .long, help: ArgumentHelp("Rest between repetitions, for a board that gets hot.", valueName: "seconds"))
  var coolDown = 0.0

  @Option(
    name: .long, help: ArgumentHelp("Count the frames that take longer, and the stage at fault.", valueName: "ms"))
  var budgetMs: Double?

  @Flag(name: .long, help: "Run each layer over the whole picture, to see what running them strip by strip gains.")
  var unfused = false

  @Flag(name: .long, help: "Print one JSON object instead of tables.")
  var json = false

  @Flag(name: .long, help: "Print a row for the table of boards, to paste; nothing is sent.")
  var submitText = false

  @Option(name: .long, help: ArgumentHelp("Write one self-contained page with plots.", valueName: "file"))
  var html: String?

  @Option(name: .long, help: ArgumentHelp("Write stages and layers as a table.", valueName: "file"))
  var csv: String?

  @Option(
    name: .long, parsing: .upToNextOption,
    help: ArgumentHelp(
      "Two profiles: what changed beyond noise. Ends with 1 when something is slower, 3 when nothing can be concluded.",
      valueName: "json"))
  var compare: [String] = []

  @Option(
    name: .long,
    help: ArgumentHelp("Keep this profile; where it is there, compare with it and end as --compare.", valueName: "json")
  )
  var baseline: String?

  @Flag(name: .long, help: "Tell how long fresh processes take to their first mask.")
  var coldStart = false

  @Flag(name: .long, help: "Print the JSON schema of --json.")
  var schema = false

  /// Run by `--cold-start` in a fresh process: prints when its first mask was there.
  @Flag(name: .long, help: .private)
  var untilFirstMask = false

  func validate() throws {
    if !(1...100_000).contains(frames) { throw ValidationError("--frames takes 1 to 100000") }
    if !(1...1000).contains(repetitions) { throw ValidationError("--repetitions takes 1 to 1000") }
    for (name, seconds) in [("--warm-up", warmUp), ("--cool-down", coolDown)] where !(0...3600).contains(seconds) {
      throw ValidationError("\(name) takes 0 to 3600 seconds")
    }
    if let budgetMs, !(budgetMs > 0 && budgetMs <= 60_000) {
      throw ValidationError("--budget-ms takes a number above 0, up to 60000")
    }
    if submitText, json { throw ValidationError("--submit-text and --json exclude each other") }
    if !compare.isEmpty, compare.count != 2 { throw ValidationError("--compare takes two profiles") }
  }

  func run() throws {
    let entered = MonotonicClock.now()
    if schema { return Terminal.printLine(ProfileSchema.text) }
    if compare.count == 2 { return try report(ProfileFile.read(compare[0]), against: ProfileFile.read(compare[1])) }
    if untilFirstMask { return try printFirstMask(entered: entered) }
    if coldStart { return try measureColdStart() }
    // A baseline that cannot be read is known before the time is spent.
    let kept = try baseline.flatMap { FileManager.default.fileExists(atPath: $0) ? try ProfileFile.read($0) : nil }
    let measurement = try measure()
    try write(measurement)
    if let kept { return try report(kept, against: measurement.profile) }
    if let baseline { try ProfileFile.write(measurement.profile, to: baseline) }
    if submitText { return Terminal.printLine(row(measurement.profile).text) }
    guard json else { return Terminal.printLine(ProfileText.text(measurement.profile)) }
    let identity = try modelOptions.identity(instructionSet: measurement.profile.instructionSet)
    let about = RunAbout(identity, source: input ?? "computed road", isSynthetic: input == nil)
    try Terminal.printJSON(WithAbout(about, measurement.profile))
  }

  private func row(_ profile: FrameProfile) -> BoardRow {
    BoardRow(
      profile, placement: CorePlacement(threads: profile.threads, among: CoreType.cores),
      software: SoftwareVersion.text, date: String(WallClock.now().prefix(10)))
  }

  private func measure() throws -> FrameMeasurement {
    // Before the engine: its threads are counted, too.
    let counters = HardwareCounters()
    let (engine, classes) = try loadEngine(modelOptions.graph())
    if !engine.pool.placement.cores.isEmpty {
      Terminal.say("roadseg: \(engine.pool.threads) threads on \(engine.pool.placement)")
    }
    let profiler = try profiler(engine, classes, counters)
    let bar = Terminal.ProgressBar("measuring", total: frames)
    let settings = FrameProfiler.Settings(
      frames: frames, repetitions: repetitions, warmUp: UInt64(warmUp * 1e9), coolDown: UInt64(coolDown * 1e9),
      budget: budgetMs.map { UInt64($0 * 1e6) })
    return profiler.measure(settings) { bar.update(Int($0 * Double(frames))) }
  }

  private func profiler(
    _ engine: Engine, _ classes: ClassTable, _ counters: HardwareCounters?
  ) throws(RoadError) -> FrameProfiler {
    if let input, frameFormat == .mjpeg, let frame = try jpegFrame(input) {
      return try FrameProfiler(
        engine: engine, classes: classes, frames: [frame], preparation: preparation.value(.planes),
        modelName: modelOptions.model, counters: counters)
    }
    guard let input, FrameSources.isRecording(input) else {
      return try FrameProfiler(
        engine: engine, classes: classes, picture: picture(), format: frameFormat == .mjpeg ? .mjpeg : .yuyv,
        preparation: preparation.value(.planes), modelName: modelOptions.model, counters: counters)
    }
    let recording = try RecordedPictures(paths: [input])
    var frames: [Frame] = []
    for index in Array(recording.places.indices).spread(over: Self.recordedFrames) {
      frames.append(try recording.frame(at: index))
    }
    guard !frames.isEmpty else {
      throw RoadError(.recording, "\(input): holds no picture that can be read", remedy: "see roadseg inspect")
    }
    return try FrameProfiler(
      engine: engine, classes: classes, frames: frames, preparation: preparation.value(.planes),
      modelName: modelOptions.model, counters: counters)
  }

  /// A JPEG as it is; nil for other files.
  private func jpegFrame(_ path: String) throws(RoadError) -> Frame? {
    guard !FrameSources.isRecording(path) else { return nil }
    let bytes = try FileInput.read(path, as: .picture)
    guard bytes.starts(with: [0xFF, 0xD8]) else { return nil }
    // Refuses what cannot be decoded.
    _ = try PictureFile.read(path)
    let frame = Frame(capacity: max(bytes.count, 1))
    frame.bytes.copyBytes(from: bytes)
    frame.byteCount = bytes.count
    frame.format = .mjpeg
    frame.size = try PictureFile.size(of: bytes, name: path)
    return frame
  }

  /// Frames of a recording that are measured in turn: enough to be typical, few enough for a board's memory.
  private static let recordedFrames = 32

  private func write(_ measurement: FrameMeasurement) throws(RoadError) {
    if let html { try FileOutput.write(ProfileReport.html(measurement), to: html) }
    if let csv { try FileOutput.write(ProfileCSV.text(measurement.profile), to: csv) }
  }

  /// - Throws: the exit code of the comparison.
  private func report(_ before: FrameProfile, against after: FrameProfile) throws {
    let comparison = ProfileComparison(before: before, after: after)
    if json { try Terminal.printJSON(comparison) } else { Terminal.printLine(ProfileText.text(comparison)) }
    if comparison.exitCode != 0 { throw ExitCode(comparison.exitCode) }
  }

  private func loadEngine(_ graph: ModelGraph) throws -> (Engine, ClassTable) {
    try graph.refuseDynamicQuantization(model: modelOptions.model)
    guard graph.isQuantized else {
      throw RoadError(.model, "\(modelOptions.model): is a float model", remedy: "quantize it first: roadseg quantize")
    }
    let engine = try Engine(
      model: graph, options: EngineOptions(threads: threads.count, inputSize: size, fusesLayers: !unfused))
    let classes = try Segmenters.classes(
      modelOptions.classTable(), of: graph, name: modelOptions.model, count: engine.scores.channels,
      threshold: engine.threshold)
    return (engine, classes)
  }

  private func picture() throws(RoadError) -> Picture {
    if let input { return try PictureFile.read(input) }
    let scene = try SyntheticScene(size: frameSize, seed: 1)
    let picture = Picture(size: frameSize)
    scene.render(frame: 30, pixels: picture.base, rowPitch: picture.rowPitch)
    return picture
  }
}

// The first mask of a fresh process.
extension ProfileCommand {
  private func printFirstMask(entered: UInt64) throws {
    let graph = try modelOptions.graph()
    let loaded = MonotonicClock.now()
    let (engine, classes) = try loadEngine(graph)
    let planned = MonotonicClock.now()
    try FrameProfiler.showOneFrame(
      engine: engine, classes: classes, size: frameSize, format: frameFormat == .mjpeg ? .mjpeg : .yuyv)
    let moments = ColdStart.Moments(
      entered: entered, loaded: loaded, planned: planned, firstMask: MonotonicClock.now())
    // ColdStart reads it with a plain decoder.
    Terminal.printLine(String(decoding: try JSONEncoder().encode(moments), as: UTF8.self))
  }

  private func measureColdStart() throws {
    var arguments = ["profile", "--until-first-mask", "--model", modelOptions.model, "--frame-size", "\(frameSize)"]
    arguments += ["--frame-format", frameFormat.rawValue, "--threads", "\(threads.count)"]
    if let size { arguments += ["--input-size", "\(size)"] }
    if let classes = modelOptions.classes { arguments += ["--classes", classes] }
    arguments += modelOptions.pictureInput.arguments + modelOptions.output.arguments
    let start = try ColdStart.measure(program: "/proc/self/exe", arguments: arguments, starts: 11)
    if json { try Terminal.printJSON(start) } else { Terminal.printLine(ProfileText.text(start)) }
  }
}
