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
    let kernel = context.kernels.int16.conversion(from: from, to: to)
    let (entries, each) = (table.copy(to: context.memory), 1 << (8 * from.size))
    let step = table.count > each ? each : 0
    return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
      var arguments = ConversionArguments(
        source: sources[0], destination: destination, table: entries, channelStep: step)
      kernel.run(&arguments, rows.lowerBound, rows.upperBound)
    }
  }
}
