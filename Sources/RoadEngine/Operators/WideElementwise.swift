import Foundation
import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

/// Bytes to words, words to bytes, words to words: any function of one integer, through a table.
struct ConversionLayer: Layer {
  enum Table {
    case bytes([UInt8])
    case words([Int16])

    /// The integers that QuantizeLinear gives for real numbers, inside a range: to nearest, ties to even.
    init(_ reals: [Float], to tensor: LoweredTensor, _ range: ClosedRange<Int>) {
      if let words = tensor.words {
        let (low, high) = (Int16(range.lowerBound), Int16(range.upperBound))
        self = .words(reals.map { min(max(words.quantize($0), low), high) })
      } else {
        let (low, high) = (UInt8(range.lowerBound), UInt8(range.upperBound))
        self = .bytes(reals.map { min(max(tensor.quantization.quantize($0), low), high) })
      }
    }

    func copy(to memory: PlanMemory) -> UnsafeRawPointer {
      switch self {
      case .bytes(let table): UnsafeRawPointer(memory.copy(table))
      case .words(let table): UnsafeRawPointer(memory.copy(table))
      }
    }

    var count: Int {
      switch self {
      case .bytes(let table): table.count
      case .words(let table): table.count
      }
    }
  }

  let name: String
  let kind = LayerKind.conversion
  let source: TensorID
  let output: TensorID
  let from: TensorElement
  let to: TensorElement
  /// One table, or one for each channel.
  let table: Table

  var inputs: [TensorID] { [source] }
  func reach(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
  func multiplyAccumulates(in network: LoweredNetwork) -> Int { 0 }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let kernel = Int16Kernels.conversion(from: from, to: to)
    let (entries, each) = (table.copy(to: context.memory), 1 << (8 * from.size))
    let step = table.count > each ? each : 0
    return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
      var arguments = ConversionArguments(
        source: sources[0], destination: destination, table: entries, channelStep: step)
      kernel.run(&arguments, rows.lowerBound, rows.upperBound)
    }
  }
}

/// Sum or difference where an operand or the result is of words.
struct WideSumLayer: Layer {
  let name: String
  let kind = LayerKind.addition
  let left: TensorID
  let right: TensorID
  let output: TensorID
  let law: Int16Sum
  /// Of the left operand, the right one and the result.
  let kinds: [TensorElement]

  var inputs: [TensorID] { [left, right] }
  func reach(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
  func multiplyAccumulates(in network: LoweredNetwork) -> Int { 0 }

  /// - Parameter sign: 1 for a sum, -1 for a difference.
  init(
    name: String, left: TensorID, right: TensorID, sign: Double, output: TensorID, _ range: ClosedRange<Int>,
    in network: LoweredNetwork
  ) throws(RoadError) {
    // The kernel has words on its left.
    let swaps = network.tensors[left].kind == .uint8 && network.tensors[right].kind == .int16
    let (first, second) = swaps ? (right, left) : (left, right)
    try self.init(name: name, first, second, swaps ? (sign, 1) : (1, sign), output, range, network)
  }

  private init(
    name: String, _ left: TensorID, _ right: TensorID, _ signs: (Double, Double), _ output: TensorID,
    _ range: ClosedRange<Int>, _ network: LoweredNetwork
  ) throws(RoadError) {
    let (from, other, to) = (network.tensors[left], network.tensors[right], network.tensors[output])
    let (leftRatio, rightRatio) = (from.step / to.step, other.step / to.step)
    // The largest shift that keeps both multipliers within 2^30.
    let shift = min(Int((30 - log2(max(leftRatio, rightRatio))).rounded(.down)), 62)
    guard shift >= 1 else {
      throw RoadError(.model, "its inputs' scales are \(max(leftRatio, rightRatio)) times that of its output")
    }
    let unit = Double(sign: .plus, exponent: shift, significand: 1)
    law = Int16Sum(
      leftZeroPoint: Int64(from.zero), rightZeroPoint: Int64(other.zero),
      leftMultiplier: Int64((signs.0 * leftRatio * unit).rounded()),
      rightMultiplier: Int64((signs.1 * rightRatio * unit).rounded()), shift: Int64(shift), zeroPoint: Int64(to.zero),
      low: Int64(range.lowerBound), high: Int64(range.upperBound))
    kinds = [from.kind, other.kind, to.kind]
    (self.name, self.left, self.right, self.output) = (name, left, right, output)
  }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let kernel = Int16Kernels.sum(left: kinds[0], right: kinds[1], to: kinds[2])
    let law = law
    return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
      var arguments = BinaryArguments(
        left: sources[0], right: sources[1], destination: destination, leftIsOneChannel: false,
        rightIsOneChannel: false, rule: law)
      kernel.run(&arguments, rows.lowerBound, rows.upperBound)
    }
  }
}

/// Joins tensors of which one, or the result, is of words.
struct WideConcatenationLayer: Layer {
  /// One input: its integers, the table to those of the result (nil: as they are), and where along the axis it starts.
  struct Part {
    var source: TensorID
    var kind: TensorElement
    var table: ConversionLayer.Table?
    var start: Int
  }

  let name: String
  let kind = LayerKind.concatenation
  let parts: [Part]
  let output: TensorID
  let to: TensorElement
  let axis: ConcatenationArguments.Axis

  var inputs: [TensorID] { parts.map(\.source) }
  func reach(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
  func multiplyAccumulates(in network: LoweredNetwork) -> Int { 0 }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let memory = context.memory
    let steps = parts.map { part in
      (Int16Kernels.conversion(from: part.kind, to: to), part.table?.copy(to: memory), part.start)
    }
    let (axis, size) = (axis, to.size)
    return PreparedLayer(kernel: "concatenation/wide") { sources, destination, rows in
      for (index, (kernel, table, start)) in steps.enumerated() {
        let source = sources[index]
        var (slice, own) = (destination, rows)
        switch axis {
        case .channels: slice.base += start * size
        case .columns: slice.base = destination.pixel(0, start)
        case .rows:
          slice.base = destination.pixel(start, 0)
          own = rows.clamped(to: start..<start + source.height)
          own = own.lowerBound - start..<own.upperBound - start
        }
        guard !own.isEmpty else { continue }
        var arguments = ConversionArguments(source: source, destination: slice, table: table, channelStep: 0)
        kernel.run(&arguments, own.lowerBound, own.upperBound)
      }
    }
  }
}
