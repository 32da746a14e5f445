import Foundation
import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

/// uint8 to int16, int16 to uint8, int16 to int16: any function of one integer, through a table.
struct ConversionLayer: Layer {
  enum Table {
    case uint8([UInt8])
    case int16([Int16])

    /// The integers that QuantizeLinear gives for rows of real numbers, inside a range: to nearest, ties to even.
    init(_ rows: [[Float]], to format: TensorFormat, _ range: ClosedRange<Int>) {
      let integers = rows.enumerated().flatMap { channel, row in
        row.map { min(max(format.quantize($0, channel: channel), range.lowerBound), range.upperBound) }
      }
      self = format.element == .int16 ? .int16(integers.map { Int16($0) }) : .uint8(integers.map { UInt8($0) })
    }

    func copy(to memory: PlanMemory) -> UnsafeRawPointer {
      switch self {
      case .uint8(let table): UnsafeRawPointer(memory.copy(table))
      case .int16(let table): UnsafeRawPointer(memory.copy(table))
      }
    }

    var count: Int {
      switch self {
      case .uint8(let table): table.count
      case .int16(let table): table.count
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
  func halo(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
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
