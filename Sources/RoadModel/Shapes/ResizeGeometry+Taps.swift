/// Neighbouring numbers of the input and what each counts in one number of the output; the weights add up to 1.
public struct ResizeTaps: Hashable, Sendable {
  public var first: Int
  public var weights: [Float]
}

extension ResizeGeometry {
  /// Whether an output can depend on other than two neighbours, or on none: then ``taps(_:axis:)`` tells on which.
  public var needsTaps: Bool { mode == .cubic || antialiases || coordinates == .cropAndResize }

  /// What an output coordinate reads, in every mode; nil where ``extrapolation`` stands.
  public func taps(_ x: Int, axis: Int) -> ResizeTaps? {
    guard scales[axis] != 1 || coordinates == .cropAndResize else { return ResizeTaps(first: x, weights: [1]) }
    let position = source(x, axis: axis)
    if coordinates == .cropAndResize, !(0...Float(input[axis] - 1)).contains(position) { return nil }
    if antialiases { return window(around: position, axis: axis) }
    switch mode {
    case .nearest: return ResizeTaps(first: nearestTap(x, axis: axis), weights: [1])
    case .linear:
      let tap = linearTap(x, axis: axis)
      return ResizeTaps(first: tap.first, weights: tap.second > tap.first ? [1 - tap.weight, tap.weight] : [1])
    case .cubic:
      let floor = position.rounded(.down)
      return inside(Int(floor) - 1, (0..<4).map { cubic(position - floor + 1 - Float($0)) }, axis: axis)
    }
  }

  /// Every number under the filter, which is as many times wider as the picture shrinks.
  private func window(around position: Float, axis: Int) -> ResizeTaps {
    let stretch = max(1 / scales[axis], 1)
    let support = (mode == .linear ? 1 : 2) * stretch
    let center = position + 0.5
    let first = Int((center - support + 0.5).rounded(.down))
    let end = Int((center + support + 0.5).rounded(.down))
    let weights = (first..<max(end, first + 1)).map { tap in
      let distance = (Float(tap) - center + 0.5) / stretch
      return mode == .linear ? max(1 - abs(distance), 0) : cubic(distance)
    }
    return inside(first, weights, axis: axis)
  }

  /// Keys' cubic, formula 4 with a free `a`.
  private func cubic(_ distance: Float) -> Float {
    let (x, a) = (abs(distance), cubicCoefficient)
    if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    return x < 2 ? ((x - 5) * x + 8) * x * a - 4 * a : 0
  }

  /// Without taps outside the input, whose weights go to the edge or, if they are excluded, to all others.
  private func inside(_ first: Int, _ weights: [Float], axis: Int) -> ResizeTaps {
    let last = input[axis] - 1
    let start = min(max(first, 0), last)
    var kept = [Float](repeating: 0, count: min(max(first + weights.count - 1, start), last) - start + 1)
    for (offset, weight) in weights.enumerated() {
      let place = min(max(first + offset, 0), last)
      if place == first + offset || !excludesOutside { kept[place - start] += weight }
    }
    let sum = kept.reduce(0, +)
    return ResizeTaps(first: start, weights: sum == 0 ? kept : kept.map { $0 / sum })
  }
}
