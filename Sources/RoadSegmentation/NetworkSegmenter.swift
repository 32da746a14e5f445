import RoadBase
import RoadEngine
import RoadFrame
import RoadMask
import RoadPipeline

/// The real ``Segmenter``: scales the picture to the network's input, runs the network, upsamples its scores to
/// classes. All three steps share the engine's threads.
public final class NetworkSegmenter: LayerTimedSegmenter, @unchecked Sendable {
  public let name: String
  public let classes: ClassTable
  public let pictureSize: PictureSize
  /// Of the class maps: the picture's own, unless asked for otherwise.
  public let mapSize: PictureSize
  public let usual: UsualActivity?

  private let engine: Engine
  public let reduction: Int
  private let scaler: PictureScaler
  /// For frames that come smaller.
  private let reducedScaler: PictureScaler
  private let upsampler: ClassUpsampler
  private let scores: ScoreView
  private let strips: Int
  /// Nil where each frame's mask is its own.
  private let stabiliser: ScoreStabiliser?
  /// The step of it that the threads are at.
  private var step = StabiliserStep.grey
  /// The network's input made grey, for those who watch the picture, where no stabiliser has it.
  private let grey: LumaPlane?
  /// Frames until the next that is looked at for dirt, drift and the car's own parts, which change slowly.
  private var framesToLook = 0
  private static let framesALook = 8
  /// For those who ask for it.
  private lazy var confidence = makeConfidenceUpsampler()
  private let road: RoadRule
  private let margin: ScoreMargin
  /// Whether the thread that calls `segment` was put on the pool's cores.
  private var isCallerPlaced = false
  /// What the threads work on within one `segment`.
  private var pixels: FramePixels?
  private var map: ClassMap?

  /// More strips than threads, so that a thread that lost its core for a while does not hold up the others.
  private static let stripsPerThread = 4

  /// - Parameters:
  ///   - engine: may serve several segmenters of different picture sizes, one at a time.
  ///   - classes: that the engine has scores for, see ``ClassTable/scores``.
  ///   - mapSize: nil for that of the picture; evaluation asks for the label's.
  ///   - stabilise: how scores are steadied over the frames that it is given.
  ///   - usual: what the network did with the pictures of its calibration; nil where nobody knows.
  public init(
    engine: Engine, name: String, classes: ClassTable, pictureSize: PictureSize, mapSize: PictureSize? = nil,
    stabilise: StabiliseOptions = StabiliseOptions(), usual: UsualActivity? = nil
  ) {
    self.usual = usual
    let scores = engine.scores
    precondition(classes.scores == scores.channels, "\(classes.scores) scores a pixel, not \(scores.channels)")
    self.engine = engine
    self.name = name
    self.classes = classes
    self.pictureSize = pictureSize
    let mapSize = mapSize ?? pictureSize
    self.mapSize = mapSize
    // A network for rows of pixels sees nothing that could be told.
    let hasBlocks = engine.inputSize.width >= 2 && engine.inputSize.height >= 2
    grey = hasBlocks ? LumaPlane(halving: engine.inputSize) : nil
    let threads = engine.pool.threads
    let wanted = threads == 1 ? 1 : threads * Self.stripsPerThread
    strips = min(wanted, mapSize.height)
    reduction = JPEGReduction.factor(of: pictureSize, for: engine.inputSize)
    let scaleStrips = min(wanted, engine.inputSize.height)
    scaler = PictureScaler(from: pictureSize, to: engine.inputSize, strips: scaleStrips)
    let reduced = JPEGReduction.size(of: pictureSize, by: reduction)
    reducedScaler =
      reduction == 1 ? scaler : PictureScaler(from: reduced, to: engine.inputSize, strips: scaleStrips)
    let threshold = classes.threshold.map {
      ClassUpsampler.Threshold(above: $0.above, below: 1 - $0.above, steps: engine.scoreSteps(of: $0.level))
    }
    upsampler = ClassUpsampler(
      scoreSize: PictureSize(width: scores.width, height: scores.height), classes: scores.channels,
      pictureSize: mapSize,
      rounding: engine.roundsUpsampledScores && mapSize == engine.inputSize
        ? engine.scoresQuantization.zeroPoint : nil,
      threshold: threshold)
    let view = ScoreView(
      base: UnsafePointer(scores.base), width: scores.width, height: scores.height, classes: scores.channels,
      pixelPitch: scores.pixelPitch, rowPitch: scores.rowPitch, lowOffset: engine.scoresLowOffset ?? 0)
    self.scores = view
    road = RoadRule(road: classes.drivable, threshold: threshold)
    margin = ScoreMargin(classes: scores.channels, level: classes.threshold.map { engine.scoreSteps(of: $0.level) })
    stabiliser =
      stabilise.isOff || !hasBlocks
      ? nil
      : ScoreStabiliser(
        scores: view, input: engine.inputSize, road: road, options: stabilise)
  }

  public func segment(_ pixels: FramePixels, into map: ClassMap) -> SegmentationTimes {
    segment(pixels, at: nil, into: map)
  }

