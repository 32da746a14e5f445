import Glibc
import RoadBase
import RoadEngine
import RoadFrame
import RoadMask
import RoadOverlay
import RoadPipeline
import RoadSegmentation

/// Measures every stage of a frame, one after the other on one thread (with the engine's pool where a stage shares its
/// work), and every layer of the network.
///
/// Stages are timed in frames of their own, layers in others: the clock between layers would lengthen the stage.
public final class FrameProfiler {
  private let engine: Engine
  /// Where frames are decoded and painted.
  private let canvas: Canvas
  private let preparation: FramePreparation
  private let reduction: Int
  /// Else frames end with their class map.
  private let showsPictures: Bool
  /// As a camera sends them; measured in turn.
  private let captured: [Frame]
  private var nextFrame = 0
  private let decoder: FrameDecoder
  private let encoder: JPEGEncoder
  private let segmenter: NetworkSegmenter
  private let map: ClassMap
  private let overlay: OverlayRenderer
  private let panel: OverlayPanel
  private let modelName: String
  private let counters: HardwareCounters?

  /// - Parameters:
  ///   - picture: a typical camera picture; made a frame of `format` (MJPEG or YUYV) once, and decoded in every frame
  ///     as a camera's would be.
  ///   - modelName: for the panel and the report.
  ///   - counters: made before the engine, so that its threads are counted, too.
  public convenience init(
    engine: Engine, classes: ClassTable, picture: Picture, format: PixelFormat = .mjpeg,
    preparation: FramePreparation = .planes, modelName: String, counters: HardwareCounters? = nil
  ) throws(RoadError) {
    try self.init(
      engine: engine, classes: classes, frames: [.typical(of: picture, format: format)], preparation: preparation,
      modelName: modelName, counters: counters)
  }

  /// - Parameter frames: as a camera sent them, one or more, all of the first one's size and format.
  public init(
    engine: Engine, classes: ClassTable, frames: [Frame], preparation: FramePreparation = .planes, modelName: String,
    counters: HardwareCounters? = nil
  ) throws(RoadError) {
    precondition(!frames.isEmpty, "no frame to measure")
    let size = frames[0].size
    self.modelName = modelName
    self.counters = counters
    self.engine = engine
    encoder = try JPEGEncoder(largest: size)
    decoder = try FrameDecoder(maximumPixels: max(Picture.defaultPixelLimit, size.pixels))
    captured = frames
    segmenter = NetworkSegmenter(engine: engine, name: modelName, classes: classes, pictureSize: size)
    let kind: Canvas.Kind = preparation != .pictures && frames[0].format.hasHalfChroma ? .planes : .rgbx
    showsPictures = preparation != .scaledPlanes
    self.preparation = preparation
    reduction = preparation == .scaledPlanes && kind == .planes ? segmenter.reduction : 1
    canvas = Canvas(kind, size: JPEGReduction.size(of: size, by: reduction))
    map = ClassMap(size: size)
    overlay = OverlayRenderer(size: size, classes: classes)
    panel = OverlayPanel(size: size, model: modelName, source: "profile")
  }

  /// One frame from a camera's bytes to its class map, with nothing prepared but the engine: what a fresh process does
  /// first.
  public static func showOneFrame(
    engine: Engine, classes: ClassTable, size: PictureSize, format: PixelFormat
  ) throws(RoadError) {
    let frame = try Frame.typical(of: Picture(size: size), format: format)
    let planes = PlanarPicture(size: size)
    let segmenter = NetworkSegmenter(engine: engine, name: "", classes: classes, pictureSize: size)
    let map = ClassMap(size: size)
    let prepared = try FrameDecoder().prepare(frame, planes: planes)
    _ = segmenter.segment(prepared.pixels, into: map)
  }

  /// What is measured and for how long.
  public struct Settings: Sendable {
    /// Frames for the stages, and as many for the layers, over all repetitions.
    public var frames: Int
    /// Stages and layers take turns this often, so that a machine whose speed drifts shows it in both.
    public var repetitions: Int
    /// Nanoseconds that frames run before any counts: caches, page tables and the processor's clock settle.
    public var warmUp: UInt64
    /// Nanoseconds of rest before each repetition but the first: a hot board cools down.
    public var coolDown: UInt64
    /// Nanoseconds that a frame may take; nil: no deadline.
    public var budget: UInt64?

    public init(
      frames: Int = 100, repetitions: Int = 6, warmUp: UInt64 = 300_000_000, coolDown: UInt64 = 0, budget: UInt64? = nil
    ) {
      self.frames = frames
      self.repetitions = min(repetitions, frames)
      self.warmUp = warmUp
      self.coolDown = coolDown
      self.budget = budget
    }

