import RoadBase

/// Reductions over any set of axes, which are an input in newer operator sets and an attribute in older ones.
enum ReductionOperators {
  static let mean = reduction(from: 0) {
    $0 + $1
  } finish: {
    $0 / Float($1)
  }
  static let sum = reduction(from: 0) {
    $0 + $1
  } finish: { sum, _ in
    sum
  }
  static let maximum = reduction(from: -.infinity) {
    max($0, $1)
  } finish: { value, _ in
    value
  }
  static let minimum = reduction(from: .infinity) {
    min($0, $1)
  } finish: { value, _ in
    value
  }
  static let absoluteSum = reduction(from: 0) {
    $0 + abs($1)
  } finish: { sum, _ in
    sum
  }
  static let squareSum = reduction(from: 0) {
    $0 + $1 * $1
  } finish: { sum, _ in
    sum
  }
  static let product = reduction(from: 1) {
    $0 * $1
  } finish: { product, _ in
    product
  }
  static let euclidean = reduction(from: 0) {
    $0 + $1 * $1
  } finish: { sum, _ in
    sum.squareRoot()
  }

  private static func reduction(
    from start: Float, _ combine: @escaping @Sendable (Float, Float) -> Float,
    finish: @escaping @Sendable (Float, Int) -> Float
  ) -> Evaluation {
    { call throws(RoadError) in
      let input = try call.floats(0)
      let axes = try axes(call, rank: input.shape.count)
      let kept = input.shape.indices.filter { !axes.contains($0) }
      // The reduced axes go last: each result is then a run of the reordered numbers.
      let view = StridedView(of: input.shape).transposed(kept + axes)
      let run = axes.reduce(1) { $0 * input.shape[$1] }
      let offsets = view.offsets
      let values = (0..<kept.reduce(1) { $0 * input.shape[$1] }).map { index in
        finish(offsets[index * run..<(index + 1) * run].reduce(start) { combine($0, input.values[$1]) }, run)
      }
      let keeps = call.integer("keepdims", default: 1) != 0
      let shape = input.shape.indices.compactMap { axes.contains($0) ? (keeps ? 1 : nil) : input.shape[$0] }
      return [.floats(FloatTensor(shape: shape, values: values))]
    }
  }

  /// The first of equal maxima, or the last with `select_last_index`.
  static func argMax(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let input = try call.floats(0)
    let axis = try call.axis(call.integer("axis", default: 0), rank: input.shape.count)
    let takesLast = call.integer("select_last_index", default: 0) != 0
    let size = input.shape[axis]
    guard size > 0 else { throw call.failure("axis \(axis) of shape \(input.shape) is empty") }
    let kept = input.shape.indices.filter { $0 != axis }
    let offsets = StridedView(of: input.shape).transposed(kept + [axis]).offsets
    let winners = stride(from: 0, to: offsets.count, by: size).map { start in
      (0..<size).reduce(0) { best, index in
        let (new, old) = (input.values[offsets[start + index]], input.values[offsets[start + best]])
        return new > old || takesLast && new == old ? index : best
      }
    }
    let keeps = call.integer("keepdims", default: 1) != 0
    let shape = input.shape.indices.compactMap { $0 == axis ? (keeps ? 1 : nil) : input.shape[$0] }
    return [.integers(shape: shape, values: winners)]
  }

  private static func axes(_ call: OperatorCall, rank: Int) throws(RoadError) -> [Int] {
    var given = call.integers(named: "axes") ?? []
    if call.has(1) { given = try call.integers(1) }
    if given.isEmpty { return call.integer("noop_with_empty_axes", default: 0) != 0 ? [] : Array(0..<rank) }
    return try given.mapChecked { axis throws(RoadError) in try call.axis(axis, rank: rank) }.sorted()
  }
}
