import RoadKernelContract

/// How the vertical depthwise kernels want their weights: blocks of channels, a block always filling whole vectors (a block
/// narrower than the vector is repeated, once for each strip of the row).
///
/// A block is its requantization table, then for each 4 kernel rows and each kernel column a panel of Int32, one a channel: the weights
/// of four taps, top to bottom. With 3 kernel rows the same follows once more, moved down by one tap: the lower of two output rows.
struct StripPacking: Sendable {
  /// Bytes of a vector.
  let vectorBytes: Int
  /// Channels of the blocks, widest first.
  let blockWidths: [Int]

  static let avx512vnni = StripPacking(vectorBytes: 64, blockWidths: [64, 32, 16])

  func blocks(_ channels: Int) -> [Int] {
    PanelPacking(panelWidths: blockWidths, sumOrder: { _ in [] }, narrowOrder: { _ in [] }, splitsGroups: false)
      .panels(channels)
  }

  func byteCount(_ layer: WeightLayer) -> Int {
    let vectors = (layer.kernelHeight + 3) / 4 * layer.kernelWidth * (layer.kernelHeight == 3 ? 2 : 1) * 4
    return blocks(layer.outputChannels).count * (PanelPacking.tableBytes(vectorBytes) + vectors * vectorBytes)
  }

  func pack(_ layer: WeightLayer, into buffer: UnsafeMutableRawBufferPointer) {
    precondition(layer.inputChannels == 1, "\(layer.inputChannels) input channels in a depthwise layer")
    precondition(buffer.count >= byteCount(layer), "\(buffer.count) bytes for \(byteCount(layer)) packed ones")
    var writer = PackedWriter(buffer)
    var first = 0
    let lanes = vectorBytes / 16
    for width in blocks(layer.outputChannels) {
      let sums = PanelPacking.laneOrder(width: vectorBytes, vectorLanes: lanes).map { first + $0 % width }
      let narrow = PanelPacking.narrowLaneOrder(width: vectorBytes, vectorLanes: lanes).map { first + $0 % width }
      writer.writeTable(layer, sums: sums, narrow: narrow)
      for movedDown in 0..<(layer.kernelHeight == 3 ? 2 : 1) {
        for row in stride(from: 0, to: layer.kernelHeight, by: 4) {
          for column in 0..<layer.kernelWidth {
            for channel in sums {
              for tap in 0..<4 { writer.write(weight(layer, channel, row + tap - movedDown, column)) }
            }
          }
        }
      }
      first += width
    }
  }

  private func weight(_ layer: WeightLayer, _ channel: Int, _ row: Int, _ column: Int) -> Int8 {
    guard channel < layer.outputChannels, (0..<layer.kernelHeight).contains(row) else { return 0 }
    return layer.weight(output: channel, row: row, column: column, input: 0)
  }
}
