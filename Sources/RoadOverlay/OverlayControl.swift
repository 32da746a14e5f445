import Synchronization

/// The overlay of a run as somebody who watches it wants it: read by the drawing thread before each frame, changed by
/// any other.
public final class OverlayControl: Sendable {
  private let on = Atomic<Bool>(true)
  private let weight: Atomic<Int>

  public init(style: OverlayStyle = OverlayStyle()) { weight = Atomic(style.roadWeight) }

  public var isOn: Bool {
    get { on.load(ordering: .relaxed) }
    set { on.store(newValue, ordering: .relaxed) }
  }

  /// How strongly the road is tinted, in 256ths; what is set is brought into 0...256.
  public var roadWeight: Int {
    get { weight.load(ordering: .relaxed) }
    set { weight.store(min(max(newValue, 0), 256), ordering: .relaxed) }
  }
}
