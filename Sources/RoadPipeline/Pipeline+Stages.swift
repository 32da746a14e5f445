import RoadBase
import RoadCamera
import RoadFrame
import RoadMask
import RoadOverlay
import RoadSink
import RoadTelemetry

/// The three stages. Each ends when the one before it closed its hand-over and nothing is left to take.
extension Pipeline {
  /// How long one read may take; a requested stop is seen at least that often.
  private static let readTimeout: UInt64 = 100_000_000
  /// Between two tries to find a device again.
  private static let reconnectPause: UInt64 = 100_000_000

  func captureFrames() {
    defer {
      captured.close()
      telemetry.notes(.capture, .ended)
    }
    /// Frame numbers that the source has used.
    var numbers = 0
    var read = 0
    var slot = free.take()
    while let current = slot, !stopRequested.load(ordering: .relaxed), read < captureLimit {
      let frame = slots[current].frame
      telemetry.notes(.capture, .reading)
      let began = trace == nil ? 0 : MonotonicClock.now()
      switch source.read(into: frame, timeout: Self.readTimeout) {
      case .frame(let skipped, let lost):
        passedBy(.lostInDriver, lost, from: numbers)
        passedBy(.drained, skipped, from: numbers + lost)
        telemetry.ledger.enter()
        slots[current].ordinal = numbers + skipped + lost
        slots[current].times = FrameTimes()
        slots[current].times.arrived = MonotonicClock.now()
        numbers += 1 + skipped + lost
        read += 1
        telemetry.arrived(frame, skipped: skipped, lost: lost)
        trace?.captured(slots[current], began: began)
        for lane in lanes { lane.offer(CapturedFrame(ordinal: slots[current].ordinal, frame)) }
        telemetry.notes(.capture, .waitingForSlot)
        slot = pass(current)
      case .corrupt(let damage):
        passedBy(FrameFate(damage), 1, from: numbers)
        telemetry.remember(DamagedFrame(ordinal: numbers, damage: damage))
        numbers += 1
      case .timedOut:
        if telemetry.silence(MonotonicClock.now()) > Self.silenceThreshold { telemetry.set(.silent) }
      case .disconnected:
        telemetry.set(.disconnected)
        pause(nanoseconds: Self.reconnectPause)
      case .ended:
        telemetry.set(.ended)
        return
      }
    }
  }

  func inferFrames() {
    defer {
      inferred.close()
      telemetry.notes(.infer, .ended)
    }
    telemetry.notes(.infer, .waitingForFrame)
    while let number = captured.take() {
      defer { telemetry.notes(.infer, .waitingForFrame) }
      telemetry.notes(.infer, .decoding)
      let slot = slots[number]
      let taken = MonotonicClock.now()
      telemetry.record(.wait, nanoseconds: taken - min(slot.times.arrived, taken))
      let choice = degrading?.admit(captured: slot.frame.timestamp, now: taken) ?? (.run, 0)
      if abandoned.load(ordering: .relaxed) {
        giveBack(number, .unfinished)
      } else if choice.0 != .run {
        giveBack(number, .late)
      } else if let damage = decode(slot) {
        telemetry.remember(DamagedFrame(ordinal: slot.ordinal, damage: damage))
        giveBack(number, FrameFate(damage))
      } else {
        telemetry.notes(.infer, .segmenting)
        let segmenter = degrading?.segmenters[choice.1] ?? segmenter
        trace?.segments(with: choice.1)
        let times = segmenter.segment(slot.pixels, at: moment(of: slot.frame), into: slot.map)
        slot.times.segmented(times)
        if let stabilised = times.stabilised { refiner.add(stabilised) }
        slot.insight = watch.see(times.roadConfidence, times.small)
        if times.isLook, let small = times.small { look(small, saturated: times.saturated, isUsual: choice.1 == 0) }
        if let confidence = slot.confidence { segmenter.writeConfidence(into: confidence) }
        refine(slot)
        trace?.segmented(slot, choice.1)
        telemetry.record(.scale, nanoseconds: times.scale)
        telemetry.record(.network, nanoseconds: times.network)
        telemetry.record(.classMap, nanoseconds: times.classMap)
        telemetry.rates.record(.inferred, at: MonotonicClock.now())
        telemetry.notes(.infer, .waitingForSlot)
        inferred.put(number)
      }
    }
  }

