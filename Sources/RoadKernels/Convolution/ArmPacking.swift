import RoadKernelContract

/// How the NEON kernels want a dense convolution: up to 4 input channels (the stem, whose picture is packed) in groups
/// of 4, more in groups of 16.
struct ArmPacking: WeightPacking {
  let narrow: PanelPacking
  let wide: PanelPacking

  private func packing(_ layer: WeightLayer) -> PanelPacking { layer.inputChannels <= 4 ? narrow : wide }

  func byteCount(_ layer: WeightLayer) -> Int { packing(layer).byteCount(layer) }

  func pack(_ layer: WeightLayer, into buffer: UnsafeMutableRawBufferPointer) {
    packing(layer).pack(layer, into: buffer)
  }

  static let neon = ArmPacking(
    narrow: .arm(width: 16, .columns, groupInputs: 4, activationOffset: 0),
    wide: .arm(width: 4, .rows, groupInputs: 16, activationOffset: 128))

  static let neondot = ArmPacking(
    narrow: .arm(width: 16, .quads, groupInputs: 4, activationOffset: 128),
    wide: .arm(width: 16, .quads, groupInputs: 16, activationOffset: 128))

  static let neoni8mm = ArmPacking(
    narrow: .arm(width: 16, .quads, groupInputs: 4, activationOffset: 0),
    wide: .arm(width: 16, .octets, groupInputs: 16, activationOffset: 0))
}

extension PanelPacking {
  /// Channels in natural order everywhere: vectors of one lane.
  fileprivate static func arm(
    width: Int, _ order: GroupOrder, groupInputs: Int, activationOffset: Int
  ) -> PanelPacking {
    PanelPacking(
      panelWidths: [width], sumOrder: { Array(0..<$0) }, narrowOrder: { Array(0..<$0) }, order: order,
      groupInputs: groupInputs, activationOffset: activationOffset)
  }
}

extension StripPacking {
  static let neon = StripPacking(
    blockWidths: [8], sumOrder: Array(0..<8), narrowOrder: Array(0..<8), order: .single)

  static let neondot = StripPacking(
    blockWidths: [16], sumOrder: Array(0..<16), narrowOrder: Array(0..<16), order: .quads, activationOffset: 128)

  static let neoni8mm = StripPacking(
    blockWidths: [16], sumOrder: Array(0..<16), narrowOrder: Array(0..<16), order: .quads)
}
