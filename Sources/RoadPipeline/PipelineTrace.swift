import RoadBase
import RoadSink
import RoadTelemetry

/// The pipeline's side of a ``FrameTrace``: which words and tracks its events have. Each stage's thread calls its own
/// method; nothing is allocated.
final class PipelineTrace: @unchecked Sendable {
  private let trace: FrameTrace
  private let camera: Int
  private let read: Int
  private let output: Int
  private let dropped: Int
  private let levelChange: Int
  private let latency: Int
  private let stages: [Int]
  /// Reasons by fate.
  private let fates: [Int]
  /// Words of each segmenter's layers.
  private let layers: [[Int]]
  private let timed: [(any LayerTimedSegmenter)?]
  /// Of the capture thread.
  private var lastArrival: UInt64 = 0
  /// Of the infer thread: frames it has begun, and whether the layers of this one are timed.
  private var begun = 0
  private var isTimed = false

  /// The clock between layers and their events take some 2 % of a frame: done for every fourth they stay below 1 %.
  private static let framesPerTimedFrame = 4

  init(_ trace: FrameTrace, segmenters: [any Segmenter], lanes: [SinkLane]) {
    self.trace = trace
    camera = trace.word("camera and driver")
    read = trace.word("read")
    output = trace.word("output")
    dropped = trace.word("dropped")
    levelChange = trace.word("level of degradation")
    latency = trace.word("latency (ms)")
    stages = PipelineStage.allCases.map { trace.word($0.words) }
    fates = FrameFate.allCases.map { trace.word($0.words) }
    timed = segmenters.map { $0 as? any LayerTimedSegmenter }
    layers = timed.map { segmenter in segmenter?.layerNames.map { trace.word($0) } ?? [] }
    for (index, lane) in lanes.enumerated() { lane.trace(trace, branch: index + 1) }
  }

  private func word(_ stage: PipelineStage) -> Int { stages[stage.rawValue] }

  /// - Parameter began: the read that fetched the frame.
  func captured(_ slot: FrameSlot, began: UInt64) {
    let (frame, stamp, arrived) = (slot.ordinal, slot.frame.timestamp, slot.times.arrived)
    // Spans of one track must not overlap: frames that waited in the driver came close behind one another.
    let begin = min(max(stamp, lastArrival), arrived &- 1)
    lastArrival = arrived
    trace.work(FrameTrace.Stage.camera.rawValue, camera, frame: frame, from: begin, to: arrived)
    trace.flow(.begins, FrameTrace.Stage.camera.rawValue, frame: frame, at: begin)
    trace.work(FrameTrace.Stage.capture.rawValue, read, frame: frame, from: began, to: arrived)
    trace.flow(.passes, FrameTrace.Stage.capture.rawValue, frame: frame, at: max(began, begin))
  }

  /// - Parameter index: of the segmenter.
  func segments(with index: Int) {
    isTimed = begun % Self.framesPerTimedFrame == 0
    begun += 1
    timed[index]?.timeLayers(isTimed)
  }

  /// - Parameters:
  ///   - slot: with the times of the three steps.
  ///   - index: of the segmenter.
  func segmented(_ slot: FrameSlot, _ index: Int) {
    let (track, frame, times) = (FrameTrace.Stage.infer.rawValue, slot.ordinal, slot.times)
    trace.work(track, word(.decode), frame: frame, from: times.decodeBegan, to: times.decoded)
    trace.flow(.passes, track, frame: frame, at: times.decodeBegan)
    trace.work(track, word(.scale), frame: frame, from: times.decoded, to: times.scaled)
    trace.work(track, word(.network), frame: frame, from: times.scaled, to: times.inferred)
    if isTimed, let segmenter = timed[index] {
      segmenter.withLayerNanoseconds { nanoseconds in
        var begin = times.scaled
        for (layer, duration) in nanoseconds.enumerated() {
          let end = min(begin + duration, times.inferred)
          // A nanosecond apart: readers keep times as floating-point numbers, and spans must not overlap.
          trace.work(track, layers[index][layer], frame: frame, from: begin, to: max(begin + 1, end) - 1)
          begin = end
        }
      }
    }
    trace.work(track, word(.classMap), frame: frame, from: times.inferred, to: times.classified)
    guard times.refined > times.classified else { return }
    trace.work(track, word(.refine), frame: frame, from: times.classified, to: times.refined)
  }

  func drawn(_ slot: FrameSlot, lanes: Int) {
    let (track, frame, times) = (FrameTrace.Stage.draw.rawValue, slot.ordinal, slot.times)
    trace.work(track, word(.draw), frame: frame, from: times.drawBegan, to: times.drawn)
    trace.flow(.passes, track, frame: frame, at: times.drawBegan)
    // Before the sinks have it, so that their flows begin within it.
    trace.work(track, output, frame: frame, from: times.drawn, to: max(times.handedOn, times.drawn + 1000))
    trace.flow(.ends, track, frame: frame, at: times.drawn)
    for lane in 0..<lanes { trace.flow(.begins, track, frame: frame, branch: lane + 1, at: times.drawn) }
    if times.drawn > slot.frame.timestamp {
      trace.value(latency, thousandths: (times.drawn - slot.frame.timestamp) / 1000, at: times.drawn)
    }
  }

  func settled(_ frames: SettledFrames, now: UInt64) {
    guard frames.fate != .shown else { return }
    let track = frames.stamp == nil || frames.fate == .superseded ? FrameTrace.Stage.capture : .infer
    trace.moment(track.rawValue, dropped, reason: fates[frames.fate.rawValue], frame: frames.ordinal, at: now)
  }

  func level(_ level: Int, now: UInt64) { trace.value(levelChange, thousandths: UInt64(level) * 1000, at: now) }
}
