import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

extension Lowering {
  mutating func resample(_ node: Node, _ geometry: ResizeGeometry) throws(RoadError) {
    let source = network.plane(of: try anyActivation(0, of: node))
    let resampling = Resampling(
      source: source,
      shape: PlaneShape(height: geometry.output[2], width: geometry.output[3], channels: geometry.output[1]),
      rows: (0..<geometry.output[2]).map { geometry.taps($0, axis: 2) },
      columns: (0..<geometry.output[3]).map { geometry.taps($0, axis: 3) }, outside: geometry.extrapolation,
      writesInt16: network.tensors[source].element == .int16)
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
  /// Where its source has 16 bits.
  var writesInt16: Bool

  func emit(
    _ name: String, to output: TensorID, _ integers: ClosedRange<Int>, in network: inout LoweredNetwork
  ) throws(RoadError) {
    let (from, to) = (network.tensors[source].format, network.tensors[output].format)
    network.append(
      ResamplingLayer(
        name: name, source: source, output: output, rows: rows, columns: columns,
        rule: try .weighing(in: ResamplingArguments.weightBits, from: from, to: to, integers),
        elements: (network.tensors[source].element, to.element), sourceZeroPoint: from.zeroPoint,
        outside: min(max(to.quantize(outside), integers.lowerBound), integers.upperBound)))
  }
}
