import RoadBase
import RoadEngine
import RoadFrame
import RoadMask
import RoadModel
import RoadOverlay

/// Measures every stage of a frame, one after the other on one thread (with the engine's pool where a stage shares its
/// work), and every layer of the network.
///
/// Stages are timed in frames of their own, layers in others: the clock between layers would lengthen the stage.
public final class FrameProfiler {
  private let engine: Engine
  private let picture: Picture
  private let frame: Frame
  private let decoder: FrameDecoder
  private let encoder: JPEGEncoder
  private let scaler: PictureScaler
  private let upsampler: ClassUpsampler
  private let map: ClassMap
  private let overlay: OverlayRenderer
  private let panel: OverlayPanel

  /// - Parameters:
  ///   - picture: a typical camera picture; made a frame of `format` (MJPEG or YUYV) once, and decoded in every frame as a
  ///     camera's would be.
  ///   - modelName: for the panel.
  public init(
    engine: Engine, classes: ClassTable, picture: Picture, format: PixelFormat = .mjpeg, modelName: String
  ) throws(RoadError) {
    self.engine = engine
    self.picture = Picture(size: picture.size)
    encoder = try JPEGEncoder(largest: picture.size)
    decoder = try FrameDecoder()
    frame = try .typical(of: picture, format: format)
    scaler = PictureScaler(
      from: picture.size, to: engine.inputSize, strips: min(engine.pool.threads, engine.inputSize.height))
    upsampler = ClassUpsampler(
      scoreSize: PictureSize(width: engine.scores.width, height: engine.scores.height),
      classes: engine.scores.channels, pictureSize: picture.size)
    map = ClassMap(size: picture.size)
    overlay = OverlayRenderer(size: picture.size, classes: classes)
    panel = OverlayPanel(size: picture.size, model: modelName, source: "profile")
  }

  /// Runs `frames` frames for the stages and as many for the layers, after a few that do not count.
  public func measure(frames: Int, progress: (Int) -> Void = { _ in }) -> FrameProfile {
    precondition(frames > 0, "\(frames) frames")
    let stages = self.stages
    var stageTimes = [[UInt64]](repeating: [], count: stages.count)
    var totals: [UInt64] = []
    var overlays: [UInt64] = []
    for index in -3..<frames {
      let begin = MonotonicClock.now()
      for (stage, body) in stages.enumerated() {
        let start = MonotonicClock.now()
        body.work()
        if index >= 0 { stageTimes[stage].append(MonotonicClock.now() - start) }
        if index >= 0, stage == stages.count - 2 { overlays.append(MonotonicClock.now() - begin) }
      }
      if index >= 0 { totals.append(MonotonicClock.now() - begin) }
      progress(max(index + 1, 0))
    }
    let layerTimes = measureLayers(frames: frames, progress: progress)
    let peak = MachinePeak.measure(engine.instructionSet, pool: engine.pool)
    return profile(
      frames: frames, zip(stages.map(\.name), stageTimes).map { ($0, $1) }, (overlays, totals), layerTimes, peak)
  }

  private var stages: [(name: String, work: () -> Void)] {
    let scores = ScoreView(
      base: engine.scores.base, width: engine.scores.width, height: engine.scores.height,
      classes: engine.scores.channels, pixelPitch: engine.scores.pixelPitch, rowPitch: engine.scores.rowPitch)
    return [
      (frame.format == .mjpeg ? "decode JPEG" : "decode YUYV", { [self] in _ = decoder.decode(frame, into: picture) }),
      (
        "scale",
        { [self] in
          engine.pool.run(chunks: scaler.strips) { strip, _ in
            scaler.scale(picture, into: engine.input.base, rowPitch: engine.input.rowPitch, strip: strip)
          }
        }
      ),
      ("network", { [self] in engine.run() }),
      ("class map", { [self] in byRows { upsampler.run(scores, into: map, rows: $0) } }),
      (
        "overlay",
        { [self] in
          // In place, as the pipeline does it: the next frame is decoded over it.
          byRows { overlay.draw(map, on: picture, rows: $0) }
          panel.draw(OverlayNumbers(frame: 0), on: picture)
        }
      ),
      ("encode JPEG", { [self] in _ = encoder.encode(picture) }),
    ]
  }

  /// The picture's rows in one block a thread.
  private func byRows(_ body: (Range<Int>) -> Void) {
    let blocks = min(engine.pool.threads, picture.size.height)
    engine.pool.run(chunks: blocks) { block, _ in
      body(block * picture.size.height / blocks..<(block + 1) * picture.size.height / blocks)
    }
  }

  private func measureLayers(frames: Int, progress: (Int) -> Void) -> [[UInt64]] {
    var times = [[UInt64]](repeating: [], count: engine.layers.count)
    engine.timesLayers = true
    defer { engine.timesLayers = false }
    for index in 0..<frames {
      engine.run()
      for (layer, nanoseconds) in engine.layerNanoseconds.enumerated() { times[layer].append(nanoseconds) }
      progress(frames + index + 1)
    }
    return times
  }

  private func profile(
    frames: Int, _ stages: [(name: String, times: [UInt64])], _ totals: (overlay: [UInt64], frame: [UInt64]),
    _ layerTimes: [[UInt64]],
    _ peak: MachinePeak
  ) -> FrameProfile {
    let layers = zip(engine.layers, layerTimes).map { layer, nanoseconds in
      let times = FrameProfile.Times(nanoseconds: nanoseconds)
      let seconds = max(times.median / 1000, 1e-9)
      let speed = Double(layer.multiplyAccumulates) / seconds / 1e9
      return FrameProfile.Layer(
        description: layer, milliseconds: times, gigaMultiplyAccumulates: speed,
        shareOfPeak: speed / max(peak.gigaMultiplyAccumulates, 1e-9),
        gigabytes: Double(layer.bytesMoved) / seconds / 1e9)
    }
    let stageRows = stages.map { FrameProfile.Stage(name: $0.name, milliseconds: .init(nanoseconds: $0.times)) }
    let network = stageRows.first { $0.name == "network" }?.milliseconds.median ?? 0
    let work = Double(engine.layers.reduce(0) { $0 + $1.multiplyAccumulates })
    let speed = work / max(network / 1000, 1e-9) / 1e9
    return FrameProfile(
      frameSize: picture.size, frameFormat: frame.format, inputSize: engine.inputSize, threads: engine.pool.threads,
      instructionSet: engine.instructionSet.rawValue, frames: frames, peak: peak, stages: stageRows, layers: layers,
      memory: engine.memoryReport, cameraToOverlay: .init(nanoseconds: totals.overlay),
      total: .init(nanoseconds: totals.frame), networkGigaMultiplyAccumulates: speed,
      networkShareOfPeak: speed / max(peak.gigaMultiplyAccumulates, 1e-9))
  }
}
