import RoadEngine

/// How far a layer is from what the machine could do at best: the roofline model (Williams, Waterman and Patterson
/// 2009).
///
/// A layer takes at least the time of its multiply-accumulates at the measured compute peak, and at least that of its
/// activation bytes at the measured bandwidth of where they lie. The longer of both is its bound.
public struct Roofline: Hashable, Sendable, Codable {
  public enum Bound: String, Sendable, Codable, CaseIterable {
    case compute
    case levelTwo = "l2"
    case memory
  }

  /// Multiply-accumulates for each activation byte.
  public var intensity: Double
  public var bound: Bound
  /// The bound's time as a share of the measured one, 0...1 but for noise: 1 is the best that this machine can do.
  public var shareOfBound: Double

  /// - Parameters:
  ///   - milliseconds: measured.
  ///   - isFused: the layer's step runs strip by strip, so that its activations stay in the second-level cache.
  public init(
    layer: LayerDescription, milliseconds: Double, isFused: Bool, peak: MachinePeak, bandwidth: MemoryBandwidth
  ) {
    let staysInCache = isFused || layer.bytesMoved <= bandwidth.levelTwoBytes * peak.threads
    let rate = staysInCache ? bandwidth.levelTwoGigabytes : bandwidth.memoryGigabytes
    let compute = Double(layer.multiplyAccumulates) / max(peak.gigaMultiplyAccumulates, 1e-9) / 1e6
    let movement = Double(layer.bytesMoved) / max(rate, 1e-9) / 1e6
    intensity = Double(layer.multiplyAccumulates) / Double(max(layer.bytesMoved, 1))
    bound = compute >= movement ? .compute : staysInCache ? .levelTwo : .memory
    shareOfBound = max(compute, movement) / max(milliseconds, 1e-9)
  }
}
