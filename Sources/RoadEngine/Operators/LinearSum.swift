import RoadBase
import RoadKernelContract
import RoadModel

/// `left · a + right · b + offset` of the bytes of two tensors, with numbers of each channel's own: a sum or difference
/// whose operands may have a scale a channel, and lines behind it that no pair rounds.
struct LinearSum {
  private var sources: [TensorID]
  private var shape: PlaneShape
  private var left: [Double]
  private var right: [Double]
  private var offset: [Double]

  /// - Returns: nil for other functions, operands that repeat or lie otherwise than NCHW, and bytes that stand for
  ///   anything but a line. Only precise networks have it.
  init?(_ left: RealView, _ right: RealView, _ kind: PairFunction.Kind, _ lowering: Lowering) {
    guard lowering.roundsAsONNXRuntime, kind == .sum || kind == .difference else { return nil }
    let views = [left, right]
    let tensors = views.map { lowering.tensor($0.tensor) }
    guard tensors[0].shape == tensors[1].shape,
      views.allSatisfy({ view in
        view.tensor != lowering.network.input
          && view.view.elements.isSame(as: lowering.canonicalView(of: view.tensor).elements)
      })
    else { return nil }
    let lines = zip(views, tensors).map { view, tensor in view.levels(of: tensor).compactMap(Self.line) }
    guard lines.allSatisfy({ $0.count == tensors[0].channels }) else { return nil }
    let sign = kind == .sum ? 1.0 : -1
    sources = views.map(\.tensor)
    shape = tensors[0].shape
    self.left = lines[0].map(\.slope)
    self.right = lines[1].map { sign * $0.slope }
    offset = zip(lines[0], lines[1]).map { $0.start + sign * $1.start }
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

  func followed(by line: ChannelLine) -> LinearSum {
    var sum = self
    for channel in offset.indices {
      sum.left[channel] *= line.factor[channel]
      sum.right[channel] *= line.factor[channel]
      sum.offset[channel] = offset[channel] * line.factor[channel] + line.offset[channel]
    }
    return sum
  }

  func pending(_ name: String) -> PendingLayer {
    var pending = PendingLayer(node: name, shape: shape) {
      (lowering: inout Lowering, output, clamp) throws(RoadError) in
      let to = lowering.tensor(output)
      lowering.append(
        PairLayer(
          name: name, left: sources[0], right: sources[1], output: output,
          operation: .lines(try lines(to: to), zeroPoint: to.quantization.zeroPoint, clamp),
          shapes: [shape, shape, shape]))
    }
    pending.hasChannelFactors = true
    pending.transformed = { (line, _) in followed(by: line).pending(name) }
    let ends = offset.indices.map { channel in
      [0, left[channel]].flatMap { a in [0, right[channel]].map { offset[channel] + 255 * (a + $0) } }
    }
    if let lowest = ends.joined().min().map(Float.init), let highest = ends.joined().max().map(Float.init),
      lowest.isFinite, highest.isFinite
    {
      pending.range = lowest...highest
    }
    return pending
  }

  /// In steps of the output, with the half that rounds to nearest.
  private func lines(to tensor: LoweredTensor) throws(RoadError) -> [PerChannelAffine.Factors] {
    let one = Double(sign: .plus, exponent: Int(PerChannelAffine.Factors.fractionBits), significand: 1)
    var result: [PerChannelAffine.Factors] = []
    for channel in offset.indices {
      let unit = one / Double(tensor.channelScales?[channel] ?? tensor.quantization.scale)
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
