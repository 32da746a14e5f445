import RoadKernelContract

/// Weights of a convolution over at most three channels, for kernels that widen rows of three numbers a pixel.
///
/// Panels of 16 output channels: the table of ``PanelPacking``, then for each kernel row and each pair of its numbers
/// an Int16 pair for every output channel.
struct PicturePacking: WeightPacking {
  private static let width = 16
  private static let order = PanelPacking.laneOrder(width: width, vectorLanes: 2)

  /// Whether the kernel takes it: rows of 240 columns must fit a thread's memory. Of 1x1 nothing is read twice.
  static func takes(_ layer: WeightLayer, _ window: WindowGeometry) -> Bool {
    layer.inputChannels <= 3 && window.kernelHeight <= 11 && (2...11).contains(window.kernelWidth)
      && window.strideWidth <= 4 && window.dilationHeight == 1 && window.dilationWidth == 1
  }

  func byteCount(_ layer: WeightLayer) -> Int {
    let panels = (layer.outputChannels + Self.width - 1) / Self.width
    return panels * (PanelPacking.tableBytes(Self.width) + layer.kernelHeight * pairs(layer) * Self.width * 4)
  }

  func pack(_ layer: WeightLayer, into buffer: UnsafeMutableRawBufferPointer) {
    precondition(buffer.count >= byteCount(layer), "\(buffer.count) bytes for \(byteCount(layer)) packed ones")
    var writer = PackedWriter(buffer)
    for first in stride(from: 0, to: layer.outputChannels, by: Self.width) {
      let channels = Self.order.map { first + $0 }
      writer.writeTable(layer, sums: channels, narrow: (0..<Self.width).map { first + $0 }, activationOffset: 0)
      for row in 0..<layer.kernelHeight {
        for number in stride(from: 0, to: 2 * pairs(layer), by: 2) {
          for channel in channels {
            writer.write(weight(layer, channel, row, number))
            writer.write(weight(layer, channel, row, number + 1))
          }
        }
      }
    }
  }

  private func pairs(_ layer: WeightLayer) -> Int { (3 * layer.kernelWidth + 1) / 2 }

  private func weight(_ layer: WeightLayer, _ output: Int, _ row: Int, _ number: Int) -> Int16 {
    let (column, input) = number.quotientAndRemainder(dividingBy: 3)
    guard output < layer.outputChannels, input < layer.inputChannels, column < layer.kernelWidth else { return 0 }
    return Int16(layer.weight(output: output, row: row, column: column, input: input))
  }
}