  func drawFrames() {
    var shown = 0
    defer { telemetry.notes(.draw, .ended) }
    telemetry.notes(.draw, .waitingForFrame)
    while let number = nextInferred() {
      defer { telemetry.notes(.draw, .waitingForFrame) }
      telemetry.notes(.draw, .drawing)
      let slot = slots[number]
      guard !abandoned.load(ordering: .relaxed) else {
        giveBack(number, .unfinished)
        continue
      }
      let start = MonotonicClock.now()
      if needsCanvas { slot.fillCanvas() }
      painter.paint(slot, telemetry, level: degrading?.level ?? 0, picture: watch.notice)
      let drawn = MonotonicClock.now()
      (slot.times.drawBegan, slot.times.drawn) = (start, drawn)
      telemetry.record(.draw, nanoseconds: drawn - start)
      degrading?.finished(captured: slot.frame.timestamp, taken: slot.times.decodeBegan, drawn: drawn)
      if let degrading { trace?.level(degrading.level, now: drawn) }
      if drawn > slot.frame.timestamp {
        telemetry.latency.record(nanoseconds: drawn - slot.frame.timestamp)
        telemetry.recentLatency.record(nanoseconds: drawn - slot.frame.timestamp, now: drawn)
      }
      telemetry.notes(.draw, .output)
      guard feedSinks(slot) else {
        giveBack(number, .unfinished)
        continue
      }
      let finished = MonotonicClock.now()
      slot.times.handedOn = finished
      telemetry.record(.output, nanoseconds: finished - drawn)
      trace?.drawn(slot, lanes: lanes.count)
      telemetry.rates.record(.shown, at: finished)
      giveBack(number, .shown)
      shown += 1
      if properties.isLive, shown == options.frameLimit { abandon() }
    }
  }
}

// MARK: - Notices

extension Pipeline {
  /// Nanoseconds between two pictures that say why there is no video.
  private static let noticeInterval: UInt64 = 500_000_000

  /// Waits for a frame to draw; meanwhile says why none comes, where pictures are drawn at all.
  private func nextInferred() -> Int? {
    while true {
      switch inferred.take(timeout: Self.noticeInterval) {
      case .slot(let number): return number
      case .ended: return nil
      case .nothingYet: offerNotice()
      }
    }
  }

  private func offerNotice() {
    guard tellsNotices, !stopRequested.load(ordering: .relaxed) else { return }
    let statistics = telemetry.statistics([])
    guard let reason = statistics.video.reasonForNoVideo(unusable: statistics.unusable) else { return }
    let notice = self.notice ?? newNotice()
    self.notice = notice
    notice.painter.draw(
      headline: "NO VIDEO for \(statistics.silence / 1_000_000_000) s", lines: [reason, properties.name],
      on: notice.picture)
    if canvasKind == .planes { notice.canvas.copy(from: .rgbx(notice.picture)) }
    let offered = VideoNotice(canvas: notice.canvas, time: MonotonicClock.now())
    for lane in lanes { lane.offer(offered) }
  }

  private func newNotice() -> (painter: NoticePainter, picture: Picture, canvas: Canvas) {
    let picture = Picture(size: properties.size)
    let canvas: Canvas = canvasKind == .rgbx ? .rgbx(picture) : Canvas(canvasKind, size: properties.size)
    return (NoticePainter(size: properties.size), picture, canvas)
  }
}

extension Pipeline {
  private static let silenceThreshold: UInt64 = 1_000_000_000

  /// A live source is read until enough frames are shown; of any other exactly the wanted number is read.
  private var captureLimit: Int { properties.isLive ? .max : options.frameLimit ?? .max }

