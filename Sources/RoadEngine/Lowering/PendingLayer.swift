import RoadBase
import RoadKernelContract
import RoadModel

/// What makes real numbers that no tensor holds yet: a convolution, a sum, a mean, a join, ... It knows its sources,
/// not its format: ``LoweredNetwork/emit(_:to:name:)`` asks it for a layer once a QuantizeLinear has named one.
protocol Producer: Equatable, Sendable {
  var shape: PlaneShape { get }
  /// Whether it can write 16 bits.
  var writesInt16: Bool { get }
  /// Whether each channel has a factor of its own, so that each can be written with a scale of its own.
  var hasChannelFactors: Bool { get }
  /// All that can come out whatever goes in, where that is a range worth 256 levels: lets an operator follow without a
  /// QuantizeLinear between.
  func range(in network: LoweredNetwork) -> ClosedRange<Float>?
  /// How far from zero its numbers can be; nil: unknown, no function can follow.
  func farthest(in network: LoweredNetwork) -> Float?
  /// The same where no function may follow, but 16 bits may hold the numbers.
  func reach(in network: LoweredNetwork) -> Float?
  /// Whether bytes over all that can come out would be coarser than what goes in.
  func losesInBytes(in network: LoweredNetwork) -> Bool
  /// With an affine function of each channel taken in; nil where it cannot be.
  func folding(_ affine: ChannelAffine, in network: LoweredNetwork) throws(RoadError) -> (any Producer)?
  /// Adds the layer.
  ///
  /// - Parameters:
  ///   - output: the tensor to write.
  ///   - integers: what may be written: the fused activation.
  func emit(
    _ name: String, to output: TensorID, _ integers: ClosedRange<Int>, in network: inout LoweredNetwork
  ) throws(RoadError)
}

extension Producer {
  var writesInt16: Bool { false }
  var hasChannelFactors: Bool { false }
  func range(in network: LoweredNetwork) -> ClosedRange<Float>? { nil }
  func farthest(in network: LoweredNetwork) -> Float? { nil }
  func reach(in network: LoweredNetwork) -> Float? { farthest(in: network) }
  func losesInBytes(in network: LoweredNetwork) -> Bool { false }
  func folding(_ affine: ChannelAffine, in network: LoweredNetwork) throws(RoadError) -> (any Producer)? { nil }

  func isEqual(_ other: any Producer) -> Bool { (other as? Self) == self }
}

/// What a producer's numbers go through before they are rounded, in this order.
struct Epilogue: Equatable {
  var affines: [ChannelAffine] = []
  var function: RealFunction?
  var lowest = -Float.infinity
  var highest = Float.infinity

  var clampsNothing: Bool { lowest == -.infinity && highest == .infinity }
  func clamped(_ real: Float) -> Float { min(max(real, lowest), highest) }
}

/// A real-valued result that waits for the QuantizeLinear which gives it its format.
struct PendingLayer: Equatable {
  /// The ONNX node it came from.
  var node: String
  var producer: any Producer
  var epilogue = Epilogue()
  /// How the plane is seen as an ONNX value; nil: NCHW.
  var elements: StridedView?

  static func == (left: PendingLayer, right: PendingLayer) -> Bool {
    left.node == right.node && left.producer.isEqual(right.producer) && left.epilogue == right.epilogue
      && left.elements == right.elements
  }

  var shape: PlaneShape { producer.shape }
  var wholeElements: StridedView { elements ?? shape.canonicalElements }
  var isCanonical: Bool { elements?.isSame(as: shape.canonicalElements) ?? true }

  /// The producer with the epilogue's affines taken in.
  func folded(in network: LoweredNetwork) throws(RoadError) -> any Producer {
    var folded = producer
    for affine in epilogue.affines {
      guard let next = try folded.folding(affine, in: network) else {
        preconditionFailure("an affine behind node '\(node)', which takes none")
      }
      folded = next
    }
    return folded
  }

  /// Nil once a function is behind the layer.
  func range(in network: LoweredNetwork) throws(RoadError) -> ClosedRange<Float>? {
    guard epilogue.function == nil, let range = try folded(in: network).range(in: network) else { return nil }
    return epilogue.clamped(range.lowerBound)...epilogue.clamped(range.upperBound)
  }
}

// What may follow: affines and functions whose numbers the graph never rounds.
extension PendingLayer {
  func takesFunctions(in network: LoweredNetwork) -> Bool {
    producer.writesInt16 && producer.farthest(in: network) != nil
  }

  func mapped(_ next: RealFunction) -> PendingLayer {
    var layer = self
    layer.epilogue.function = .chain([behindAffines, next])
    (layer.epilogue.lowest, layer.epilogue.highest) = (-.infinity, .infinity)
    return layer
  }

  /// Nil once something other than an affine is behind the layer, and where the producer takes none.
  func followed(by affine: ChannelAffine, in network: LoweredNetwork) throws(RoadError) -> PendingLayer? {
    guard epilogue.function == nil, epilogue.clampsNothing,
      try folded(in: network).folding(affine, in: network) != nil
    else { return nil }
    var layer = self
    layer.epilogue.affines.append(affine)
    return layer
  }

  /// `function` of two functions of the same numbers; nil for others.
  static func combining(
    _ left: PendingLayer, _ right: PendingLayer, _ function: BinaryFunction, in network: LoweredNetwork
  ) -> PendingLayer? {
    let (first, second) = (left.untilUniform, right.untilUniform)
    guard first == second, first.takesFunctions(in: network) else { return nil }
    var layer = first
    layer.epilogue.function = .both(function, left.behindShared, right.behindShared)
    return layer
  }

  /// The function and clamp behind the affines.
  private var behindAffines: RealFunction {
    .chain([epilogue.function, .clamp(epilogue.lowest, epilogue.highest)].compactMap { $0 })
  }

  /// What two layers must share to be functions of the same numbers: all up to the last affine that differs from
  /// channel to channel.
  private var untilUniform: PendingLayer {
    let end = epilogue.affines.lastIndex { $0.uniform == nil }.map { $0 + 1 } ?? 0
    return PendingLayer(
      node: node, producer: producer, epilogue: Epilogue(affines: Array(epilogue.affines[..<end])), elements: elements)
  }

  private var behindShared: RealFunction {
    let uniform = epilogue.affines.reversed().prefix { $0.uniform != nil }.reversed().compactMap(\.uniform)
    return .chain(uniform.map { .affine(factor: $0.factor, offset: $0.offset) } + [behindAffines])
  }

  /// The constant's number for each channel; nil where it differs along other axes.
  func perChannel(_ constant: ConstantTensor) -> [Double]? {
    let view = wholeElements
    let numbers = constant.reals.map(Double.init)
    guard let first = numbers.first, broadcastShape(view.shape, constant.shape) == view.shape else { return nil }
    if numbers.allSatisfy({ $0 == first }) { return Array(repeating: first, count: shape.channels) }
    let axes = constant.shape.indices.filter { constant.shape[$0] != 1 }
    guard axes.count == 1 else { return nil }
    let axis = axes[0] + view.shape.count - constant.shape.count
    return view.strides[axis] == 1 && numbers.count == shape.channels ? numbers : nil
  }
}