    /// Frames of each repetition.
    fileprivate var blocks: [Int] {
      (0..<repetitions).map { frames * ($0 + 1) / repetitions - frames * $0 / repetitions }
    }
  }

  /// Measures the stages and the layers of ``Settings/frames`` frames each.
  ///
  /// - Parameter progress: called with the share done, 0...1.
  public func measure(_ settings: Settings, progress: (Double) -> Void = { _ in }) -> FrameMeasurement {
    precondition(settings.frames > 0 && settings.repetitions > 0, "\(settings)")
    let watch = ConditionsWatch()
    warmUp(for: settings.warmUp)
    var frames: [[FrameTimes]] = []
    var layers: [[[UInt64]]] = []
    var done = 0
    for block in settings.blocks {
      if !frames.isEmpty { rest(for: settings.coolDown) }
      frames.append((0..<block).map { _ in measureFrame() })
      layers.append(measureLayers(frames: block))
      done += block
      progress(Double(done) / Double(settings.frames))
    }
    let count = counters.flatMap { $0.measure(frames: 20) { for _ in 0..<20 { engine.run() } } }
    let spread = MeasuredTimes(repetitions: frames.map { $0.map(\.segmentation.network) }).spread
    let conditions = watch.finish(spread: spread)
    let peak = MachinePeak.measure(engine.instructionSet, pool: engine.pool)
    let bandwidth = MemoryBandwidth.measure(pool: engine.pool)
    var profile = assemble(frames, layers, peak, bandwidth, conditions)
    profile.counters = count
    profile.deadline = settings.budget.map { deadline($0, frames) }
    return FrameMeasurement(
      profile: profile, stageNames: stageNames,
      frames: frames.joined().map { Array($0.stages.prefix(stageNames.count)) })
  }

  private func warmUp(for nanoseconds: UInt64) {
    let start = MonotonicClock.now()
    repeat { _ = measureFrame() } while MonotonicClock.now() - start < nanoseconds
  }

  private func rest(for nanoseconds: UInt64) {
    var pause = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    // Cut short by a signal it is a shorter rest, no harm.
    nanosleep(&pause, nil)
  }

  /// Paints in place, as the pipeline does it: the next frame is decoded over it.
  private func measureFrame() -> FrameTimes {
    var times = FrameTimes()
    let frame = captured[nextFrame]
    nextFrame = nextFrame + 1 < captured.count ? nextFrame + 1 : 0
    let start = MonotonicClock.now()
    let (pixels, isOnCanvas) = decode(frame)
    let decoded = MonotonicClock.now()
    times.segmentation = segmenter.segment(pixels, into: map)
    let segmented = MonotonicClock.now()
    guard showsPictures else {
      times.total = segmented - start
      (times.decode, times.cameraToOverlay) = (decoded - start, times.total)
      return times
    }
    if case .planes(let planes) = canvas {
      if isOnCanvas { planes.fold() } else { planes.fill(from: pixels) }
    }
    byRows { overlay.draw(map, on: canvas, rows: $0) }
    panel.draw(OverlayNumbers(frame: 0), on: canvas)
    let drawn = MonotonicClock.now()
    _ = encoder.encode(canvas)
    times.total = MonotonicClock.now() - start
    times.decode = decoded - start
    times.overlay = drawn - segmented
    times.cameraToOverlay = drawn - start
    times.encode = times.total - times.cameraToOverlay
    return times
  }

  /// As the pipeline does it.
  private func decode(_ frame: Frame) -> (pixels: FramePixels, isOnCanvas: Bool) {
    switch canvas {
    case .rgbx(let picture):
      _ = decoder.decode(frame, into: picture)
      return (.picture(picture), true)
    case .planes(let planes):
      let prepared = decoder.prepare(frame, planes: planes, reduction: reduction)
      return (prepared.pixels, prepared.planesAreFilled)
    }
  }

  private var stageNames: [String] {
    let format = captured[0].format
    let decoding = format == .mjpeg ? "decode JPEG" : "decode \(format.rawValue.uppercased())"
    return [decoding, "scale", "network", "class map"] + (showsPictures ? ["overlay", "encode JPEG"] : [])
  }

  /// The picture's rows in one block a thread.
  private func byRows(_ body: (Range<Int>) -> Void) {
    let height = map.size.height
    let blocks = min(engine.pool.threads, height)
    engine.pool.run(chunks: blocks) { block, _ in
      body(block * height / blocks..<(block + 1) * height / blocks)
    }
  }

