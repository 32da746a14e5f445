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
  private let segmenter: NetworkSegmenter
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
    segmenter = NetworkSegmenter(engine: engine, name: modelName, classes: classes, pictureSize: picture.size)
    map = ClassMap(size: picture.size)
    overlay = OverlayRenderer(size: picture.size, classes: classes)
    panel = OverlayPanel(size: picture.size, model: modelName, source: "profile")
  }

  /// Nanoseconds of the stages of one frame, in their order.
  private struct FrameTimes {
    var decode: UInt64 = 0
    var segmentation = SegmentationTimes()
    var overlay: UInt64 = 0
    var encode: UInt64 = 0
    var cameraToOverlay: UInt64 = 0
    var total: UInt64 = 0
  }

  /// Runs `frames` frames for the stages and as many for the layers, after a few that do not count.
  public func measure(frames: Int, progress: (Int) -> Void = { _ in }) -> FrameProfile {
    precondition(frames > 0, "\(frames) frames")
    for _ in 0..<3 { _ = measureFrame() }
    let times = (0..<frames).map { index in
      defer { progress(index + 1) }
      return measureFrame()
    }
    let layerTimes = measureLayers(frames: frames, progress: progress)
    let peak = MachinePeak.measure(engine.instructionSet, pool: engine.pool)
    return profile(times, layerTimes, peak)
  }

  /// Paints in place, as the pipeline does it: the next frame is decoded over it.
  private func measureFrame() -> FrameTimes {
    var times = FrameTimes()
    let start = MonotonicClock.now()
    _ = decoder.decode(frame, into: picture)
    let decoded = MonotonicClock.now()
    times.segmentation = segmenter.segment(picture, into: map)
    let segmented = MonotonicClock.now()
    byRows { overlay.draw(map, on: picture, rows: $0) }
    panel.draw(OverlayNumbers(frame: 0), on: picture)
    let drawn = MonotonicClock.now()
    _ = encoder.encode(picture)
    times.total = MonotonicClock.now() - start
    times.decode = decoded - start
    times.overlay = drawn - segmented
    times.cameraToOverlay = drawn - start
    times.encode = times.total - times.cameraToOverlay
    return times
  }

  private func stages(_ times: [FrameTimes]) -> [FrameProfile.Stage] {
    let stages: [(String, (FrameTimes) -> UInt64)] = [
      (frame.format == .mjpeg ? "decode JPEG" : "decode YUYV", \.decode),
      ("scale", \.segmentation.scale),
      ("network", \.segmentation.network),
      ("class map", \.segmentation.classMap),
      ("overlay", \.overlay),
      ("encode JPEG", \.encode),
    ]
    return stages.map { FrameProfile.Stage(name: $0, milliseconds: .init(nanoseconds: times.map($1))) }
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

  private func profile(_ times: [FrameTimes], _ layerTimes: [[UInt64]], _ peak: MachinePeak) -> FrameProfile {
    let layers = zip(engine.layers, layerTimes).map { layer, nanoseconds in
      let times = FrameProfile.Times(nanoseconds: nanoseconds)
      let seconds = max(times.median / 1000, 1e-9)
      let speed = Double(layer.multiplyAccumulates) / seconds / 1e9
      return FrameProfile.Layer(
        description: layer, milliseconds: times, gigaMultiplyAccumulates: speed,
        shareOfPeak: speed / max(peak.gigaMultiplyAccumulates, 1e-9),
        gigabytes: Double(layer.bytesMoved) / seconds / 1e9)
    }
    let network = FrameProfile.Times(nanoseconds: times.map(\.segmentation.network)).median
    let work = Double(engine.layers.reduce(0) { $0 + $1.multiplyAccumulates })
    let speed = work / max(network / 1000, 1e-9) / 1e9
    return FrameProfile(
      frameSize: picture.size, frameFormat: frame.format, inputSize: engine.inputSize, threads: engine.pool.threads,
      instructionSet: engine.instructionSet.rawValue, frames: times.count, peak: peak, stages: stages(times),
      layers: layers, memory: engine.memoryReport,
      cameraToOverlay: .init(nanoseconds: times.map(\.cameraToOverlay)),
      total: .init(nanoseconds: times.map(\.total)), networkGigaMultiplyAccumulates: speed,
      networkShareOfPeak: speed / max(peak.gigaMultiplyAccumulates, 1e-9))
  }
}
