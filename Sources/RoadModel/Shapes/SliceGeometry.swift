import RoadBase

/// The part of a tensor that an ONNX Slice takes, starts and ends clamped as the standard says.
public struct SliceGeometry: Sendable {
  public struct Cut: Hashable, Sendable {
    public var axis: Int
    public var start: Int
    public var step: Int
    public var count: Int
  }

  public var cuts: [Cut]

  public init(node: Node, input: [Int], constant: (String) -> TensorData?) throws(RoadError) {
    func list(_ index: Int) throws(RoadError) -> [Int]? {
      guard let name = node.input(index) else { return nil }
      guard let values = constant(name)?.integers else { throw node.failure("its input '\(name)' is not constant") }
      return values
    }
    guard let starts = try list(1), let ends = try list(2) else { throw node.failure("it has no starts or ends") }
    let axes = try list(3) ?? Array(starts.indices)
    let steps = try list(4) ?? [Int](repeating: 1, count: starts.count)
    guard starts.count == ends.count, starts.count == axes.count, starts.count == steps.count else {
      throw node.failure("its starts, ends, axes and steps have different lengths")
    }
    cuts = []
    for index in starts.indices {
      let axis = try node.axis(axes[index], rank: input.count)
      guard !cuts.contains(where: { $0.axis == axis }) else { throw node.failure("axis \(axis) is cut twice") }
      let size = input[axis]
      let step = min(max(steps[index], -ShapeLimits.dimension), ShapeLimits.dimension)
      guard step != 0 else { throw node.failure("a step of 0") }
      let lowest = step > 0 ? 0 : -1
      let highest = step > 0 ? size : size - 1
      // A negative position counts from the end; the smallest one means "before the first" for negative steps.
      func position(_ value: Int) -> Int { min(max(value < 0 ? value + size : value, lowest), highest) }
      let start = step > 0 ? position(starts[index]) : max(position(starts[index]), 0)
      let end = position(ends[index])
      let count = step > 0 ? (end - start + step - 1) / step : (start - end - step - 1) / -step
      cuts.append(Cut(axis: axis, start: start, step: step, count: size == 0 ? 0 : max(0, count)))
    }
  }

  public func view(of shape: [Int]) -> StridedView {
    cuts.reduce(StridedView(of: shape)) { $0.sliced(axis: $1.axis, start: $1.start, step: $1.step, count: $1.count) }
  }
}

extension Node {
  /// An axis counted from the front; negative ones count from the back.
  public func axis(_ value: Int, rank: Int) throws(RoadError) -> Int {
    guard (-rank..<rank).contains(value) else { throw failure("axis \(value) of \(rank) dimensions") }
    return value < 0 ? value + rank : value
  }
}
