import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

/// LayerNormalization over the axes from the one named on, InstanceNormalization over all but batch and channels.
enum NormalisationRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    guard node.outputs.dropFirst().allSatisfy(\.isEmpty) else {
      throw RoadError(.model, "gives mean or deviation, too, which is not supported")
    }
    var view = try lowering.anyActivation(0, of: node)
    let (rank, isInstance) = (view.shape.count, node.operation == "InstanceNormalization")
    guard rank > (isInstance ? 2 : 0) else { throw RoadError(.model, "input of shape \(view.shape)") }
    let axis = isInstance ? 2 : try node.axis(try node.integer("axis", default: -1, in: -64...64), rank: rank)
    if view.shape[axis...].reduce(1, *) > Int16NormalisationArguments.mostNumbers {
      view = try lowering.activation(viewOf: 0, of: node)
    }
    let arrangement = arrangement(rank: rank, from: axis, isInstance)
    let whole = !isInstance && axis == rank - 1 && lowering.network.channelAxis(ofWhole: view) == axis
    let source = whole ? view.tensor : lowering.network.plane(of: view, arrangement)
    let elements = whole ? view.elements : arrangement.elements(of: view.shape)
    let from = lowering.tensor(source)
    let count = isInstance ? from.width : from.channels
    let gains = try lowering.reals(1, of: node, count: count, default: 1)
    let offsets = try lowering.reals(2, of: node, count: count, default: 0)
    let spread = try Self.spread(of: node, from)
    let producer = Normalisation(
      source: source, shape: from.shape, spread: spread, gains: gains, offsets: offsets, isByColumn: isInstance,
      writesInt16: from.element == .int16 || lowering.network.rounding.keepsUnroundedSums)
    lowering.set(.pending(PendingLayer(node: node.name, producer: producer, elements: elements)), outputOf: node)
  }

  /// What is normalised together lies along the channels; of an InstanceNormalization, channels are the columns.
  private static func arrangement(rank: Int, from axis: Int, _ isInstance: Bool) -> Arrangement {
    let together = Array(axis..<rank)
    if isInstance { return Arrangement(rows: [0], columns: [1], channels: together) }
    return Arrangement(
      rows: Array((0..<axis).dropLast()), columns: Array((0..<axis).suffix(1)), channels: together)
  }

  /// n² times epsilon, in squared steps.
  private static func spread(of node: Node, _ from: LoweredTensor) throws(RoadError) -> Int64 {
    guard from.channels <= NormalisationArguments.mostNumbers else {
      throw RoadError(.model, "normalises \(from.channels) numbers at once, which is too many")
    }
    let epsilon = Double(try node.float("epsilon", default: 1e-5))
    let relative = Double(from.channels) / Double(from.format.scale)
    let spread = (epsilon * relative * relative).rounded()
    guard spread >= 0, spread < Double(NormalisationArguments.mostSpread) else {
      throw RoadError(.model, "its epsilon of \(epsilon) is negative, or too large for its input's scale")
    }
    return Int64(spread)
  }
}

extension Lowering {
  /// A constant input of so many numbers.
  fileprivate func reals(
    _ index: Int, of node: Node, count: Int, default missing: Float
  ) throws(RoadError) -> [Float] {
    guard let given = try constant(index, of: node)?.reals else { return [Float](repeating: missing, count: count) }
    guard given.count == count, given.allSatisfy(\.isFinite) else {
      throw RoadError(.model, "input \(index) has \(given.count) numbers for \(count), or infinite ones")
    }
    return given
  }
}

/// Mean 0 and variance 1 over the channels of each pixel, then gains and offsets.
struct Normalisation: Producer {
  var source: TensorID
  var shape: PlaneShape
  /// n² times epsilon, in squared steps.
  var spread: Int64
  var gains: [Float]
  var offsets: [Float]
  /// Whether gains and offsets belong to columns, not to channels.
  var isByColumn: Bool
  /// Where its source has 16 bits, and in networks of others, who may leave its result unquantized.
  var writesInt16: Bool

  func losesInBytes(in network: LoweredNetwork) -> Bool { true }

  /// Known by its range.
  func reach(in network: LoweredNetwork) -> Float? {
    range(in: network)?.farthest
  }

  /// No score of n numbers is further from 0 than √n; nearly all are within 8.
  func range(in network: LoweredNetwork) -> ClosedRange<Float>? {
    let farthest = min(Float(shape.channels).squareRoot(), 8)
    let bounds = zip(gains, offsets).map { (abs($0) * farthest, $1) }
    guard let lowest = bounds.map({ $1 - $0 }).min(), let highest = bounds.map({ $1 + $0 }).max(), lowest.isFinite,
      highest.isFinite
    else { return nil }
    return lowest...highest
  }

  func emit(
    _ name: String, to output: TensorID, _ integers: ClosedRange<Int>, in network: inout LoweredNetwork
  ) throws(RoadError) {
    let to = network.tensors[output].format
    func fixed(_ reals: [Float], _ bits: Int, _ most: Int64) throws(RoadError) -> [Int64] {
      let numbers = reals.map { (Double($0) / Double(to.scale) * Double(1 << bits)).rounded() }
      guard numbers.allSatisfy({ $0.magnitude < Double(most) }) else {
        throw RoadError(.model, "a gain or an offset is too large for its output's scale of \(to.scale)")
      }
      return numbers.map { Int64($0) }
    }
    let gains = try fixed(gains, 16, NormalisationArguments.mostGain)
    let offsets = try fixed(offsets, 32, NormalisationArguments.mostOffset)
    guard [source, output].allSatisfy({ network.tensors[$0].element == .uint8 }) else {
      return network.append(
        Int16NormalisationLayer(
          name: name, source: source, output: output,
          elements: (network.tensors[source].element, to.element), spread: spread, gains: gains,
          offsets: offsets, isByColumn: isByColumn, zeroPoint: Int64(to.zeroPoint), integers: integers))
    }
    network.append(
      NormalisationLayer(
        name: name, source: source, output: output, spread: spread, gains: gains, offsets: offsets,
        isByColumn: isByColumn, zeroPoint: network.tensors[output].quantization.zeroPoint, clamp: ByteClamp(integers)))
  }
}
