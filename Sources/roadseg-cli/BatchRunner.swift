import RoadBase
import RoadCamera
import RoadEvaluation
import RoadFrame
import RoadMask
import RoadPipeline
import RoadTelemetry
import Synchronization

/// Runs one pipeline after the other for `roadseg run` and adds up what came of them.
final class BatchRunner {
  private let network: Network
  private let settings: RunSettings
  private let limit: Int?
  private let total: Int?
  /// Pictures that an earlier run had written.
  private let resumed: Int
  private let start = MonotonicClock.now()
  private var ledger = LedgerCounts()
  private var damaged: [RunResult.Damaged] = []
  /// Of the last frame of the last pipeline.
  private var metres: MetresJSON?
  private var health = HealthCounts()
  /// Those of them that were used all the same.
  private var shownDamaged = 0
  private let isStopped = StopFlag()
  private let bar: Terminal.ProgressBar
  /// Says a result without waiting, where the process has to end before the network does.
  private let sayAtOnce: @Sendable (RunResult) -> Void

  /// Set by the thread that waits for signals.
  private final class StopFlag: Sendable {
    private let value = Atomic<Bool>(false)
    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
  }

  /// - Parameters:
  ///   - limit: frames in all.
  ///   - total: frames that there are, where that is known beforehand.
  init(
    network: Network, settings: RunSettings, limit: Int?, total: Int?, resumed: Int,
    sayAtOnce: @escaping @Sendable (RunResult) -> Void
  ) {
    self.sayAtOnce = sayAtOnce
    self.network = network
    self.settings = settings
    self.limit = limit
    self.total = total
    self.resumed = resumed
    bar = Terminal.ProgressBar("segmenting", total: total.map { min($0, limit ?? $0) })
  }

  func leaveOut(_ pictures: [UnusablePicture]) {
    for picture in pictures {
      // The same form as a frame's, "cut short": without the name, which stands beside it, and without "is".
      var reason = picture.error.cause[...]
      for prefix in ["\(picture.file): ", "is "] where reason.hasPrefix(prefix) {
        reason = reason.dropFirst(prefix.count)
      }
      note(RunResult.Damaged(input: picture.file, frame: nil, reason: String(reason)), line: "\(picture.error)")
      ledger.entered += 1
      ledger.settled[.undecodable] += 1
    }
  }

  func run(_ batch: PictureBatch) throws(RoadError) {
    let folder: PictureFolder
    do throws(RoadError) {
      folder = try PictureFolder(
        files: batch.files, name: batch.files[0], pace: .everyFrame, maximumPixels: settings.maximumPixels,
        acceptsPartial: settings.showsDamaged)
    } catch {
      guard total != 1 else { throw error }
      // Not one picture of the batch can be decoded: each tells why.
      return leaveOut(batch.files.map { UnusablePicture(file: $0, error: damage(of: $0) ?? error) })
    }
    guard let slots = Self.slots(for: folder.properties) else {
      let errors = batch.files.map { UnusablePicture(file: $0, error: Self.noMemory(for: batch.size, $0)) }
      if total == 1, let only = errors.first { throw only.error }
      return leaveOut(errors)
    }
    try run(folder, names: batch.names, slots: slots) { batch.files[$0] }
  }

  private func damage(of file: String) -> RoadError? {
    do throws(RoadError) {
      _ = try PictureFile.read(file, maximumPixels: settings.maximumPixels)
      return nil
    } catch { return error }
  }

  /// Frames on their way at a time that there is memory for; nil where there is none for a single one.
  private static func slots(for source: SourceProperties) -> Int? {
    [Pipeline.slots(for: source), 1].first { slots in
      let bytes = Pipeline.bytes(for: source, slots: slots)
      // What is less than the stacks of our threads is there, or nothing is.
      return bytes < reserve || Memory.isAvailable(bytes + reserve)
    }
  }

  /// Bytes for the stacks of the stages, and for what libjpeg and libpng take for themselves.
  private static let reserve = 64 << 20

  private static func noMemory(for size: PictureSize, _ file: String) -> RoadError {
    RoadError(.picture, "\(file): no memory for \(size) pixels", remedy: "scale it down or free some memory")
  }

  func run(stream name: String) throws(RoadError) {
    let source = try FrameSources.open(name, maximumPixels: settings.maximumPixels)
    guard !source.properties.isLive else {
      throw RoadError(.option, "\(name): is a camera, which does not wait", remedy: "use roadseg live")
    }
    let done = settings.resumes ? Resumption(output: settings.output, kinds: settings.kinds).framesDone() : 0
    if done > 0 { Terminal.say("roadseg: \(source.properties.name): \(done) frames are written already") }
    try run(done > 0 ? SkippingSource(source, first: done) : source, names: nil, slots: nil) { _ in
      source.properties.name
    }
    if let failure = source.failure { throw failure }
  }

