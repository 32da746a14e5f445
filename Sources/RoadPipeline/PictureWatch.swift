import RoadBase
import RoadMask
import RoadSink
import RoadTelemetry
import Synchronization

/// What the infer thread sees besides the road: whether the picture can be seen, whether the network is sure, and
/// whether what it sees is what it was calibrated for. Any thread may ask.
final class PictureWatch: Sendable {
  private struct State {
    var health: PictureHealth?
    /// Frames by ``PictureHealth/Word``.
    var frames = HealthCounts()
    /// Of the newest frame with road, and of some thirty frames.
    var road: Double?
    var roadMean: Double?
    var drift: DriftWatch
    /// Made with the first picture: its size is that of the network's input.
    var dirt: LensDirt?
  }

  private let state: Mutex<State>
  private let shownNotice = Atomic<Int>(0)
  private static let smoothing = 30.0

  /// - Parameter usual: of the network.
  init(usual: UsualActivity?) { state = Mutex(State(drift: DriftWatch(usual: usual))) }

  /// Of every frame.
  ///
  /// - Parameter small: what the network saw.
  func see(_ confidence: RoadConfidence?, _ small: LumaPlane?) -> FrameInsight {
    let mean = confidence?.mean
    var health = small.map { PictureHealth(of: $0) }
    return state.withLock { state in
      state.road = mean
      if let mean { state.roadMean = state.roadMean.map { $0 + (mean - $0) / Self.smoothing } ?? mean }
      health?.dirt = state.dirt?.share
      state.health = health ?? state.health
      if let health { state.frames.add(health.word) }
      tell(state)
      return FrameInsight(health: health, roadConfidence: mean)
    }
  }

  private func tell(_ state: State) {
    let notice = state.drift.isRaised ? PictureNotice.drift : state.health.flatMap { PictureNotice($0.word) }
    shownNotice.store(notice?.rawValue ?? 0, ordering: .relaxed)
  }

  /// Of some frames, after ``see(_:_:)``.
  ///
  /// - Parameters:
  ///   - isUsual: whether the usual network saw it: lighter ones are not compared with it.
  ///   - own: what the car itself hides.
  func look(_ small: LumaPlane, saturated: Double?, isUsual: Bool, own: OwnPartsMask?) {
    guard isUsual else { return }
    state.withLock { state in
      let isLarge = small.size.width >= 16 && small.size.height >= 16
      if state.dirt == nil, isLarge { state.dirt = LensDirt(size: small.size) }
      state.dirt?.add(small, own: own)
      guard let saturated else { return }
      state.drift.look(saturated, road: state.road, isSeen: state.health?.word == .good)
      tell(state)
    }
  }

  /// For people on the picture, its place among ``PictureNotice`` from 1 on; 0 while all is well.
  var notice: Int { shownNotice.load(ordering: .relaxed) }

  var picture: PictureState? {
    state.withLock { state in
      guard let health = state.health else { return nil }
      var told = PictureState(health)
      told.frames = state.frames
      return told
    }
  }

  var confidence: ConfidenceState? {
    state.withLock { state in
      guard state.roadMean != nil || state.drift.saturated != nil else { return nil }
      let (drift, usual) = (state.drift, state.drift.usual)
      return ConfidenceState(
        road: state.road, roadMean: state.roadMean, saturated: drift.saturated, usual: usual?.saturated,
        usualRoad: usual?.road, isDrifting: drift.isRaised, alarms: drift.alarms)
    }
  }
}

extension HealthCounts {
  fileprivate mutating func add(_ word: PictureHealth.Word) {
    switch word {
    case .good: good += 1
    case .dark: dark += 1
    case .glare: glare += 1
    case .blurred: blurred += 1
    case .dirty: dirty += 1
    }
  }
}

/// What the picture says of itself, where not all is well.
enum PictureNotice: Int, CaseIterable {
  case dark = 1
  case glare
  case blurred
  case dirty
  case drift

  init?(_ word: PictureHealth.Word) {
    switch word {
    case .good: return nil
    case .dark: self = .dark
    case .glare: self = .glare
    case .blurred: self = .blurred
    case .dirty: self = .dirty
    }
  }

  var words: String {
    switch self {
    case .dark: "picture dark"
    case .glare: "glare"
    case .blurred: "picture blurred"
    case .dirty: "lens dirty"
    case .drift: "unlike calibration"
    }
  }
}
