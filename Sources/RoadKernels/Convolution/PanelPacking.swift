import RoadKernelContract

/// How an instruction set wants a convolution packed: panels of output channels, each with its requantization table in
/// front of its weights.
///
/// The order within a panel makes the narrowing instructions, which work within 128-bit lanes, end in natural order.
struct PanelPacking: WeightPacking {
  /// How the weights of a panel for one group of input channels lie.
  enum GroupOrder {
    /// 4 inputs of each channel, for each 4 inputs: the dot products.
    case quads
    /// Widened to Int16; a vector of 8 channels' even inputs, then one of their odd ones: pmaddwd.
    case splitPairs
    /// Widened to Int16, 2 inputs of each channel: pmaddwd on bytes that were widened before.
    case pairs
    /// Widened to Int16, all channels for one input after the other: multiply by one element.
    case columns
    /// All inputs of one channel after the other: 16 bytes by 16 bytes.
    case rows
    /// 8 inputs of each channel, for each 8 inputs: products of matrices.
    case octets

    /// Whether a weight takes two bytes.
    var isWidened: Bool { self == .splitPairs || self == .pairs || self == .columns }
  }

  /// Widest first; the last is ``TensorView/channelBlock``.
  let panelWidths: [Int]
  /// Position of an Int32 (sums, bias, shift) in a panel of the given width → channel.
  let sumOrder: @Sendable (_ width: Int) -> [Int]
  /// Position of an Int16 (after the first narrowing) → channel.
  let narrowOrder: @Sendable (_ width: Int) -> [Int]
  let order: GroupOrder
  /// Input channels of a group.
  var groupInputs = 4
  /// What the kernel takes from every byte: ``WeightLayer/foldedBias(_:activationOffset:)``.
  var activationOffset = 0

  /// Widths of the panels that cover `channels`, widest first.
  static func cover(_ channels: Int, with widths: [Int]) -> [Int] {
    let block = min(TensorView.channelBlock, widths[widths.count - 1])
    var left = (channels + block - 1) / block * block
    var panels: [Int] = []
    for width in widths {
      while left >= width {
        panels.append(width)
        left -= width
      }
    }
    return panels
  }

  static func tableBytes(_ width: Int) -> Int { (width * 10 + 63) / 64 * 64 }

  func byteCount(_ layer: WeightLayer) -> Int {
    let groups = (layer.inputChannels + groupInputs - 1) / groupInputs * layer.kernelHeight * layer.kernelWidth
    let groupBytes = groupInputs * (order.isWidened ? 2 : 1)
    return Self.cover(layer.outputChannels, with: panelWidths).reduce(0) {
      $0 + Self.tableBytes($1) + groups * $1 * groupBytes
    }
  }

  func pack(_ layer: WeightLayer, into buffer: UnsafeMutableRawBufferPointer) {
    precondition(buffer.count >= byteCount(layer), "\(buffer.count) bytes for \(byteCount(layer)) packed ones")
    var writer = PackedWriter(buffer)
    var first = 0
    for width in Self.cover(layer.outputChannels, with: panelWidths) {
      let channels = sumOrder(width).map { first + $0 }
      writer.writeTable(
        layer, sums: channels, narrow: narrowOrder(width).map { first + $0 }, activationOffset: activationOffset)
      for row in 0..<layer.kernelHeight {
        for column in 0..<layer.kernelWidth {
          for input in stride(from: 0, to: layer.inputChannels, by: groupInputs) {
            writeGroup(layer, row, column, input, channels, &writer)
          }
        }
      }
      first += width
    }
  }

