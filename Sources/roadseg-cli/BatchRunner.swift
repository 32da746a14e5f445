import RoadBase
import RoadCamera
import RoadFrame
import RoadMask
import RoadPipeline
import RoadTelemetry
import Synchronization

/// Runs one pipeline after the other for `roadseg run` and adds up what came of them.
final class BatchRunner {
  private let network: Network
  private let output: String
  private let limit: Int?
  private let total: Int?
  private let start = MonotonicClock.now()
  private var ledger = LedgerCounts()
  private var damaged: [RunResult.Damaged] = []
  private let isStopped = StopFlag()

  /// Set by the thread that waits for signals.
  private final class StopFlag: Sendable {
    private let value = Atomic<Bool>(false)
    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
  }

  /// - Parameters:
  ///   - limit: frames in all.
  ///   - total: frames that there are, where that is known beforehand.
  init(network: Network, output: String, limit: Int?, total: Int?) {
    self.network = network
    self.output = output
    self.limit = limit
    self.total = total
  }

  func leaveOut(_ pictures: [UnusablePicture]) {
    for picture in pictures {
      note(RunResult.Damaged(input: picture.file, frame: nil, reason: picture.error.cause), line: "\(picture.error)")
      ledger.entered += 1
      ledger.settled[.undecodable] += 1
    }
  }

  func run(_ batch: PictureBatch) throws(RoadError) {
    let folder: PictureFolder
    do throws(RoadError) {
      folder = try PictureFolder(files: batch.files, name: batch.files[0], pace: .everyFrame)
    } catch {
      guard total != 1 else { throw error }
      // Not one picture of the batch can be decoded: each tells why.
      return leaveOut(batch.files.map { UnusablePicture(file: $0, error: Self.damage(of: $0) ?? error) })
    }
    try run(folder, names: batch.names) { batch.files[$0] }
  }

  private static func damage(of file: String) -> RoadError? {
    do throws(RoadError) {
      _ = try PictureFile.read(file)
      return nil
    } catch { return error }
  }

  func run(stream name: String) throws(RoadError) {
    let source = try FrameSources.open(name)
    guard !source.properties.isLive else {
      throw RoadError(.option, "\(name): is a camera, which does not wait", remedy: "use roadseg live")
    }
    try run(source, names: nil) { _ in source.properties.name }
  }

  private func run(
    _ source: any FrameSource, names: [String]?, input: (Int) -> String
  ) throws(RoadError) {
    let rest = limit.map { $0 - ledger[.shown] }
    guard !isStopped.isSet, rest ?? 1 > 0 else { return }
    let sink = try MaskFiles(
      folder: output, names: names, size: source.properties.size, drivable: network.classes.drivable)
    // Pictures come out the same whenever and wherever they are made: without the panel's timings.
    let options = PipelineOptions(frameLimit: rest, showsPanel: false, statisticsInterval: 100_000_000)
    let network = network
    let pipeline = try Pipeline(source: source, sinks: [sink], options: options) { network.segmenter(for: $0) }
    StopSignals.onFirst { [isStopped] in
      isStopped.set()
      pipeline.requestStop()
    }
    let bar = total.map { Terminal.ProgressBar("segmenting", total: limit.map { min($0, total ?? $0) } ?? $0) }
    let before = ledger
    let statistics = try pipeline.run { bar?.update(before.settled.total + $0.ledger.settled.total) }
    ledger += statistics.ledger
    bar?.update(ledger.settled.total)
    for frame in pipeline.damagedFrames.sorted(by: { $0.ordinal < $1.ordinal }) {
      let place = names == nil ? frame.ordinal : nil
      let damage = RunResult.Damaged(input: input(frame.ordinal), frame: place, reason: frame.damage.words)
      note(damage, line: damage.text)
    }
  }

  private func note(_ damage: RunResult.Damaged, line: String) {
    damaged.append(damage)
    Terminal.say("roadseg: \(line)")
  }

  func result() -> RunResult {
    RunResult(
      output: output, model: network.name, classes: network.classes.classes.map(\.name),
      drivable: Int(network.classes.drivable), seconds: Double(MonotonicClock.now() - start) / 1e9,
      ledger: ledger, damaged: damaged)
  }

  /// Throws if not everything that was asked for is there.
  func finish() throws(RoadError) {
    if isStopped.isSet {
      throw RoadError(.output, "stopped by a signal after \(ledger[.shown]) frames")
    }
    if !damaged.isEmpty {
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

  struct Damaged: Encodable {
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

  init(
    output: String, model: String, classes: [String], drivable: Int, seconds: Double, ledger: LedgerCounts,
    damaged: [Damaged]
  ) {
    self.output = output
    self.model = model
    self.classes = classes
    self.drivable = drivable
    self.seconds = seconds.rounded(toDecimals: 3)
    self.damaged = damaged
    frames = ledger.entered
    written = ledger[.shown]
    framesPerSecond = (seconds > 0 ? Double(written) / seconds : 0).rounded(toDecimals: 2)
    self.ledger = StatisticsJSON.Ledger(ledger)
  }

  var text: String {
    "\(output): \(written) of \(frames) frames in \(MaskFiles.folders.map { $0 + "/" }.joined(separator: ", ")) "
      + "(\(Format.fixed(seconds, 1)) s, \(Format.fixed(framesPerSecond, 1)) fps)"
  }
}
