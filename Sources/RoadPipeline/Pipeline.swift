import Glibc
import RoadBase
import RoadCamera
import RoadFrame
import RoadMask
import RoadMetres
import RoadOverlay
import RoadSink
import RoadTelemetry
import Synchronization

/// What a ``Pipeline`` does besides segmenting.
public struct PipelineOptions: Sendable {
  /// Stop after so many frames: shown ones of a live source, read ones of any other. Nil: go on to the end.
  public var frameLimit: Int?
  /// Paint the mask over the picture before the sinks get it; nil leaves the picture as it is.
  public var style: OverlayStyle?
  /// Steers the overlay while frames flow; nil leaves it as the style says.
  public var overlayControl: OverlayControl?
  /// Draw the panel with rates and latencies, too.
  public var showsPanel: Bool
  /// Nanoseconds between two calls with statistics.
  public var statisticsInterval: UInt64
  /// A larger picture is a damaged frame.
  public var maximumPixels = Picture.defaultPixelLimit
  /// Whether a damaged JPEG or PNG is shown with the pixels that it has, instead of dropped.
  public var showsDamaged = false
  /// Nanoseconds from capture to the drawn picture; frames that would take longer are dropped early, and the pipeline
  /// steps back while there are many. Nil: every frame counts as in time. Of live sources only.
  public var budget: UInt64?
  /// How frames come to the network. Sources without luma and chroma give pictures all the same; where pictures are
  /// shown, or with a budget, scaled planes are whole ones.
  public var preparation = FramePreparation.pictures
  /// What is done to the class maps behind the network.
  public var masks = MaskOptions()
  /// Whether the car's own parts are looked for, and where what is found or drawn stays.
  public var ownPartsKeeping = OwnPartsKeeping()
  /// Whether sinks of the draw thread get a map of confidence, too (``ShownFrame/confidence``).
  public var keepsConfidence = false
  /// With a calibrated camera: what is measured on the class maps, after all else is done to them.
  public var metres: MetresOptions?
  /// Where every event of every frame is noted; the caller finishes it.
  public var trace: FrameTrace?
  /// Frames on their way at a time; nil for as many as make sense for the source.
  public var slots: Int?
  /// What computes the masks, for the sinks.
  public var identity: RunIdentity

  public init(
    frameLimit: Int? = nil, style: OverlayStyle? = OverlayStyle(), showsPanel: Bool = true,
    statisticsInterval: UInt64 = 1_000_000_000, identity: RunIdentity = RunIdentity()
  ) {
    self.identity = identity
    self.frameLimit = frameLimit
    self.style = style
    self.showsPanel = showsPanel
    self.statisticsInterval = statisticsInterval
  }
}

/// Frames from a source, through a network, onto a picture, into sinks: three threads over a ring of preallocated
/// slots.
///
///     capture ──captured──► infer ──inferred──► draw ──► sinks in the draw thread
///        ▲  ╲                 │                   │ ╲
///        │   └────────────────│───────────────────│──┴─► lanes, each with a sink and a thread of its own
///        └──────── free ◄─────┴───────────────────┘
///
/// Capture reads the source; infer decodes and segments; draw paints and feeds sinks and lanes (see ``FrameSink``).
/// While frame n is drawn, n + 1 is in the network and n + 2 is captured. From a live source the newest frame wins:
/// when the network is busy, a waiting frame gives way to a newer one. Any other source gives every frame and waits.
///
/// Every frame number ends in one bin of the ledger, whatever happens. After `init` the three stages allocate nothing
/// but what libjpeg and the sinks take. `requestStop` may be called by any thread at any time.
public final class Pipeline: @unchecked Sendable {
  public let properties: SourceProperties

