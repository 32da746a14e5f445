import RoadBase
import RoadKernelContract

/// The reference kernels' packing: folded bias, shift and multiplier (or 31-bit multiplier and rounding) as Int32 each,
/// then the weights as they came (OHWI).
struct ReferenceWeights {
  let bias: UnsafePointer<Int32>
  let shift: UnsafePointer<Int32>
  let multiplier: UnsafePointer<Int32>
  let weights: UnsafePointer<Int8>

  init(_ packed: UnsafeRawPointer, outputChannels: Int) {
    bias = packed.assumingMemoryBound(to: Int32.self)
    shift = bias + outputChannels
    multiplier = shift + outputChannels
    weights = UnsafeRawPointer(multiplier + outputChannels).assumingMemoryBound(to: Int8.self)
  }

  static func byteCount(_ layer: WeightLayer) -> Int { layer.outputChannels * 12 + layer.weights.count }

  static func pack(_ layer: WeightLayer, into buffer: UnsafeMutableRawBufferPointer) {
    precondition(buffer.count >= byteCount(layer), "\(buffer.count) bytes for \(byteCount(layer)) packed ones")
    let channels = layer.outputChannels
    for channel in 0..<channels {
      buffer.storeBytes(of: layer.foldedBias(channel), toByteOffset: channel * 4, as: Int32.self)
      buffer.storeBytes(of: layer.factor(channel), toByteOffset: (channels + channel) * 4, as: Int32.self)
      buffer.storeBytes(
        of: Int32(layer.smallFactor(channel)), toByteOffset: (channels * 2 + channel) * 4, as: Int32.self)
    }
    for (index, weight) in layer.weights.enumerated() {
      buffer.storeBytes(of: weight, toByteOffset: channels * 12 + index, as: Int8.self)
    }
  }

  /// The rounding rule of `Requantization`, for an accumulator that already holds the rounding of the shift, or of
  /// `ONNXRuntimeRequantization`.
  @inline(__always)
  func requantize(_ accumulator: Int32, channel: Int, _ arguments: ConvolutionArguments) -> UInt8 {
    if arguments.roundsAsONNXRuntime {
      let factor = ONNXRuntimeFactor(
        multiplier: shift[channel], rounding: UInt16(truncatingIfNeeded: multiplier[channel]))
      let level = ONNXRuntimeRequantization.scaled(accumulator, by: factor) + Int32(arguments.zeroPoint)
      return UInt8(min(max(level, Int32(arguments.low)), Int32(arguments.high)))
    }
    let value = min(max(accumulator >> shift[channel], -32768), 32767)
    let product = (value * multiplier[channel] + (1 << 14)) >> Requantization.multiplierBits
    return UInt8(min(max(product + Int32(arguments.zeroPoint), Int32(arguments.low)), Int32(arguments.high)))
  }
}

/// ``ReferenceWeights`` as a packing.
struct ReferencePacking: WeightPacking {
  func byteCount(_ layer: WeightLayer) -> Int { ReferenceWeights.byteCount(layer) }
  func pack(_ layer: WeightLayer, into buffer: UnsafeMutableRawBufferPointer) {
    ReferenceWeights.pack(layer, into: buffer)
  }
}
