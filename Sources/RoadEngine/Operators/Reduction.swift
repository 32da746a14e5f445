import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

/// GlobalAveragePool, GlobalMaxPool, ReduceMean, ReduceSum, ReduceL2, ReduceMax, ReduceMin.
enum ReductionRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    let isSum = ["GlobalAveragePool", "ReduceMean", "ReduceSum"].contains(node.operation)
    let isNorm = node.operation == "ReduceL2"
    let view =
      try isSum || isNorm ? lowering.anyActivation(0, of: node) : lowering.activation(viewOf: 0, of: node)
    let rank = view.shape.count
    let axes = try reducedAxes(node, rank: rank, lowering)
    let keeps = try node.integer("keepdims", default: 1, in: 0...1) == 1
    let kept = view.shape.indices.filter { !axes.contains($0) }
    let count = axes.reduce(1) { $0 * view.shape[$1] }
    guard count <= 1 << 23 else { throw RoadError(.model, "reduces \(count) numbers at once, which is too many") }
    var plan = lowering.reduction(of: view, axes: axes, kept: kept, overChannels: isNorm)
    let keepsInt16 = plan.isOverPlane || isNorm && count <= Int16NormArguments.mostChannels
    if !keepsInt16, lowering.tensor(plan.source).element == .int16 {
      // Only whole pictures, and norms, have a kernel for 16 bits.
      let bytes = try lowering.activation(viewOf: 0, of: node)
      plan = lowering.reduction(of: bytes, axes: axes, kept: kept, overChannels: isNorm)
    }
    var elements = plan.elements
    if !keeps {
      elements.shape = kept.map { elements.shape[$0] }
      elements.strides = kept.map { plan.elements.strides[$0] }
    }
    let source = lowering.tensor(plan.source)
    let operation: ReductionArguments.Operation =
      node.operation.contains("Max") ? .maximum : node.operation.contains("Min") ? .minimum : isNorm ? .norm : .sum
    if operation == .maximum || operation == .minimum {
      let output = lowering.network.addTensor(node.outputs[0], plan.target, source.format)
      lowering.network.append(
        ReductionLayer(
          name: node.name, source: plan.source, output: output, operation: operation,
          rescaling: Rescaling(scale: 1, zeroPoint: 0), sourceZeroPoint: source.quantization.zeroPoint,
          isOverPlane: plan.isOverPlane))
      return lowering.set(ElementView(tensor: output, elements: elements), outputOf: node)
    }
    // A norm's accumulator counts in units of 2^-8.
    let divisor = isNorm ? 256 : node.operation == "ReduceSum" ? 1 : count
    let reduction = Reduction(
      source: plan.source, shape: plan.target, operation: operation, count: count, divisor: divisor,
      isOverPlane: plan.isOverPlane)
    lowering.set(.pending(PendingLayer(node: node.name, producer: reduction, elements: elements)), outputOf: node)
  }

  private static func reducedAxes(_ node: Node, rank: Int, _ lowering: Lowering) throws(RoadError) -> [Int] {
    if node.operation.hasPrefix("Global") { return Array(2..<max(rank, 2)) }
    var given = try node.integers("axes", default: [], in: -64...64)
    if let list = try lowering.constant(1, of: node)?.data.integers { given = list }
    if given.isEmpty, try node.integer("noop_with_empty_axes", default: 0, in: 0...1) == 1 {
      throw RoadError(.model, "reduces no axis, which is not supported")
    }
    var axes: [Int] = []
    for axis in given { axes.append(try node.axis(axis, rank: rank)) }
    return axes.isEmpty ? Array(0..<rank) : axes.sorted()
  }
}

/// How a reduction lies on planes.
private struct ReductionPlan {
  var source: TensorID
  var target: PlaneShape
  /// The result with the reduced axes kept as 1.
  var elements: StridedView
  var isOverPlane: Bool
}

extension Lowering {
  fileprivate mutating func reduction(
    of view: ElementView, axes: [Int], kept: [Int], overChannels: Bool
  ) -> ReductionPlan {
    var result = view.shape
    for axis in axes { result[axis] = 1 }
    // All pixels of a plane that is whole: what a global pool reduces.
    if !overChannels, let channel = network.channelAxis(ofWhole: view),
      kept.allSatisfy({ $0 == channel || view.shape[$0] == 1 }),
      !axes.contains(channel)
    {
      let target = PlaneShape(height: 1, width: 1, channels: view.shape[channel])
      var elements = StridedView(of: result)
      elements.strides[channel] = 1
      return ReductionPlan(source: view.tensor, target: target, elements: elements, isOverPlane: true)
    }
    let arrangement = Arrangement(rows: Array(kept.dropLast()), columns: Array(kept.suffix(1)), channels: axes)
    let source = network.plane(of: view, arrangement)
    let shape = tensor(source).shape
    let target = PlaneShape(height: shape.height, width: shape.width, channels: 1)
    return ReductionPlan(
      source: source, target: target, elements: arrangement.elements(of: result), isOverPlane: false)
  }
}