  let source: any FrameSource
  let segmenter: any Segmenter
  let sinks: [any FrameSink]
  let lanes: [SinkLane]
  let options: PipelineOptions
  let telemetry = Telemetry()
  let decoder: FrameDecoder
  let painter: OverlayPainter
  /// Of the infer thread.
  let refiner: MaskRefiner
  let ownPartsState: OwnPartsState
  let watch: PictureWatch
  /// Of the infer thread; nil without a calibrated camera.
  let metres: MetresStage?
  /// Nil without a budget.
  let degrading: Degrading?
  let trace: PipelineTrace?
  /// Whether somebody wants to be told why there is no video.
  let tellsNotices: Bool
  /// Of the draw thread: says so. Made when there is something to say: most runs never need its pictures.
  var notice: (painter: NoticePainter, picture: Picture, canvas: Canvas)?
  /// Whether anybody paints on frames or takes them; else they need not become pictures.
  let needsCanvas: Bool
  let canvasKind: Canvas.Kind
  /// By how much JPEGs are made smaller as they are decoded.
  let reduction: Int

  let slots: [FrameSlot]
  let free: HandOver
  let captured: HandOver
  let inferred: HandOver

  /// No further frame is read; those on their way are finished.
  let stopRequested = Atomic<Bool>(false)
  /// Those on their way are not finished either.
  let abandoned = Atomic<Bool>(false)
  let failure = Mutex<RoadError?>(nil)
  /// When a stop was requested, which bounds how long the sinks may take to end; 0 before.
  private let stopTime = Atomic<UInt64>(0)
  private let ended = Monitor()
  private var runningStages = 0

  /// One slot each to fill, waiting, in the network, waiting, being drawn.
  private static let liveSlots = 5
  /// One more, to read ahead.
  private static let offlineSlots = 6
  /// Pixels above which two pictures on their way at a time are enough, and above which one is: memory is dearer then
  /// than the time that threads wait for each other.
  private static let largePicture = 1 << 20
  private static let hugePicture = 1 << 24

  /// How many frames of a source are on their way at a time.
  public static func slots(for source: SourceProperties) -> Int {
    if source.isLive { return liveSlots }
    let fitting = source.size.pixels > hugePicture ? 1 : source.size.pixels > largePicture ? 2 : offlineSlots
    return max(min(fitting, source.frameCount ?? fitting), 1)
  }

  /// Bytes that frames of this source take, with what drawing and writing them as files need.
  public static func bytes(for source: SourceProperties, slots: Int) -> Int {
    let pixels = source.size.pixels
    let slot = Picture.byteCount(of: source.size) + source.maximumFrameBytes + pixels
    // The road mask, the overlay's paint codes, room for a JPEG and a PNG.
    return slots * slot + (1 + 1 + 3 + 1) * pixels
  }

