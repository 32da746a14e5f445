import RoadBase
import RoadMask
import RoadTelemetry
import Synchronization

/// What the infer thread sees besides the road: whether the picture can be seen, whether the network is sure, and
/// whether what it sees is what it was calibrated for. Any thread may ask.
final class PictureWatch: Sendable {
  private struct State {
    var health: PictureHealth?
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
  func see(_ confidence: RoadConfidence) {
    let mean = confidence.mean
    state.withLock { state in
      state.road = mean
      guard let mean else { return }
      state.roadMean = state.roadMean.map { $0 + (mean - $0) / Self.smoothing } ?? mean
    }
  }

  /// Of some frames.
  ///
  /// - Parameters:
  ///   - isUsual: whether the usual network saw it: lighter ones are not compared with it.
  ///   - own: what the car itself hides.
  func look(_ small: LumaPlane, saturated: Double?, isUsual: Bool, own: OwnPartsMask?) {
    var health = PictureHealth(of: small)
    state.withLock { state in
      let isSeen = health.word == .good
      if isUsual {
        let isLarge = small.size.width >= 16 && small.size.height >= 16
        if state.dirt == nil, isLarge { state.dirt = LensDirt(size: small.size) }
        state.dirt?.add(small, own: own)
        if let saturated { state.drift.look(saturated, road: state.road, isSeen: isSeen) }
      }
      health.dirt = state.dirt?.share
      state.health = health
      let notice = state.drift.isRaised ? PictureNotice.drift : PictureNotice(health.word)
      shownNotice.store(notice?.rawValue ?? 0, ordering: .relaxed)
    }
  }

  /// For people on the picture, its place among ``PictureNotice`` from 1 on; 0 while all is well.
  var notice: Int { shownNotice.load(ordering: .relaxed) }

  var picture: PictureState? {
    state.withLock(\.health).map {
      PictureState(
        health: $0.word.rawValue, luma: $0.luma, sharpness: $0.sharpness, glare: Double($0.glare) / 1000,
        dirt: $0.dirt.map { Double($0) / 1000 })
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
