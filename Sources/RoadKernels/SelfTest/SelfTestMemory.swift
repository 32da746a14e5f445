import RoadKernelContract

/// Numbers that look random and are the same at each run (SplitMix64).
struct SelfTestNumbers {
  private var state: UInt64

  init(seed: Int) { state = UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15 }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// A byte; each of the extremes in a quarter of the cases.
  mutating func byte() -> UInt8 {
    let number = next()
    return number & 3 == 0 ? 0 : number & 3 == 1 ? 255 : UInt8(truncatingIfNeeded: number >> 8)
  }

  mutating func integer(_ range: ClosedRange<Int>) -> Int { range.lowerBound + Int(next() % UInt64(range.count)) }
}

/// Aligned memory with room on both sides for what vector kernels read beyond the end.
final class SelfTestMemory {
  let bytes: UnsafeMutableRawBufferPointer
  private let whole: UnsafeMutableRawBufferPointer
  private static let margin = 256

  init(_ count: Int, _ numbers: inout SelfTestNumbers) {
    whole = .allocate(byteCount: count + 2 * Self.margin, alignment: WeightLayer.alignment)
    for index in whole.indices { whole[index] = numbers.byte() }
    bytes = UnsafeMutableRawBufferPointer(rebasing: whole[Self.margin..<Self.margin + count])
  }

  deinit { whole.deallocate() }

  func pointer<Element>(to type: Element.Type = Element.self) -> UnsafeMutablePointer<Element> {
    guard let base = bytes.baseAddress else { preconditionFailure("memory of no bytes") }
    return base.assumingMemoryBound(to: Element.self)
  }
}

/// One tensor with a halo, full of noise.
final class SelfTestTensor {
  let view: TensorView
  private let memory: SelfTestMemory

  init(height: Int, width: Int, channels: Int, halo: Int = 1, _ numbers: inout SelfTestNumbers) {
    let pixelPitch = (channels + 15) / 16 * 16
    let rowPitch = (width + 2 * halo) * pixelPitch
    memory = SelfTestMemory((height + 2 * halo) * rowPitch, &numbers)
    view = TensorView(
      base: memory.pointer(to: UInt8.self) + halo * (rowPitch + pixelPitch), height: height, width: width,
      channels: channels, pixelPitch: pixelPitch, rowPitch: rowPitch, halo: halo)
  }

  /// The real channels of all pixels.
  var values: [UInt8] {
    var values: [UInt8] = []
    values.reserveCapacity(view.height * view.width * view.channels)
    for y in 0..<view.height {
      for x in 0..<view.width { values += UnsafeBufferPointer(start: view.pixel(y, x), count: view.channels) }
    }
    return values
  }
}