  /// Starts the source, whose size is known only then.
  ///
  /// - Parameters:
  ///   - sinks: fed by the draw thread; the error of one ends the run.
  ///   - lanes: sinks with a thread of their own, which neither stall nor end the run.
  ///   - lighter: makes those that take its place when a budget is missed, each lighter than the one before.
  ///   - segmenter: makes the segmenter for the source's picture size.
  public init(
    source: any FrameSource, sinks: [any FrameSink] = [], lanes: [SinkLane] = [],
    options: PipelineOptions = PipelineOptions(),
    lighter: (PictureSize) throws(RoadError) -> [LighterSegmenter] = { _ in [] },
    segmenter: (PictureSize) throws(RoadError) -> any Segmenter
  ) throws(RoadError) {
    if lanes.contains(where: { $0.sink.interest.contains(.captured) }) { source.deliverEveryFrame() }
    try source.start()
    let properties = source.properties
    do {
      let usual = try segmenter(properties.size)
      self.segmenter = usual
      degrading =
        try options.budget.map { (budget) throws(RoadError) in
          Degrading(budget: budget, usual: usual, lighter: properties.isLive ? try lighter(properties.size) : [])
        }
      decoder = try FrameDecoder(maximumPixels: options.maximumPixels, acceptsPartial: options.showsDamaged)
      let ownParts = OwnPartsState(
        options.masks, options.ownPartsKeeping, size: properties.size, classes: usual.classes)
      ownPartsState = ownParts
      metres = try options.metres.map { (wanted) throws(RoadError) in
        try MetresStage(
          wanted, size: properties.size, classes: usual.classes, hidden: ownParts.mask)
      }
    } catch {
      source.stop()
      throw error
    }
    self.source = source
    self.sinks = sinks
    self.lanes = lanes
    self.options = options
    self.properties = properties
    watch = PictureWatch(usual: self.segmenter.usual)
    refiner = MaskRefiner(
      options.masks, ownPartsState, size: properties.size, classes: self.segmenter.classes)
    painter = OverlayPainter(
      segmenter: self.segmenter, source: properties, options: options, refiner: refiner,
      levels: degrading?.levels ?? [], figures: metres?.figures())
    let traced = degrading?.segmenters ?? [self.segmenter]
    trace = options.trace.map { PipelineTrace($0, segmenters: traced, lanes: lanes) }
    let kind: Canvas.Kind = options.preparation != .pictures && properties.format.hasHalfChroma ? .planes : .rgbx
    canvasKind = kind
    needsCanvas =
      options.style != nil || sinks.contains { $0.interest.contains(.picture) }
      || lanes.contains { $0.sink.interest.contains(.picture) }
    reduction =
      options.preparation == .scaledPlanes && kind == .planes && !needsCanvas && degrading == nil
      ? self.segmenter.reduction : 1
    let canvasSize = JPEGReduction.size(of: properties.size, by: reduction)
    tellsNotices =
      options.style != nil && lanes.contains { $0.sink.interest.contains(.notices) } && properties.isLive
    slots = (0..<(options.slots ?? Self.slots(for: properties))).map { [metres] _ in
      FrameSlot(
        size: properties.size, frameBytes: properties.maximumFrameBytes, canvas: kind, canvasSize: canvasSize,
        keepsConfidence: options.keepsConfidence || options.style?.colouring == .confidence, figures: metres?.figures())
    }
    free = HandOver(capacity: slots.count)
    captured = HandOver(capacity: properties.isLive ? 1 : 2)
    inferred = HandOver(capacity: 1)
    for slot in slots.indices { free.put(slot) }
  }

  /// Frames that could not be used, the first thousand of them.
  public var damagedFrames: [DamagedFrame] { telemetry.damagedFrames }

  public func statistics() -> PipelineStatistics {
    var statistics = telemetry.statistics(lanes.map { $0.statistics() })
    statistics.degrade = degrading?.state
    statistics.masks = refiner.statistics
    statistics.picture = watch.picture
    statistics.confidence = watch.confidence
    statistics.metres = metres?.statistics
    return statistics
  }

  /// The car's own parts as they are now; nil where none are known.
  public var ownParts: OwnParts? { ownPartsState.parts }

  /// Takes other parts of the car out of the masks, from the next frame on, keeps them as the options say, and looks
  /// for none any more. Any thread may call it; it takes some milliseconds and memory.
  ///
  /// - Parameter parts: nil for none.
  /// - Throws: `.output` where they cannot be kept; they count in this run all the same.
  public func changeOwnParts(to parts: OwnParts?) throws(RoadError) { try change(to: parts, origin: .page) }

  private func change(to parts: OwnParts?, origin: MaskStatistics.OwnParts.Origin) throws(RoadError) {
    try ownPartsState.change(to: parts, origin: origin) { metres?.hide($0) }
  }

  private func takeFoundParts() {
    guard let found = ownPartsState.check() else { return }
    // Why they could not be kept is in the statistics.
    try? change(to: found, origin: .found)
  }

  /// Reads no further frame; `run` returns when those on their way are shown and the sinks have ended, but no later
  /// than ``stopPatience`` for a sink that hangs.
  public func requestStop() {
    _ = stopTime.compareExchange(expected: 0, desired: MonotonicClock.now(), ordering: .relaxed)
    for lane in lanes { lane.stopWaiting() }
    halt()
  }

  private func halt() {
    stopRequested.store(true, ordering: .relaxed)
    ended.locked { ended.wakeAll() }
  }

