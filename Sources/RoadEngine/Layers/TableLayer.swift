import RoadBase
import RoadKernelContract

/// Byte to byte through a table: input normalisation, a change of scale, any function of one tensor.
struct TableLayer: Layer {
  let name: String
  let kind = LayerKind.table
  let source: TensorID
  let output: TensorID
  /// 256 bytes, or 256 for each channel.
  let tables: [UInt8]
  let perChannel: Bool

  var inputs: [TensorID] { [source] }

  /// The bytes that ONNX's QuantizeLinear gives for the real number of each source byte: to nearest, ties to even.
  ///
  /// - Parameter rows: of real numbers; one for all channels, or one for each.
  init(name: String, _ rows: [[Float]], source: TensorID, output: TensorID, format: TensorFormat) {
    let tables = rows.enumerated().map { channel, row in row.map { UInt8(format.quantize($0, channel: channel)) } }
    perChannel = tables.contains { $0 != tables[0] }
    self.tables = perChannel ? Array(tables.joined()) : tables[0]
    self.name = name
    self.source = source
    self.output = output
  }

  var rowWindow: WindowGeometry? { .pixel }
  func halo(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
  func multiplyAccumulates(in network: LoweredNetwork) -> Int { 0 }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let kernel = context.kernels.table
    let lines = AffineBytes.fitting(tables).map { UnsafePointer(context.memory.copy([$0])) }
    let (tables, perChannel) = (UnsafePointer(context.memory.copy(tables)), perChannel)
    return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
      var arguments = TableArguments(
        source: sources[0], destination: destination, tables: tables, perChannel: perChannel, affine: lines)
      kernel.run(&arguments, rows.lowerBound, rows.upperBound)
    }
  }
}
