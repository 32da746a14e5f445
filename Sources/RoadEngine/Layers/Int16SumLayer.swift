import Foundation
import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

/// Sum or difference where an operand or the result has 16 bits.
struct Int16SumLayer: Layer {
  let name: String
  let kind = LayerKind.addition
  let left: TensorID
  let right: TensorID
  let output: TensorID
  let rule: Int16Sum
  /// Of the left operand, the right one and the result.
  let kinds: [TensorElement]
  let shapes: [PlaneShape]

  var inputs: [TensorID] { [left, right] }
  func halo(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
  func multiplyAccumulates(in network: LoweredNetwork) -> Int { 0 }

  /// - Parameter sign: 1 for a sum, -1 for a difference.
  init(
    name: String, left: TensorID, right: TensorID, sign: Double, output: TensorID, _ range: ClosedRange<Int>,
    in network: LoweredNetwork
  ) throws(RoadError) {
    // The kernel has 16 bits on its left.
    let swaps = network.tensors[left].element == .uint8 && network.tensors[right].element == .int16
    let (first, second) = swaps ? (right, left) : (left, right)
    try self.init(name: name, first, second, swaps ? (sign, 1) : (1, sign), output, range, network)
  }

  private init(
    name: String, _ left: TensorID, _ right: TensorID, _ signs: (Double, Double), _ output: TensorID,
    _ range: ClosedRange<Int>, _ network: LoweredNetwork
  ) throws(RoadError) {
    let (from, other, to) = (network.tensors[left], network.tensors[right], network.tensors[output])
    let (leftRatio, rightRatio) = (from.format.step / to.format.step, other.format.step / to.format.step)
    // The largest shift that keeps both multipliers within 2^30.
    let shift = min(Int((30 - log2(max(leftRatio, rightRatio))).rounded(.down)), 62)
    guard shift >= 1 else {
      throw RoadError(.model, "its inputs' scales are \(max(leftRatio, rightRatio)) times that of its output")
    }
    let unit = Double(sign: .plus, exponent: shift, significand: 1)
    rule = Int16Sum(
      leftZeroPoint: Int64(from.format.zeroPoint), rightZeroPoint: Int64(other.format.zeroPoint),
      leftMultiplier: Int64((signs.0 * leftRatio * unit).rounded()),
      rightMultiplier: Int64((signs.1 * rightRatio * unit).rounded()), shift: Int64(shift),
      zeroPoint: Int64(to.format.zeroPoint),
      low: Int64(range.lowerBound), high: Int64(range.upperBound))
    kinds = [from.element, other.element, to.element]
    shapes = [from.shape, other.shape, to.shape]
    (self.name, self.left, self.right, self.output) = (name, left, right, output)
  }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let kernel = context.kernels.int16.sum(left: kinds[0], right: kinds[1], to: kinds[2])
    let (rule, shapes) = (rule, shapes)
    return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
      var arguments = BinaryArguments(
        left: sources[0].repeated(shapes[0], over: shapes[2]), right: sources[1].repeated(shapes[1], over: shapes[2]),
        destination: destination, leftIsOneChannel: shapes[0].channels < shapes[2].channels,
        rightIsOneChannel: shapes[1].channels < shapes[2].channels, rule: rule)
      kernel.run(&arguments, rows.lowerBound, rows.upperBound)
    }
  }
}
