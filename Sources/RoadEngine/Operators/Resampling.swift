import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

extension Lowering {
  mutating func resample(_ node: Node, _ geometry: ResizeGeometry) throws(RoadError) {
    let source = network.plane(of: try activation(viewOf: 0, of: node))
    let resampling = Resampling(
      source: source,
      shape: PlaneShape(height: geometry.output[2], width: geometry.output[3], channels: geometry.output[1]),
      rows: (0..<geometry.output[2]).map { geometry.taps($0, axis: 2) },
      columns: (0..<geometry.output[3]).map { geometry.taps($0, axis: 3) }, outside: geometry.extrapolation)
    set(.pending(PendingLayer(node: node.name, producer: resampling)), outputOf: node)
  }
}

/// Each number a weighted sum over rows and columns.
struct Resampling: Producer {
  var source: TensorID
  var shape: PlaneShape
  var rows: [ResizeTaps?]
  var columns: [ResizeTaps?]
  /// What stands where no tap lies inside the source.
  var outside: Float

  func emit(
    _ name: String, to output: TensorID, _ integers: ClosedRange<Int>, in network: inout LoweredNetwork
  ) throws(RoadError) {
    let (from, to) = (network.tensors[source].quantization, network.tensors[output].quantization)
    let clamp = ByteClamp(integers)
    network.append(
      ResamplingLayer(
        name: name, source: source, output: output, rows: rows, columns: columns,
        rule: try .weighing(in: ResamplingArguments.weightBits, from: from, to: to, integers),
        sourceZeroPoint: from.zeroPoint, outside: min(max(to.quantize(outside), clamp.low), clamp.high)))
  }
}
