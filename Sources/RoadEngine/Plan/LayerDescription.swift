import RoadBase

/// One line of the layer table.
public struct LayerDescription: Hashable, Sendable, Codable {
  /// Name of the ONNX node.
  public var name: String
  public var kind: LayerKind
  /// Output height, width and channels.
  public var height: Int
  public var width: Int
  public var channels: Int
  /// "3x3 s2 d1", empty for layers without a window.
  public var window: String
  /// Useful multiply-accumulates: real channels only.
  public var multiplyAccumulates: Int
  /// Activation bytes read and written, padding channels included, each once.
  public var bytesMoved: Int
  /// The kernel that runs it: "convolution/avx512vnni".
  public var kernel: String
  /// Layers of the same step run fused, strip by strip.
  public var step: Int
}

extension LayerDescription {
  init(_ layer: any Layer, _ network: LoweredNetwork, kernel: String, step: Int) {
    let output = network.tensors[layer.output]
    let bytes = (layer.inputs + [layer.output]).reduce(0) { sum, tensor in
      let tensor = network.tensors[tensor]
      return sum + tensor.height * tensor.width * tensor.pixelPitch
    }
    self.init(
      name: layer.name, kind: layer.kind, height: output.height, width: output.width, channels: output.channels,
      window: layer.windowText, multiplyAccumulates: layer.multiplyAccumulates(in: network), bytesMoved: bytes,
      kernel: kernel, step: step)
  }
}

/// What a plan holds in memory. Nothing more is allocated while frames flow.
public struct MemoryReport: Hashable, Sendable, Codable {
  /// The one block that all activations share.
  public var arenaBytes: Int
  /// What they would take if none shared memory.
  public var unsharedBytes: Int
  /// Bytes alive at the busiest step: no arrangement can be smaller.
  public var lowerBoundBytes: Int
  /// Strips of the fused steps, of all threads.
  public var stripBytes: Int
  /// Packed weights, tables and resize taps.
  public var constantBytes: Int

}

/// Where a tensor lies in the arena, halo included, and the first and last step that touch it.
package struct ArenaTenant: Hashable, Sendable {
  package let name: String
  package let life: ClosedRange<Int>
  package let bytes: Range<Int>
}
