import RoadKernelContract

/// Weights of dense 3x3 convolutions transformed for Winograd's F(2x2, 3x3) in integers: (2G)·g·(2G)', 16 numbers of
/// −1143...1143 for 9 weights. The sums over them are four times those of the weights themselves (`Arithmetic.md`).
///
/// Panels of 16 output channels: the table of ``PanelPacking``, then for each of the 16 positions and each pair of
/// input channels an Int16 pair for every output channel.
struct WinogradPacking: WeightPacking {
  private static let width = 16
  private static let order = PanelPacking.laneOrder(width: width, vectorLanes: 2)

  /// Whether the transforms pay on a 16-bit multiply-add, and fit: 3x3, stride and dilation 1, from 32 to 640 input
  /// channels and 32 output channels on. A tile of 2x2 pixels takes 2·I·O instructions for its products instead of 4.5,
  /// some 4·I for the transform of the input and 14·O for that of the sums; more inputs than that leave too few tiles
  /// in the thread's memory to read the weights for.
  static func pays(_ layer: WeightLayer, _ window: WindowGeometry) -> Bool {
    let plain = WindowGeometry(
      kernelHeight: 3, kernelWidth: 3, padTop: window.padTop, padLeft: window.padLeft)
    return window == plain && (32...640).contains(layer.inputChannels) && layer.outputChannels >= 32
      && isExact(layer)
  }

  /// Four times the greatest sum fits an Int32; sums on the way may wrap.
  static func isExact(_ layer: WeightLayer) -> Bool {
    (0..<layer.outputChannels).allSatisfy { output in
      let own = layer.weights[output * layer.products..<(output + 1) * layer.products]
      return 4 * 255 * own.reduce(0) { $0 + abs(Int($1)) } < 1 << 31
    }
  }

  func byteCount(_ layer: WeightLayer) -> Int {
    panels(layer) * (PanelPacking.tableBytes(Self.width) + storedInputs(layer) * Self.width * 16 * 2)
  }

  func pack(_ layer: WeightLayer, into buffer: UnsafeMutableRawBufferPointer) {
    precondition(buffer.count >= byteCount(layer), "\(buffer.count) bytes for \(byteCount(layer)) packed ones")
    var writer = PackedWriter(buffer)
    let inputs = storedInputs(layer)
    var transformed = [Int16](repeating: 0, count: 16 * Self.width * inputs)
    var tile = [Int16](repeating: 0, count: 16)
    for first in stride(from: 0, to: layer.outputChannels, by: Self.width) {
      let channels = Self.order.map { first + $0 }
      writer.writeTable(
        layer, sums: channels, narrow: (0..<Self.width).map { first + $0 }, activationOffset: 0)
      for (place, channel) in channels.enumerated() {
        for input in 0..<inputs {
          Self.transform(layer, channel, input, &tile)
          for position in 0..<16 {
            transformed[(position * inputs + input / 2 * 2) * Self.width + place * 2 + input % 2] = tile[position]
          }
        }
      }
      for number in transformed { writer.write(number) }
    }
  }

  private func panels(_ layer: WeightLayer) -> Int { (layer.outputChannels + Self.width - 1) / Self.width }

  private func storedInputs(_ layer: WeightLayer) -> Int {
    (layer.inputChannels + TensorView.channelBlock - 1) / TensorView.channelBlock * TensorView.channelBlock
  }

  /// (2G)·g·(2G)' with 2G = (2 0 0; 1 1 1; 1 −1 1; 0 0 2), row by row; zeros for padding channels.
  private static func transform(_ layer: WeightLayer, _ output: Int, _ input: Int, _ tile: inout [Int16]) {
    let isReal = output < layer.outputChannels && input < layer.inputChannels
    func tap(_ row: Int, _ column: Int) -> Int16 {
      isReal ? Int16(layer.weight(output: output, row: row, column: column, input: input)) : 0
    }
    func column(_ index: Int) -> SIMD4<Int16> {
      let (a, b, c) = (tap(0, index), tap(1, index), tap(2, index))
      return SIMD4(2 * a, a + b + c, a - b + c, 2 * c)
    }
    let (a, b, c) = (column(0), column(1), column(2))
    for row in 0..<4 {
      tile[4 * row] = 2 * a[row]
      tile[4 * row + 1] = a[row] + b[row] + c[row]
      tile[4 * row + 2] = a[row] - b[row] + c[row]
      tile[4 * row + 3] = 2 * c[row]
    }
  }
}