  /// Nanoseconds by layer and frame.
  private func measureLayers(frames: Int) -> [[UInt64]] {
    var times = [[UInt64]](repeating: [], count: engine.layers.count)
    engine.timesLayers = true
    defer { engine.timesLayers = false }
    for _ in 0..<frames {
      engine.run()
      for (layer, nanoseconds) in engine.layerNanoseconds.enumerated() { times[layer].append(nanoseconds) }
    }
    return times
  }

  private func deadline(_ budget: UInt64, _ frames: [[FrameTimes]]) -> FrameProfile.Deadline {
    let times = frames.joined().map(\.stages)
    let medians = stageNames.indices.map { stage in times.map { $0[stage] }.sorted()[times.count / 2] }
    var blame: [String: Int] = [:]
    let late = times.filter { $0.reduce(0, +) > budget }
    for stages in late {
      let excess = stages.indices.map { Double(stages[$0]) - Double(medians[$0]) }
      let worst = excess.indices.max { excess[$0] < excess[$1] } ?? 0
      blame[stageNames[worst], default: 0] += 1
    }
    return FrameProfile.Deadline(
      budgetMilliseconds: Double(budget) / 1e6, misses: late.count, missesByStage: blame)
  }

  private func assemble(
    _ frames: [[FrameTimes]], _ layerTimes: [[[UInt64]]], _ peak: MachinePeak, _ bandwidth: MemoryBandwidth,
    _ conditions: MeasurementConditions
  ) -> FrameProfile {
    func times(_ part: (FrameTimes) -> UInt64) -> MeasuredTimes {
      MeasuredTimes(repetitions: frames.map { $0.map(part) })
    }
    let steps = engine.layers.reduce(into: [Int: Int]()) { $0[$1.step, default: 0] += 1 }
    let layers = engine.layers.enumerated().map { index, layer in
      describe(
        layer, MeasuredTimes(repetitions: layerTimes.map { $0[index] }), isFused: steps[layer.step, default: 1] > 1,
        peak, bandwidth)
    }
    let work = Double(engine.layers.reduce(0) { $0 + $1.multiplyAccumulates })
    let speed = work / max(times(\.segmentation.network).median / 1000, 1e-9) / 1e9
    let stages = stageNames.enumerated().map { index, name in
      FrameProfile.Stage(name: name, milliseconds: times { $0.stages[index] })
    }
    return FrameProfile(
      model: modelName, frameSize: captured[0].size, frameFormat: captured[0].format, preparation: preparation,
      inputSize: engine.inputSize,
      threads: engine.pool.threads, instructionSet: engine.instructionSet.rawValue,
      frames: frames.reduce(0) { $0 + $1.count }, repetitions: frames.count, peak: peak, bandwidth: bandwidth,
      conditions: conditions, stages: stages, layers: layers, memory: engine.memoryReport,
      cameraToOverlay: times(\.cameraToOverlay), total: times(\.total), networkGigaMultiplyAccumulates: speed,
      networkShareOfPeak: speed / max(peak.gigaMultiplyAccumulates, 1e-9),
      unquantizedLayers: engine.unquantizedNodes.isEmpty ? nil : engine.unquantizedNodes)
  }

  private func describe(
    _ layer: LayerDescription, _ times: MeasuredTimes, isFused: Bool, _ peak: MachinePeak, _ bandwidth: MemoryBandwidth
  ) -> FrameProfile.Layer {
    let seconds = max(times.median / 1000, 1e-9)
    let speed = Double(layer.multiplyAccumulates) / seconds / 1e9
    return FrameProfile.Layer(
      description: layer, milliseconds: times, gigaMultiplyAccumulates: speed,
      shareOfPeak: speed / max(peak.gigaMultiplyAccumulates, 1e-9),
      gigabytes: Double(layer.bytesMoved) / seconds / 1e9,
      roofline: Roofline(
        layer: layer, milliseconds: times.median, isFused: isFused, peak: peak, bandwidth: bandwidth))
  }
}

/// What was measured, and the frames one by one.
public struct FrameMeasurement: Sendable {
  public var profile: FrameProfile
  public var stageNames: [String]
  /// Nanoseconds of each frame's stages, in the order of ``stageNames``; frames in the order they were measured.
  public var frames: [[UInt64]]

  public init(profile: FrameProfile, stageNames: [String], frames: [[UInt64]]) {
    self.profile = profile
    self.stageNames = stageNames
    self.frames = frames
  }
}

/// Nanoseconds of the stages of one frame, in their order.
private struct FrameTimes {
  var decode: UInt64 = 0
  var segmentation = SegmentationTimes()
  var overlay: UInt64 = 0
  var encode: UInt64 = 0
  var cameraToOverlay: UInt64 = 0
  var total: UInt64 = 0

  var stages: [UInt64] {
    [decode, segmentation.scale, segmentation.network, segmentation.classMap, overlay, encode]
  }
}
