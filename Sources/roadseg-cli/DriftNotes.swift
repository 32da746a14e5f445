import RoadTelemetry

/// Says once when the network's alarm is raised, and once when it ends.
final class DriftNotes {
  private var wasDrifting = false

  func say(_ state: ConfidenceState?) {
    guard let state, state.isDrifting != wasDrifting else { return }
    wasDrifting = state.isDrifting
    let share = { (value: Double?) in value.map { Format.percent($0) } ?? "-" }
    let steps = { (value: Double?) in value.map { Format.fixed($0, 0) } ?? "-" }
    let figures =
      "\(share(state.saturated)) of the activations are saturated, usually \(share(state.usual)); "
      + "sure of the road by \(steps(state.roadMean)) of 255, usually \(steps(state.usualRoad))"
    Terminal.say(
      wasDrifting
        ? "roadseg: drift: what the network sees is unlike what it was calibrated for: \(figures)"
        : "roadseg: drift: over: \(figures)")
  }
}
