import RoadBase
import RoadKernelContract

/// From the bytes that a convolution writes to one channel to those of its output.
struct ChannelTable {
  let channel: Int
  /// 256.
  let bytes: [UInt8]
}

/// A convolution with output channels that need a table (``ConvolutionWeights/tables``), which follows row by row,
/// while the row is in the cache. A trained network has a handful of such channels in a layer: the others are not
/// touched again.
struct TabledConvolutionLayer: Layer {
  let convolution: any Layer
  let tables: [ChannelTable]

  var name: String { convolution.name }
  var kind: LayerKind { convolution.kind }
  var inputs: [TensorID] { convolution.inputs }
  var output: TensorID { convolution.output }
  var windowText: String { convolution.windowText }
  var rowWindow: WindowGeometry? { convolution.rowWindow }

  func halo(ofInput input: Int, in network: LoweredNetwork) -> Int {
    convolution.halo(ofInput: input, in: network)
  }

  func multiplyAccumulates(in network: LoweredNetwork) -> Int { convolution.multiplyAccumulates(in: network) }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let prepared = try convolution.prepare(&context)
    let kernel = context.kernels.table
    let list = tables.map { ($0.channel, UnsafePointer(context.memory.copy($0.bytes))) }
    let (channels, count) = (UnsafePointer(context.memory.copy(list)), list.count)
    return PreparedLayer(kernel: prepared.kernel) { sources, destination, rows in
      prepared.run(sources, destination, rows)
      for row in rows {
        for index in 0..<count {
          let (channel, table) = channels[index]
          let bytes = destination.slice(channel, 1)
          var arguments = TableArguments(source: bytes, destination: bytes, tables: table, perChannel: false)
          kernel.run(&arguments, row, row + 1)
        }
      }
    }
  }
}

extension TensorView {
  /// Some of the channels.
  func slice(_ first: Int, _ count: Int) -> TensorView {
    var view = self
    view.base += first
    view.channels = count
    return view
  }
}
