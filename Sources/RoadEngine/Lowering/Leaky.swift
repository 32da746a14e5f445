import RoadBase
import RoadKernelContract

/// `x < 0 ? slope · x : x` for each channel of a producer that takes affines.
///
/// Rounding keeps the order of numbers, so the bytes of the greater of two numbers are the greater of their bytes: the
/// producer runs twice, once with the slopes in its weights, each with the rounding of its own.
struct Leaky: Producer {
  let whole: any Producer
  let sloped: any Producer
  let choice: LeakyChoice
  private let slopes: [Double]

  /// - Returns: nil for producers that take no affines, and slopes of which some are negative and others over 1.
  init?(_ whole: any Producer, _ slopes: [Double], in network: LoweredNetwork) throws(RoadError) {
    let affine = ChannelAffine(factor: slopes, offset: [Double](repeating: 0, count: slopes.count))
    guard let choice = LeakyChoice(slopes: slopes), let sloped = try whole.folding(affine, in: network) else {
      return nil
    }
    (self.whole, self.sloped, self.choice, self.slopes) = (whole, sloped, choice, slopes)
    writesInt16 = whole.writesInt16 && whole.farthest(in: network).map(\.isFinite) ?? false
  }

  static func == (left: Leaky, right: Leaky) -> Bool {
    left.whole.isEqual(right.whole) && left.sloped.isEqual(right.sloped)
  }

  var shape: PlaneShape { whole.shape }
  let hasChannelFactors = true
  let writesInt16: Bool

  func emit(
    _ name: String, to output: TensorID, _ integers: ClosedRange<Int>, in network: inout LoweredNetwork
  ) throws(RoadError) {
    let format = network.tensors[output].format
    if format.element == .int16 { return try emitLines(name, to: output, integers, in: &network) }
    var parts: [TensorID] = []
    for (producer, suffix) in [(whole, "whole"), (sloped, "sloped")] {
      let bytes = network.addTensor("\(name)/\(suffix)", shape, format)
      try producer.emit(name, to: bytes, format.integers, in: &network)
      parts.append(bytes)
    }
    network.append(
      BinaryLayer(
        name: "\(name)/leaky", left: parts[0], right: parts[1], output: output,
        operation: .table(choice.table(zeroPoint: UInt8(format.zeroPoint), ByteClamp(integers))),
        shapes: [shape, shape, shape]))
  }
}

extension Leaky {
  /// int16 of `x` over the range in which the result changes; the slopes make the result of it.
  private func emitLines(
    _ name: String, to output: TensorID, _ integers: ClosedRange<Int>, in network: inout LoweredNetwork
  ) throws(RoadError) {
    let format = network.tensors[output].format
    let ends = [integers.lowerBound, integers.upperBound].map { Float(format.step * Double($0 - format.zeroPoint)) }
    let farthest = whole.farthest(in: network) ?? 0
    let slope = Float(slopes.min() ?? 1)
    let lowest = slope > 0 ? max(min(ends[0], 0) / min(slope, 1), -farthest) : -farthest
    let wide = network.addTensor(
      "\(name)/int16", shape, .spanning(lowest, min(max(ends[1], 0), farthest)).int16)
    try whole.emit(name, to: wide, TensorFormat.spanning(0, 1).int16.integers, in: &network)
    try Int16Affine(source: wide, shape: shape, slopes: slopes).emit(
      "\(name)/leaky", to: output, integers, in: &network)
  }
}

/// Which of the bytes of `x` and `slope · x` is that of `x < 0 ? slope · x : x`.
enum LeakyChoice {
  /// No slope over 1.
  case greater
  /// No slope under 0: both numbers lie on the same side of zero.
  case bySign

  init?(slopes: [Double]) {
    if slopes.allSatisfy({ $0 <= 1 }) {
      self = .greater
    } else if slopes.allSatisfy({ $0 >= 0 }) {
      self = .bySign
    } else {
      return nil
    }
  }

  /// `[x · 256 + slope · x]`.
  func table(zeroPoint: UInt8, _ clamp: ByteClamp) -> [UInt8] {
    (0...255 as ClosedRange<UInt8>).flatMap { whole in
      (0...255 as ClosedRange<UInt8>).map { sloped in
        let chosen =
          switch self {
          case .greater: max(whole, sloped)
          case .bySign: whole > zeroPoint ? whole : min(sloped, zeroPoint)
          }
        return min(max(chosen, clamp.low), clamp.high)
      }
    }
  }
}
