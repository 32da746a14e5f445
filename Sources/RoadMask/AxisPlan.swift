/// One axis of a bilinear resize, exactly: for every output coordinate the two source coordinates and the weight of the
/// second one as a fraction with one common denominator.
///
/// Half-pixel centres, clamped to the edge (ONNX Resize `linear` with `half_pixel`, PyTorch `align_corners=False`):
/// output coordinate d lies at `((2d + 1)·S − D) / 2D` of a source of S and an output of D, limited to `0 ... S − 1`.
/// The fraction is reduced by the greatest divisor that all of them share: 60 → 640 has the denominator 64, not 1280.
struct AxisPlan: Sendable {
  /// Neighbouring output coordinates that lie between the same two source coordinates.
  struct Span: Sendable {
    var first: Int32
    var second: Int32
    /// Output coordinates `start ..< end`.
    var start: Int32
    var end: Int32
    /// Weight of `second` at `start`, over the axis' denominator; grows by `step` with every output coordinate.
    var weight: Int32
    var step: Int32
  }

  let denominator: Int32
  let spans: [Span]

  /// - Parameters: sides in pixels, 1...16384 each.
  init(source: Int, output: Int) {
    let range = 1...16384
    precondition(range.contains(source) && range.contains(output), "resize \(source) → \(output): sides are \(range)")
    let full = 2 * output
    let divisor = Self.divisor(of: [full, 2 * source, abs(source - output)])
    let last = (source - 1) * full
    var spans: [Span] = []
    for d in 0..<output {
      let place = (2 * d + 1) * source - output
      let clamped = min(max(place, 0), last)
      let first = clamped / full
      let weight = (clamped % full) / divisor
      let isClamped = place <= 0 || place >= last
      let second = isClamped ? first : first + 1
      if let open = spans.indices.last, spans[open].first == first, spans[open].second == second {
        spans[open].end = Int32(d + 1)
      } else {
        spans.append(
          Span(
            first: Int32(first), second: Int32(second), start: Int32(d), end: Int32(d + 1), weight: Int32(weight),
            step: isClamped ? 0 : Int32(2 * source / divisor)))
      }
    }
    self.denominator = Int32(full / divisor)
    self.spans = spans
  }

  private static func divisor(of numbers: [Int]) -> Int {
    numbers.reduce(0) { first, second in
      var (a, b) = (first, second)
      while b != 0 { (a, b) = (b, a % b) }
      return a
    }
  }
}
