/// The tilt of the road from its edges, where it is as wide everywhere.
///
/// Seen over a plane that is tilted by κ, a road of the width W whose middle runs along m(z) has its edges at
///
///     x(z) = a₀ + a₁·z + a₂·z² + a₃·z³ ± (1 − κ·z)·W/2·c(z)
///
/// where c is one over the cosine of the road's heading there. That is a sum of six unknowns, which is solved by least
/// squares over the edges of all lines, weighted by one over the square of the distance, as a pixel's error grows with
/// it; three times, with the heading of the time before, and the last time without edges that are more than 2.5 times
/// the usual error off.
///
/// The tilt is told where ``fewest`` edges of either side are left and its own error is a tenth of a degree or less;
/// and where it is no more than ``largest``: more is no nodding.
///
/// Additions, products, quotients and square roots only: the same on every board.
struct PitchFit {
  static let fewest = 5
  /// Radians.
  private static let largest = 0.0262
  private static let largestError = 0.001745

  /// Where an edge of the road seems to be, in tens of metres: numbers around 1.
  struct Edge {
    var ahead: Double
    var across: Double
    /// 1 for the right one, -1 for the left one.
    var side: Double
  }

  private let edges: UnsafeBufferPointer<Edge>
  /// Of the camera, tens of metres.
  private let height: Double

  /// - Parameter height: of the camera, metres.
  init(_ edges: UnsafeBufferPointer<Edge>, height: Double) { (self.edges, self.height) = (edges, height / 10) }

  var tilt: RoadTilt? {
    guard let straight = fit(after: nil, within: .infinity), let bent = fit(after: straight, within: .infinity),
      let fit = fit(after: bent, within: 2.5 * bent.error), fit.halfWidth > 0
    else { return nil }
    let slope = -fit.narrowing / fit.halfWidth
    guard abs(slope) * height <= Self.largest, fit.narrowingError / fit.halfWidth * height <= Self.largestError
    else { return nil }
    return RoadTilt(perMillimetre: slope / 10_000, degrees: -slope * height * (180 / Double.pi))
  }

  private struct Fit {
    var unknowns: SIMD8<Double>
    /// Of an edge, over its distance: root of the mean square.
    var error: Double
    var narrowingError: Double

    var halfWidth: Double { unknowns[4] }
    /// Of the half width, by distance.
    var narrowing: Double { unknowns[5] }

    /// How much longer than the half width the way to the edge is, straight to the side.
    func stretch(_ z: Double) -> Double {
      let heading = unknowns[1] + z * (2 * unknowns[2] + 3 * z * unknowns[3])
      return (1 + min(heading * heading, 1)).squareRoot()
    }
  }

  /// What each unknown is multiplied with.
  private func factors(_ edge: Edge, _ last: Fit?) -> SIMD8<Double> {
    let z = edge.ahead
    let side = edge.side * (last?.stretch(z) ?? 1)
    return SIMD8(1, z, z * z, z * z * z, side, side * z, 0, 0)
  }

  private static func product(_ a: SIMD8<Double>, _ b: SIMD8<Double>) -> Double {
    let c = a * b
    return c[0] + c[1] + c[2] + c[3] + c[4] + c[5]
  }

  private func fit(after last: Fit?, within limit: Double) -> Fit? {
    var system = NormalEquations()
    var (left, right) = (0, 0)
    func counts(_ edge: Edge) -> Bool {
      guard let last, limit < .infinity else { return true }
      return abs(Self.product(factors(edge, last), last.unknowns) - edge.across) <= limit * edge.ahead
    }
    for edge in edges where counts(edge) {
      system.add(factors(edge, last), edge.across, weight: 1 / (edge.ahead * edge.ahead))
      if edge.side < 0 { left += 1 } else { right += 1 }
    }
    guard left >= Self.fewest, right >= Self.fewest, let solution = system.solve() else { return nil }
    var squares = 0.0
    for edge in edges where counts(edge) {
      let gap = (Self.product(factors(edge, last), solution.unknowns) - edge.across) / edge.ahead
      squares += gap * gap
    }
    let square = squares / Double(left + right - 6)
    return Fit(
      unknowns: solution.unknowns, error: max(square.squareRoot(), 1e-4),
      narrowingError: (square * max(solution.lastVariance, 0)).squareRoot())
  }
}

/// Six unknowns by least squares.
private struct NormalEquations {
  private static let count = 6
  /// The rows of the matrix.
  private var rows = (
    SIMD8<Double>(), SIMD8<Double>(), SIMD8<Double>(), SIMD8<Double>(), SIMD8<Double>(), SIMD8<Double>()
  )
  private var right = SIMD8<Double>()

  mutating func add(_ factors: SIMD8<Double>, _ value: Double, weight: Double) {
    let weighted = factors * weight
    rows.0 += weighted * factors[0]
    rows.1 += weighted * factors[1]
    rows.2 += weighted * factors[2]
    rows.3 += weighted * factors[3]
    rows.4 += weighted * factors[4]
    rows.5 += weighted * factors[5]
    right += weighted * value
  }

  private subscript(row: Int) -> SIMD8<Double> {
    get {
      switch row {
      case 0: rows.0
      case 1: rows.1
      case 2: rows.2
      case 3: rows.3
      case 4: rows.4
      default: rows.5
      }
    }
    set {
      switch row {
      case 0: rows.0 = newValue
      case 1: rows.1 = newValue
      case 2: rows.2 = newValue
      case 3: rows.3 = newValue
      case 4: rows.4 = newValue
      default: rows.5 = newValue
      }
    }
  }

  /// By elimination; the matrix is symmetric and positive, so its diagonal serves.
  ///
  /// - Returns: also the last unknown's variance for errors of one; nil where something is left open.
  func solve() -> (unknowns: SIMD8<Double>, lastVariance: Double)? {
    var system = self
    for pivot in 0..<Self.count {
      let row = system[pivot]
      // Against what was there before the elimination.
      guard row[pivot] > 1e-10 * self[pivot][pivot] else { return nil }
      for below in pivot + 1..<Self.count {
        let factor = system[below][pivot] / row[pivot]
        system[below] -= row * factor
        system.right[below] -= system.right[pivot] * factor
      }
    }
    var unknowns = SIMD8<Double>()
    for index in stride(from: Self.count - 1, through: 0, by: -1) {
      var rest = system.right[index]
      for other in index + 1..<Self.count { rest -= system[index][other] * unknowns[other] }
      unknowns[index] = rest / system[index][index]
    }
    return (unknowns, 1 / system[Self.count - 1][Self.count - 1])
  }
}