  private func writeGroup(
    _ layer: WeightLayer, _ row: Int, _ column: Int, _ input: Int, _ channels: [Int], _ writer: inout PackedWriter
  ) {
    func weight(_ channel: Int, _ offset: Int) -> Int8 {
      guard channel < layer.outputChannels, input + offset < layer.inputChannels else { return 0 }
      return layer.weight(output: channel, row: row, column: column, input: input + offset)
    }
    func runs(of count: Int) {
      for start in stride(from: 0, to: groupInputs, by: count) {
        for channel in channels { for offset in start..<start + count { writer.write(weight(channel, offset)) } }
      }
    }
    switch order {
    case .quads: runs(of: 4)
    case .octets: runs(of: 8)
    case .rows: runs(of: groupInputs)
    case .pairs: for channel in channels { for offset in 0..<2 { writer.write(Int16(weight(channel, offset))) } }
    case .columns:
      for offset in 0..<groupInputs { for channel in channels { writer.write(Int16(weight(channel, offset))) } }
    case .splitPairs:
      for start in stride(from: 0, to: channels.count, by: 8) {
        for parity in 0..<2 {
          for channel in channels[start..<start + 8] {
            writer.write(Int16(weight(channel, parity)))
            writer.write(Int16(weight(channel, parity + 2)))
          }
        }
      }
    }
  }
}

/// Appends numbers to a packed buffer.
struct PackedWriter {
  private let buffer: UnsafeMutableRawBufferPointer
  private(set) var offset = 0

  init(_ buffer: UnsafeMutableRawBufferPointer) { self.buffer = buffer }

  mutating func write<Number: FixedWidthInteger & BitwiseCopyable>(_ number: Number) {
    buffer.storeBytes(of: number, toByteOffset: offset, as: Number.self)
    offset += MemoryLayout<Number>.size
  }

  /// Folded bias and shift (or 31-bit multiplier) in the order of the sums, multiplier (or rounding) in that of the
  /// narrowed values; padding channels get zeros.
  mutating func writeTable(_ layer: WeightLayer, sums: [Int], narrow: [Int], activationOffset: Int) {
    let real = layer.outputChannels
    let times: Int32 = layer.roundsToNearest ? 2 : 1
    for channel in sums { write(channel < real ? layer.foldedBias(channel, activationOffset: activationOffset) : 0) }
    for channel in sums { write(channel < real ? times &* layer.factor(channel) : 0) }
    for channel in narrow { write(channel < real ? layer.smallFactor(channel) : 0) }
    while offset % 64 != 0 { write(UInt8(0)) }
  }
}

extension PanelPacking {
  static let avx512vnni = PanelPacking(
    panelWidths: [64, 32, 16], sumOrder: { laneOrder(width: $0, vectorLanes: 4) },
    narrowOrder: { $0 == 64 ? narrowLaneOrder(width: 64, vectorLanes: 4) : Array(0..<$0) }, order: .quads)

  static let avx2 = PanelPacking(
    panelWidths: [32, 16], sumOrder: { laneOrder(width: $0, vectorLanes: 2) },
    narrowOrder: { $0 == 32 ? narrowLaneOrder(width: 32, vectorLanes: 2) : Array(0..<$0) }, order: .splitPairs)

  /// 1x1 over widened bytes.
  static let avx2Pointwise = PanelPacking(
    panelWidths: [16], sumOrder: { laneOrder(width: $0, vectorLanes: 2) }, narrowOrder: { Array(0..<$0) },
    order: .pairs, groupInputs: 2)

  static let avxvnni = PanelPacking(
    panelWidths: [32, 16], sumOrder: { laneOrder(width: $0, vectorLanes: 2) },
    narrowOrder: { $0 == 32 ? narrowLaneOrder(width: 32, vectorLanes: 2) : Array(0..<$0) }, order: .quads)

  /// Vectors of `vectorLanes` lanes of 4 sums. With v vectors in a panel, lane i of vector j holds channels 4vi + 4j +
  /// (0...3).
  static func laneOrder(width: Int, vectorLanes: Int) -> [Int] {
    let vectors = width / (4 * vectorLanes)
    return (0..<width).map { position in
      let (vector, lane, element) = (position / (4 * vectorLanes), position / 4 % vectorLanes, position % 4)
      return 4 * vectors * lane + 4 * vector + element
    }
  }

  /// After four vectors of sums became two of Int16: lane i of vector h holds channels 16i + 8h + (0...7).
  static func narrowLaneOrder(width: Int, vectorLanes: Int) -> [Int] {
    (0..<width).map { position in
      let (vector, lane, element) = (position / (8 * vectorLanes), position / 8 % vectorLanes, position % 8)
      return 16 * lane + 8 * vector + element
    }
  }
}