  /// Runs until the source ends, the limit is reached, a sink fails or a stop is requested. Call it once.
  ///
  /// - Parameter report: called by this thread at each interval with the statistics so far.
  /// - Returns: the statistics at the end; the ledger balances.
  /// - Throws: the error of the sink that failed, or of the sink or lane that could not start.
  @discardableResult
  public func run(report: (PipelineStatistics) -> Void = { _ in }) throws(RoadError) -> PipelineStatistics {
    defer { source.stop() }
    telemetry.begin()
    try startSinks()
    let threads = startStages()
    waitForStages(report)
    for thread in threads { thread.join() }
    stopSinks()
    if let error = failure.withLock({ $0 }) { throw error }
    return statistics()
  }

  /// Ends the pipeline with an error: the first one is the one that `run` throws.
  func fail(_ error: RoadError) {
    failure.withLock { $0 = $0 ?? error }
    abandon()
  }

  func abandon() {
    abandoned.store(true, ordering: .relaxed)
    halt()
  }
}

extension Pipeline {
  /// A stage that gets no thread is a failure, but its hand-over is closed as if it had run, so that the others end.
  private func startStages() -> [SystemThread] {
    let stages: [(String, @Sendable () -> Void)] = [
      ("road-draw", { self.drawFrames() }),
      ("road-infer", { self.inferFrames() }),
      ("road-capture", { self.captureFrames() }),
    ]
    ended.locked { runningStages = stages.count }
    var threads: [SystemThread] = []
    for (name, body) in stages {
      do throws(RoadError) {
        threads.append(
          try SystemThread(name) {
            body()
            self.stageEnded()
          })
      } catch {
        fail(error)
        // No frame was captured yet: capture, the last to start, sees the stop.
        if name == "road-infer" { inferred.close() }
        if name == "road-capture" { captured.close() }
        stageEnded()
      }
    }
    return threads
  }

  private func stageEnded() {
    ended.locked {
      runningStages -= 1
      ended.wakeAll()
    }
  }

  private func waitForStages(_ report: (PipelineStatistics) -> Void) {
    var next = MonotonicClock.now() + options.statisticsInterval
    while true {
      let isDue: Bool? = ended.locked {
        while runningStages > 0 {
          if !ended.wait(until: next) { return true }
        }
        return nil
      }
      guard isDue != nil else { return }
      takeFoundParts()
      report(statistics())
      next = max(next + options.statisticsInterval, MonotonicClock.now())
    }
  }

  /// Sleeps, but not beyond a requested stop.
  func pause(nanoseconds: UInt64) {
    let deadline = MonotonicClock.now() + nanoseconds
    ended.locked {
      while !stopRequested.load(ordering: .relaxed), ended.wait(until: deadline) {}
    }
  }
}

// MARK: - Sinks

extension Pipeline {
  /// Nanoseconds that the lanes have, after a requested stop, to write what waits and to end.
  public static let stopPatience: UInt64 = 600_000_000
  /// The same when the source ended by itself and nobody waits for the process.
  private static let endPatience: UInt64 = 10_000_000_000

  private func startSinks() throws(RoadError) {
    var session = SinkSession(
      source: properties, classes: segmenter.classes, identity: options.identity, canvas: canvasKind)
    session.calibration = metres?.calibration
    session.figures = metres?.figures()
    var started: [any FrameSink] = []
    do throws(RoadError) {
      for sink in sinks {
        try sink.start(session)
        started.append(sink)
      }
      for lane in lanes { try lane.start(session) }
    } catch {
      for sink in started { sink.stop() }
      for lane in lanes { lane.close() }
      for lane in lanes { lane.end() }
      throw error
    }
  }

  private func stopSinks() {
    for sink in sinks { sink.stop() }
    for lane in lanes { lane.close() }
    let begin = MonotonicClock.now()
    for lane in lanes {
      while !lane.wait(until: MonotonicClock.now() + 20_000_000) {
        let requested = stopTime.load(ordering: .relaxed)
        let deadline = requested > 0 ? requested + Self.stopPatience : begin + Self.endPatience
        if MonotonicClock.now() > deadline { break }
      }
      lane.end()
    }
  }

  func offer(_ frames: SettledFrames) {
    trace?.settled(frames, now: MonotonicClock.now())
    for lane in lanes { lane.offer(frames) }
  }
}
