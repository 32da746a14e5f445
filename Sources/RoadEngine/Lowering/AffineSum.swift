import RoadBase
import RoadKernelContract
import RoadModel

/// `left · a + right · b + offset` of the bytes of two tensors, with numbers of each channel's own: a sum or difference
/// whose operands may have per-channel scales, and affines behind it that nothing rounds.
struct AffineSum: Producer {
  private var sources: [TensorID]
  var shape: PlaneShape
  private var left: [Double]
  private var right: [Double]
  private var offset: [Double]

  /// - Returns: nil for other functions, operands that repeat or lie otherwise than NCHW, bytes that stand for anything
  ///   but an affine function of them, and where the rounding contract rounds sums.
  init?(_ left: RealView, _ right: RealView, _ kind: BinaryFunction.Kind, _ network: LoweredNetwork) {
    guard network.rounding.keepsUnroundedSums, kind == .sum || kind == .difference else { return nil }
    let views = [left, right]
    let tensors = views.map { network.tensors[$0.tensor] }
    guard tensors[0].shape == tensors[1].shape,
      views.allSatisfy({ view in
        view.tensor != network.input
          && view.view.elements.isSame(as: network.canonicalView(of: view.tensor).elements)
      })
    else { return nil }
    let affines = zip(views, tensors).map { view, tensor in view.rowsOfChannels(of: tensor).compactMap(Self.line) }
    guard affines.allSatisfy({ $0.count == tensors[0].channels }) else { return nil }
    let sign = kind == .sum ? 1.0 : -1
    sources = views.map(\.tensor)
    shape = tensors[0].shape
    self.left = affines[0].map(\.slope)
    self.right = affines[1].map { sign * $0.slope }
    offset = zip(affines[0], affines[1]).map { $0.start + sign * $1.start }
  }

  /// The line through 256 numbers; nil where they are not on one, but for the rounding of floats.
  private static func line(_ levels: [Float]) -> (start: Double, slope: Double)? {
    guard let first = levels.first.map(Double.init), let last = levels.last.map(Double.init), (last - first).isFinite
    else { return nil }
    let slope = (last - first) / 255
    let margin = max(abs(first), abs(last)) * 0x1p-20
    let isLine = levels.indices.allSatisfy { abs(Double(levels[$0]) - first - slope * Double($0)) <= margin }
    return isLine ? (first, slope) : nil
  }

  func followed(by affine: ChannelAffine) -> AffineSum {
    var sum = self
    for channel in offset.indices {
      sum.left[channel] *= affine.factor[channel]
      sum.right[channel] *= affine.factor[channel]
      sum.offset[channel] = offset[channel] * affine.factor[channel] + affine.offset[channel]
    }
    return sum
  }

  var hasChannelFactors: Bool { true }

  func folding(_ affine: ChannelAffine, in network: LoweredNetwork) -> (any Producer)? { followed(by: affine) }

  func range(in network: LoweredNetwork) -> ClosedRange<Float>? {
    let ends = offset.indices.flatMap { channel in
      let (least, l, r) = (offset[channel], 255 * left[channel], 255 * right[channel])
      return [least, least + l, least + r, least + 255 * (left[channel] + right[channel])]
    }
    guard let lowest = ends.min().map(Float.init), let highest = ends.max().map(Float.init), lowest.isFinite,
      highest.isFinite
    else { return nil }
    return lowest...highest
  }

  func emit(
    _ name: String, to output: TensorID, _ integers: ClosedRange<Int>, in network: inout LoweredNetwork
  ) throws(RoadError) {
    let to = network.tensors[output].format
    network.append(
      BinaryLayer(
        name: name, left: sources[0], right: sources[1], output: output,
        operation: .affine(try factors(to: to), zeroPoint: UInt8(to.zeroPoint), ByteClamp(integers)),
        shapes: [shape, shape, shape]))
  }

  /// In steps of the output, with the half that rounds to nearest.
  private func factors(to format: TensorFormat) throws(RoadError) -> [PerChannelAffine.Factors] {
    let one = Double(sign: .plus, exponent: Int(PerChannelAffine.Factors.fractionBits), significand: 1)
    var result: [PerChannelAffine.Factors] = []
    for channel in offset.indices {
      let unit = one / Double(format.scale(ofChannel: channel))
      let (a, b) = ((left[channel] * unit).rounded(), (right[channel] * unit).rounded())
      // Beyond what bytes can make up for, every result is the same.
      let bias = min(max((offset[channel] * unit).rounded(), -0x1p55), 0x1p55)
      guard abs(a) < 0x1p46, abs(b) < 0x1p46, bias.isFinite else {
        throw RoadError(.model, "output channel \(channel) needs the factors \(left[channel]) and \(right[channel])")
      }
      result.append(PerChannelAffine.Factors(left: Int64(a), right: Int64(b), bias: Int64(bias) + Int64(one / 2)))
    }
    return result
  }
}