  private func run(
    _ source: any FrameSource, names: [String]?, slots: Int?, input: @escaping @Sendable (Int) -> String
  ) throws(RoadError) {
    let rest = limit.map { $0 - ledger[.shown] }
    guard !isStopped.isSet, rest ?? 1 > 0 else { return }
    let sink = try MaskFiles(
      folder: settings.output, names: names, size: source.properties.size, classes: settings.classes,
      kinds: settings.kinds)
    // Pictures come out the same whenever and wherever they are made: without the panel's timings.
    var options = PipelineOptions(
      frameLimit: rest, style: settings.kinds.contains(.overlay) ? settings.style : nil, showsPanel: false,
      statisticsInterval: 100_000_000)
    options.maximumPixels = settings.maximumPixels
    options.showsDamaged = settings.showsDamaged
    options.slots = slots
    options.masks = settings.masks
    options.keepsConfidence = settings.kinds.contains(.confidence)
    options.metres = settings.metres
    options.preparation = settings.preparation
    let network = network
    let stabilise = settings.masks.stabilise
    let pipeline = try Pipeline(source: source, sinks: [sink], options: options) {
      let segmenter = network.segmenter(for: $0, stabilise: stabilise)
      return settings.refines ? CRFSegmenter(segmenter) : segmenter
    }
    StopSignals.onQuestion { pipeline.stateReport }
    StopSignals.onFirst { [isStopped] in
      isStopped.set()
      pipeline.requestStop()
    } lastWords: { [settings, start, damaged, ledger, resumed, sayAtOnce, model = network.name] in
      var counts = ledger
      counts += pipeline.statistics().ledger
      counts.settleInFlight()
      let listed = pipeline.damagedFrames.map { Self.damage($0, isStream: names == nil, input: input) }
      sayAtOnce(
        RunResult(
          settings, model: model, resumed: resumed, since: start, ledger: counts, damaged: damaged + listed))
      return false
    }
    let before = ledger
    let statistics = try pipeline.run { bar.update(before.settled.total + $0.ledger.settled.total) }
    ledger += statistics.ledger
    metres = statistics.metres ?? metres
    if let picture = statistics.picture { health += picture.frames }
    bar.update(ledger.settled.total)
    for frame in pipeline.damagedFrames.sorted(by: { $0.ordinal < $1.ordinal }) {
      let damage = Self.damage(frame, isStream: names == nil, input: input)
      note(damage, line: damage.text)
      if frame.isShown { shownDamaged += 1 }
    }
  }

  private static func damage(
    _ frame: DamagedFrame, isStream: Bool, input: (Int) -> String
  ) -> RunResult.Damaged {
    let reason = frame.isShown ? "\(frame.damage.words); what could be decoded is used" : frame.damage.words
    return RunResult.Damaged(input: input(frame.ordinal), frame: isStream ? frame.ordinal : nil, reason: reason)
  }

  private func note(_ damage: RunResult.Damaged, line: String) {
    damaged.append(damage)
    Terminal.say("roadseg: \(line)")
  }

  func result() -> RunResult {
    bar.finish()
    var result = RunResult(
      settings, model: network.name, resumed: resumed, since: start, ledger: ledger, damaged: damaged)
    result.health = health
    result.metres = metres.map { RunResult.Metres(calibration: settings.metres?.calibration.name ?? "", last: $0) }
    return result
  }

  /// Throws if not everything that was asked for is there.
  func finish() throws(RoadError) {
    if isStopped.isSet {
      throw RoadError(.output, "stopped by a signal after \(ledger[.shown]) frames")
    }
    if damaged.count > shownDamaged {
      let frames = ledger.entered == 1 ? "frame" : "frames"
      throw RoadError(
        .picture, "\(ledger.corrupt) of \(ledger.entered) \(frames) could not be used",
        remedy: "the others are written; mend or remove the ones named above")
    }
  }
}

/// What `run --json` prints.
struct RunResult: Encodable {
  let output: String
  let model: String
  /// Names by class, the grey values of `classes/*.png`.
  let classes: [String]
  let drivable: Int
  let frames: Int
  let written: Int
  let seconds: Double
  let framesPerSecond: Double
  let ledger: StatisticsJSON.Ledger
  let damaged: [Damaged]
  /// Pictures that an earlier run had written (`--resume`).
  let resumed: Int
  /// Frames by the word for their picture's health.
  var health = HealthCounts()
  /// Null without a calibrated camera.
  @Nullable var metres: Metres?
  private let folders: String

  enum CodingKeys: CodingKey {
    case output, model, classes, drivable, frames, written, seconds, framesPerSecond, ledger, damaged, resumed, health,
      metres
  }

  struct Metres: Encodable {
    let calibration: String
    /// What was measured on the last frame; that of every frame stands in `metres/NAME.json`.
    let last: MetresJSON
  }

  struct Damaged: Encodable, Sendable {
    let input: String
    /// Place in a stream, from 0; null for a file.
    @Nullable var frame: Int?
    let reason: String

    init(input: String, frame: Int?, reason: String) {
      self.input = input
      self.frame = frame
      self.reason = reason
    }

    var text: String { "\(input): \(frame.map { "frame \($0) is " } ?? "")\(reason)" }
  }

  /// - Parameter start: nanoseconds of the monotonic clock.
  init(
    _ settings: RunSettings, model: String, resumed: Int, since start: UInt64, ledger: LedgerCounts,
    damaged: [Damaged]
  ) {
    output = settings.output
    self.resumed = resumed
    folders = MaskFiles.Kind.allCases.filter(settings.kinds.contains).map { "\($0.rawValue)/" }.joined(separator: ", ")
    self.model = model
    classes = settings.classes.classes.map(\.name)
    drivable = Int(settings.classes.drivable)
    let seconds = Double(MonotonicClock.now() - start) / 1e9
    self.seconds = seconds.rounded(toDecimals: 3)
    self.damaged = damaged
    frames = ledger.entered
    written = ledger[.shown]
    framesPerSecond = (seconds > 0 ? Double(written) / seconds : 0).rounded(toDecimals: 2)
    self.ledger = StatisticsJSON.Ledger(ledger)
  }

  var text: String {
    "\(output): \(written) of \(frames) frames in \(folders) "
      + "(\(Format.fixed(seconds, 1)) s, \(Format.fixed(framesPerSecond, 1)) fps)"
  }
}
