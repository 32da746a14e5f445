import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

extension Lowering {
  /// A resize that is quantized to scales of its own: from the source to them in one rounding.
  ///
  /// - Parameter scales: one a channel.
  /// - Returns: nil where no precise resize made the view's tensor, and for scales too far from the source's.
  mutating func requantizedResize(
    _ view: RealView, scales: [Float], zeroPoint: UInt8, name: String
  ) -> (output: TensorID, view: ElementView)? {
    guard view.levels == nil,
      var layer = network.layers.last(where: { $0.output == view.tensor }) as? PreciseResizeLayer,
      layer.rescalings.isEmpty
    else { return nil }
    layer.rescalings = scales.compactMap { .init(from: layer.quantization.scale, to: $0) }
    guard layer.rescalings.count == tensor(view.tensor).channels else { return nil }
    let output = addTensor(
      name, tensor(view.tensor).shape, Quantization(scale: scales.max() ?? 1, zeroPoint: zeroPoint))
    (layer.output, layer.outputZeroPoint) = (output, zeroPoint)
    append(layer)
    return (output, ElementView(tensor: output, elements: view.view.elements))
  }
}