  public func segment(_ pixels: FramePixels, at moment: FrameMoment?, into map: ClassMap) -> SegmentationTimes {
    if !isCallerPlaced { engine.pool.placeCaller() }
    isCallerPlaced = true
    self.pixels = pixels
    self.map = map
    defer {
      self.pixels = nil
      self.map = nil
    }
    let context = Unmanaged.passUnretained(self).toOpaque()
    let start = MonotonicClock.now()
    engine.pool.run(chunks: scaler.strips, context: context) { context, strip, _ in
      Unmanaged<NetworkSegmenter>.fromOpaque(context).takeUnretainedValue().scale(strip: strip)
    }
    let scaled = MonotonicClock.now()
    let looks = framesToLook == 0
    framesToLook = looks ? Self.framesALook - 1 : framesToLook - 1
    // Layers that are timed are not looked into.
    engine.countsSaturation = looks && !engine.timesLayers
    engine.run()
    let inferred = MonotonicClock.now()
    let stabilised = stabiliser.map { stabilise($0, at: moment, context) }
    engine.pool.run(chunks: strips, context: context) { context, strip, _ in
      Unmanaged<NetworkSegmenter>.fromOpaque(context).takeUnretainedValue().classify(strip: strip)
    }
    var times = SegmentationTimes(
      scale: scaled - start, network: inferred - scaled, classMap: MonotonicClock.now() - inferred)
    times.stabilised = stabilised
    times.roadConfidence = RoadConfidence(of: stabiliser?.output ?? scores, road: road, margin: margin)
    if engine.countsSaturation { times.saturated = engine.saturation.share }
    engine.countsSaturation = false
    times.small = small()
    times.isLook = looks
    return times
  }

  private func small() -> LumaPlane? {
    if let stabiliser { return stabiliser.small }
    guard let grey else { return nil }
    grey.fill(rows: 0..<grey.size.height, from: UnsafePointer(engine.input.base), rowPitch: engine.input.rowPitch)
    return grey
  }

  /// Steadies the scores that the network has just made.
  private func stabilise(
    _ stabiliser: ScoreStabiliser, at moment: FrameMoment?, _ context: UnsafeMutableRawPointer
  ) -> StabilisedFrame {
    let start = MonotonicClock.now()
    func run(_ step: StabiliserStep) {
      self.step = step
      engine.pool.run(chunks: stabiliser.strips(step), context: context) { context, strip, _ in
        Unmanaged<NetworkSegmenter>.fromOpaque(context).takeUnretainedValue().stabilise(strip: strip)
      }
    }
    stabiliser.begin(moment)
    run(.grey)
    run(.match)
    stabiliser.decide()
    run(.smooth)
    var frame = stabiliser.end()
    frame.nanoseconds = MonotonicClock.now() - start
    return frame
  }

  /// What upsamples the margins of this segmenter's scores, see ``writeConfidence(_:into:rowPitch:)``.
  public func makeConfidenceUpsampler() -> ConfidenceUpsampler {
    ConfidenceUpsampler(
      scoreSize: PictureSize(width: scores.width, height: scores.height), classes: scores.classes,
      pictureSize: mapSize, level: classes.threshold.map { engine.scoreSteps(of: $0.level) })
  }

  /// See ``ConfidenceUpsampler``; of steadied scores where they are.
  public func writeConfidence(into map: ClassMap) {
    precondition(map.size == mapSize, "confidence of \(map.size), planned for \(mapSize)")
    guard let base = map.bytes.baseAddress else { return }
    writeConfidence(confidence, into: base, rowPitch: mapSize.width)
  }

  /// How sure the network was of each pixel of the last `segment`, see ``ConfidenceUpsampler``.
  public func writeConfidence(
    _ upsampler: ConfidenceUpsampler, into base: UnsafeMutablePointer<UInt8>, rowPitch: Int
  ) {
    upsampler.run(stabiliser?.output ?? scores, into: base, rowPitch: rowPitch)
  }

  /// Of the last `segment`, as real numbers; of steadied scores where they are. A single score a pixel becomes two.
  public func realScores() -> RealScores {
    let view = stabiliser?.output ?? scores
    let step = Float(engine.scoresQuantization.scale) / (view.lowOffset == 0 ? 1 : 128)
    let level = classes.threshold.map { Float(engine.scoreSteps(of: $0.level)) * step }
    return view.real(step: step, level: level, above: classes.threshold?.above)
  }

  public var layerNames: [String] { engine.layers.map(\.name) }

  public func timeLayers(_ isTimed: Bool) { engine.timesLayers = isTimed }

  public func withLayerNanoseconds(_ body: (UnsafeBufferPointer<UInt64>) -> Void) { engine.withLayerNanoseconds(body) }

  private func scale(strip: Int) {
    guard let pixels else { return }
    let scaler = pixels.size == pictureSize ? scaler : reducedScaler
    scaler.scale(pixels, into: engine.input.base, rowPitch: engine.input.rowPitch, strip: strip)
  }

  private func stabilise(strip: Int) {
    stabiliser?.run(
      step, strip: strip, input: UnsafePointer(engine.input.base), rowPitch: engine.input.rowPitch, scores: scores)
  }

  private func classify(strip: Int) {
    guard let map else { return }
    let height = mapSize.height
    upsampler.run(
      stabiliser?.output ?? scores, into: map, rows: (height * strip / strips)..<(height * (strip + 1) / strips))
  }
}
