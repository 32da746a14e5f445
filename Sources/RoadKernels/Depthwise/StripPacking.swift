import RoadKernelContract

/// How the vertical depthwise kernels want their weights: blocks of channels, a block always filling whole vectors (one
/// narrower than the vector is repeated, once for each strip of the row).
///
/// A block is its requantization table, then for each 4 kernel rows and each kernel column the weights of four taps,
/// top to bottom. With 3 kernel rows the same follows once more, moved down by one tap: the lower of two output rows.
struct StripPacking: WeightPacking {
  /// How the weights of four taps of a column lie.
  enum TapOrder {
    /// Four taps of each channel: the dot products.
    case quads
    /// Widened to Int16: the upper two taps of all channels, then the lower two (pmaddwd).
    case pairs
    /// Widened to Int16: all channels, one tap after the other.
    case single
  }

  /// Channels of the blocks, widest first.
  let blockWidths: [Int]
  /// Position in a block of Int32 or Int16 values → channel, or the same channel in another strip.
  let sumOrder: [Int]
  let narrowOrder: [Int]
  let order: TapOrder
  /// What the kernel takes from every byte: ``WeightLayer/foldedBias(_:activationOffset:)``.
  var activationOffset = 0

  static let avx512vnni = StripPacking(
    blockWidths: [64, 32, 16], sumOrder: PanelPacking.laneOrder(width: 64, vectorLanes: 4),
    narrowOrder: PanelPacking.narrowLaneOrder(width: 64, vectorLanes: 4), order: .quads)

  static let avxvnni = StripPacking(
    blockWidths: [32, 16], sumOrder: PanelPacking.laneOrder(width: 32, vectorLanes: 2),
    narrowOrder: PanelPacking.narrowLaneOrder(width: 32, vectorLanes: 2), order: .quads)

  static let avx2 = StripPacking(
    blockWidths: [16], sumOrder: PanelPacking.laneOrder(width: 16, vectorLanes: 2), narrowOrder: Array(0..<16),
    order: .pairs)

  func byteCount(_ layer: WeightLayer) -> Int {
    let columns = (layer.kernelHeight + 3) / 4 * layer.kernelWidth * (layer.kernelHeight == 3 ? 2 : 1)
    let columnBytes = sumOrder.count * (order == .quads ? 4 : 8)
    let blocks = PanelPacking.cover(layer.outputChannels, with: blockWidths).count
    return blocks * (PanelPacking.tableBytes(sumOrder.count) + columns * columnBytes)
  }

  func pack(_ layer: WeightLayer, into buffer: UnsafeMutableRawBufferPointer) {
    precondition(layer.inputChannels == 1, "\(layer.inputChannels) input channels in a depthwise layer")
    precondition(buffer.count >= byteCount(layer), "\(buffer.count) bytes for \(byteCount(layer)) packed ones")
    var writer = PackedWriter(buffer)
    var first = 0
    for width in PanelPacking.cover(layer.outputChannels, with: blockWidths) {
      let sums = sumOrder.map { first + $0 % width }
      writer.writeTable(
        layer, sums: sums, narrow: narrowOrder.map { first + $0 % width }, activationOffset: activationOffset)
      for movedDown in 0..<(layer.kernelHeight == 3 ? 2 : 1) {
        for row in stride(from: 0, to: layer.kernelHeight, by: 4) {
          for column in 0..<layer.kernelWidth { writeColumn(layer, row - movedDown, column, sums, &writer) }
        }
      }
      first += width
    }
  }

  private func writeColumn(
    _ layer: WeightLayer, _ row: Int, _ column: Int, _ channels: [Int], _ writer: inout PackedWriter
  ) {
    func weight(_ channel: Int, _ tap: Int) -> Int8 {
      guard channel < layer.outputChannels, (0..<layer.kernelHeight).contains(row + tap) else { return 0 }
      return layer.weight(output: channel, row: row + tap, column: column, input: 0)
    }
    switch order {
    case .quads:
      for channel in channels { for tap in 0..<4 { writer.write(weight(channel, tap)) } }
    case .pairs:
      for tap in [0, 2] {
        for channel in channels {
          writer.write(Int16(weight(channel, tap)))
          writer.write(Int16(weight(channel, tap + 1)))
        }
      }
    case .single:
      for tap in 0..<4 { for channel in channels { writer.write(Int16(weight(channel, tap))) } }
    }
  }
}