  /// Hands a captured slot on.
  ///
  /// - Returns: the next slot to fill.
  private func pass(_ slot: Int) -> Int? {
    guard properties.isLive else {
      captured.put(slot)
      return free.take()
    }
    guard let superseded = captured.putNewest(slot) else { return free.take() }
    settle(slots[superseded], .superseded)
    return superseded
  }

  private func giveBack(_ slot: Int, _ fate: FrameFate) {
    settle(slots[slot], fate)
    free.put(slot)
  }

  /// The end of a frame that reached us.
  private func settle(_ slot: FrameSlot, _ fate: FrameFate) {
    telemetry.ledger.settle(fate)
    offer(
      SettledFrames(
        ordinal: slot.ordinal, fate: fate, stamp: FrameStamp(ordinal: slot.ordinal, of: slot.frame), times: slot.times))
  }

  /// The end of frames that never reached us.
  private func passedBy(_ fate: FrameFate, _ count: Int, from ordinal: Int) {
    guard count > 0 else { return }
    telemetry.ledger.enterSettled(fate, count)
    offer(SettledFrames(ordinal: ordinal, count: count, fate: fate))
  }

  /// By the clock only where that is a camera's: a run over files gives the same masks however fast it is.
  private func moment(of frame: Frame) -> FrameMoment {
    properties.isLive ? .time(frame.timestamp) : .number(frame.sequence)
  }

  /// What the network saw, of some frames.
  private func look(_ small: LumaPlane, saturated: Double?, isUsual: Bool) {
    watch.look(small, saturated: saturated, isUsual: isUsual, own: ownPartsState.mask)
    ownPartsState.look(small)
  }

  private func refine(_ slot: FrameSlot) {
    let isRefined = refiner.refine(slot.map)
    guard isRefined || metres != nil else { return }
    if let metres, let figures = slot.figures { metres.measure(slot.map, into: figures) }
    slot.times.refined = MonotonicClock.now()
    telemetry.record(.refine, nanoseconds: slot.times.refined - slot.times.classified)
  }

  /// Frame to pixels; nil when all went well.
  private func decode(_ slot: FrameSlot) -> CorruptFrame? {
    guard slot.frame.size == properties.size else { return .wrongSize }
    let start = MonotonicClock.now()
    let outcome: DecodeOutcome
    switch slot.canvas {
    case .rgbx(let picture): outcome = decoder.decode(slot.frame, into: picture)
    case .planes(let planes):
      let prepared = decoder.prepare(slot.frame, planes: planes, reduction: reduction)
      (outcome, slot.pixels, slot.isOnCanvas) = (prepared.outcome, prepared.pixels, prepared.planesAreFilled)
    }
    let decoded = MonotonicClock.now()
    (slot.times.decodeBegan, slot.times.decoded) = (start, decoded)
    telemetry.record(.decode, nanoseconds: decoded - start)
    switch outcome {
    case .decoded:
      telemetry.decoded(decoded)
      return nil
    case .corrupt(let damage): return damage
    case .partly(let damage):
      telemetry.decoded(decoded)
      telemetry.remember(DamagedFrame(ordinal: slot.ordinal, damage: damage, isShown: true))
      return nil
    }
  }

  /// - Returns: false when a sink failed, which ends the pipeline.
  private func feedSinks(_ slot: FrameSlot) -> Bool {
    let stamp = FrameStamp(ordinal: slot.ordinal, of: slot.frame)
    let shown = ShownFrame(
      stamp: stamp, canvas: slot.canvas, map: slot.map, confidence: slot.confidence, figures: slot.figures,
      insight: slot.insight)
    for sink in sinks {
      do throws(RoadError) {
        try sink.receive(shown)
      } catch {
        fail(error)
        return false
      }
    }
    for lane in lanes { lane.offer(shown) }
    return true
  }
}

extension FrameTimes {
  /// The three steps follow one another from `decoded` on.
  fileprivate mutating func segmented(_ times: SegmentationTimes) {
    classified = MonotonicClock.now()
    inferred = classified - min(times.classMap, classified)
    scaled = inferred - min(times.network, inferred)
    refined = classified
  }
}
