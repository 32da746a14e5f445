import RoadBase
import RoadKernelContract
import RoadModel

/// An affine function of each channel of a tensor, then perhaps a slope of the channel's own below zero: what keeps the
/// 16 bits of its source, where a table for each channel would be too large.
struct Int16Affine: Producer {
  let source: TensorID
  let shape: PlaneShape
  var affine: ChannelAffine
  var slopes: [Double]?

  let writesInt16 = true
  let hasChannelFactors = true

  init(source: TensorID, shape: PlaneShape, affine: ChannelAffine? = nil, slopes: [Double]? = nil) {
    (self.source, self.shape, self.slopes) = (source, shape, slopes)
    self.affine =
      affine
      ?? ChannelAffine(
        factor: [Double](repeating: 1, count: shape.channels), offset: [Double](repeating: 0, count: shape.channels))
  }

  func folding(_ next: ChannelAffine, in network: LoweredNetwork) -> (any Producer)? {
    guard slopes == nil, next.factor.count == shape.channels else { return nil }
    var folded = self
    for channel in 0..<shape.channels {
      folded.affine.factor[channel] *= next.factor[channel]
      folded.affine.offset[channel] = affine.offset[channel] * next.factor[channel] + next.offset[channel]
    }
    return folded
  }

  func farthest(in network: LoweredNetwork) -> Float? {
    let format = network.tensors[source].format
    let ends = [format.integers.lowerBound, format.integers.upperBound].map {
      format.step * Double($0 - format.zeroPoint)
    }
    let all = (0..<shape.channels).flatMap { channel in
      ends.map { end in
        let value = abs(affine.factor[channel] * end + affine.offset[channel])
        return value * max(abs(slopes?[channel] ?? 1), 1)
      }
    }
    return all.max().map(Float.init)
  }

  func range(in network: LoweredNetwork) -> ClosedRange<Float>? {
    guard let farthest = farthest(in: network), farthest.isFinite else { return nil }
    return -farthest...farthest
  }

  func emit(
    _ name: String, to output: TensorID, _ integers: ClosedRange<Int>, in network: inout LoweredNetwork
  ) throws(RoadError) {
    let (from, to) = (network.tensors[source].format, network.tensors[output].format)
    let one = Double(sign: .plus, exponent: Int(Int16AffineArguments.Factors.fractionBits), significand: 1)
    var factors: [Int16AffineArguments.Factors] = []
    for channel in 0..<shape.channels {
      let unit = one / Double(to.scale(ofChannel: channel))
      let factor = affine.factor[channel] * from.step * unit
      let bias = affine.offset[channel] * unit - factor * Double(from.zeroPoint)
      let slope = slopes?[channel] ?? 1
      guard abs(factor) < 0x1p44, abs(factor * slope) < 0x1p44, abs(bias) < 0x1p60, abs(bias * slope) < 0x1p60 else {
        throw RoadError(.model, "channel \(channel) needs the factor \(affine.factor[channel])")
      }
      factors.append(
        .init(
          factor: Int64(factor.rounded()), bias: Int64(bias.rounded()),
          negativeFactor: Int64((factor * slope).rounded()),
          negativeBias: Int64((bias * slope).rounded())))
    }
    network.append(
      Int16AffineLayer(
        name: name, source: source, output: output, factors: factors, from: from.element, to: to, integers: integers))
  }
}

extension Lowering {
  /// An input that is a picture of 16 bits, with an affine function of each channel; nil for other inputs.
  mutating func int16Affine(
    _ index: Int, of node: Node, _ affine: ChannelAffine? = nil, slopes: [Double]? = nil
  ) throws(RoadError) -> PendingLayer? {
    guard let view = try int16(index, of: node), view.shape.count == 4, view.shape[0] == 1 else { return nil }
    let source = network.plane(of: view)
    let shape = tensor(source).shape
    guard affine?.factor.count ?? shape.channels == shape.channels, slopes?.count ?? shape.channels == shape.channels
    else { return nil }
    return PendingLayer(
      node: node.name, producer: Int16Affine(source: source, shape: shape, affine: affine, slopes: slopes))
  }
}

extension PendingLayer {
  /// With a slope of each channel's own below zero; nil for other producers, or where there are slopes already.
  func sloped(_ slopes: [Double]?, in network: LoweredNetwork) throws(RoadError) -> PendingLayer? {
    guard let slopes, epilogue.function == nil, epilogue.clampsNothing,
      var affine = try folded(in: network) as? Int16Affine, affine.slopes == nil,
      slopes.count == affine.shape.channels
    else { return nil }
    affine.slopes = slopes
    return PendingLayer(node: node, producer: affine, elements: elements)
  }
}
