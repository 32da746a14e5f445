import RoadBase
import RoadFrame
import RoadMetres
import RoadOverlay
import RoadTelemetry

/// The draw stage's picture: mask, outline and panel, with numbers that change slowly enough to be read.
final class OverlayPainter: @unchecked Sendable {
  private let renderer: OverlayRenderer?
  private let panel: OverlayPanel?
  private let metres: MetresPainter?
  private let control: OverlayControl?
  private let refiner: MaskRefiner
  private var numbers = OverlayNumbers()
  private var refreshed: UInt64 = 0
  private let levelCount: Int
  private let firstPictureNotice: Int

  /// Nanoseconds between two changes of the numbers.
  private static let refreshInterval: UInt64 = 250_000_000

  /// - Parameters:
  ///   - refiner: whose masks are painted, for how much they flicker.
  ///   - levels: of degradation; level 0 is not told.
  ///   - figures: of the kind that is painted; nil without a calibrated camera.
  init(
    segmenter: any Segmenter, source: SourceProperties, options: PipelineOptions, refiner: MaskRefiner,
    levels: [String], figures: RoadFigures? = nil
  ) {
    self.refiner = refiner
    control = options.overlayControl
    renderer = options.style.map {
      var style = $0
      if let usual = segmenter.usual?.road { style.usualMargin = min(255, max(1, Int(usual.rounded()))) }
      return OverlayRenderer(size: source.size, classes: segmenter.classes, style: style)
    }
    let showsPanel = options.showsPanel && options.style != nil
    levelCount = levels.count
    firstPictureNotice = levels.count + BoardHealth.Notice.allCases.count
    let notices = levels + BoardHealth.Notice.allCases.map(\.words) + PictureNotice.allCases.map(\.words)
    // Masks that remember are told apart on the picture, too.
    let isSteadied = !options.masks.stabilise.isOff
    let model = isSteadied ? "\(segmenter.name), steadied" : segmenter.name
    panel =
      showsPanel
      ? OverlayPanel(
        size: source.size, model: model, source: source.name, notices: notices, showsFlicker: isSteadied) : nil
    let top = panel?.bottom ?? 0
    metres = options.style == nil ? nil : figures.map { MetresPainter(size: source.size, figures: $0, below: top) }
  }

  func paint(_ slot: FrameSlot, _ telemetry: Telemetry, level: Int, picture: Int) {
    if control?.isOn ?? true {
      if let control { renderer?.tint(roadWeight: control.roadWeight) }
      renderer?.draw(slot.map, on: slot.canvas, confidence: slot.confidence)
      if let figures = slot.figures { metres?.draw(figures, on: slot.canvas) }
    }
    guard let panel else { return }
    let now = MonotonicClock.now()
    if now - refreshed >= Self.refreshInterval {
      refresh(telemetry, now)
      refreshed = now
    }
    numbers.frame = slot.frame.sequence
    // A level taken away is told before the heat that may have cost it, and both before what can be seen anyway.
    let heat = telemetry.noticeOfBoard.map { levelCount + $0.rawValue - 1 }
    let seen = picture > 0 ? firstPictureNotice + picture - 1 : nil
    numbers.notice = level > 0 ? level : heat ?? seen
    panel.draw(numbers, on: slot.canvas)
  }

  private func refresh(_ telemetry: Telemetry, _ now: UInt64) {
    let rates = telemetry.rates.rates(now: now)
    numbers.cameraRate = rates.camera
    numbers.deliveredRate = rates.delivered
    numbers.inferredRate = rates.inferred
    numbers.shownRate = rates.shown
    numbers.flicker = refiner.flicker
    let latency = telemetry.recentLatency.summary(now: now, below: telemetry.latency.maximum)
    guard latency.count > 0 else { return }
    numbers.latencyMedian = latency.p50
    numbers.latency99 = latency.p99
  }
}
