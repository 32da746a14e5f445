import RoadBase
import RoadKernelContract
import RoadKernels
import Testing

/// The kernels of 16-bit words against their definition in other arithmetic. What their operators make of ONNX is
/// tested with the engine.
@Suite struct Int16KernelTests {
  /// A tensor of words between guarded edges of 64 canaries.
  final class Words {
    static let canary = Int16(0x5A5A)
    let storage: UnsafeMutableBufferPointer<Int16>
    let view: TensorView
    private static let edge = 64

    init(height: Int, width: Int, channels: Int, fill: (Int) -> Int16) {
      let pitch = (channels + 15) / 16 * 16
      storage = .allocate(capacity: height * width * pitch + 2 * Self.edge)
      storage.initialize(repeating: Self.canary)
      let base = storage.baseAddress! + Self.edge
      for position in 0..<height * width {
        for channel in 0..<channels { base[position * pitch + channel] = fill(position * channels + channel) }
      }
      view = TensorView(
        base: UnsafeMutableRawPointer(base).assumingMemoryBound(to: UInt8.self), height: height, width: width,
        channels: channels, pixelPitch: 2 * pitch, rowPitch: 2 * pitch * width, halo: 0)
    }

    deinit { storage.deallocate() }

    subscript(y: Int, x: Int, channel: Int) -> Int {
      let pitch = view.pixelPitch / 2
      return Int(storage[Self.edge + (y * view.width + x) * pitch + channel])
    }

    /// Whether nothing beside the channels was written.
    var isIntact: Bool {
      let pitch = view.pixelPitch / 2
      return storage.indices.allSatisfy { index in
        let position = index - Self.edge
        let isInside = position >= 0 && position < view.height * view.width * pitch && position % pitch < view.channels
        return isInside || storage[index] == Self.canary
      }
    }
  }

  @Test("sums of extreme words are exact, at any length and with padding", arguments: [1, 16, 255, 256, 257, 700])
  func convolution(inputs: Int) {
    let window = WindowGeometry(kernelHeight: 3, kernelWidth: 3, dilationWidth: 2, padTop: 1, padLeft: 2)
    let signs: [Int16] = [.min, .max, .min, 7]
    let source = Words(height: 4, width: 5, channels: inputs) { signs[$0 % 4] }
    let outputs = 3
    let weights = (0..<outputs * 9 * inputs).map { Int16($0 % 3 == 0 ? -255 : $0 % 5 == 1 ? 255 : -254) }
    let sums = (0..<outputs * 9).map { tap in
      weights[tap * inputs..<(tap + 1) * inputs].reduce(Int64(0)) { $0 + Int64($1) }
    }
    let (bias, zero) = ([Int64(-5), 1 << 36, 900], Int64(-1234))
    let rule = Int16Rescaling(scale: 1 / Double(inputs * 3000), zeroPoint: 11, range: -32768...32767)
    let to = Words(height: 4, width: 5, channels: outputs) { _ in 0 }
    weights.withUnsafeBufferPointer { weights in
      sums.withUnsafeBufferPointer { sums in
        bias.withUnsafeBufferPointer { bias in
          [rule, rule, rule].withUnsafeBufferPointer { rules in
            var arguments = Int16ConvolutionArguments(
              source: source.view, destination: to.view, window: window, weights: weights.baseAddress!,
              sums: sums.baseAddress!, bias: bias.baseAddress!, rescalings: rules.baseAddress!, groupInputs: inputs,
              groupOutputs: outputs, sourceZeroPoint: zero, productsInInt32: 256)
            KernelSet.of(.reference).int16.convolution(from: .int16, to: .int16).run(&arguments, 0, 4)
          }
        }
      }
    }
    for (y, x) in [(0, 0), (1, 2), (3, 4), (2, 1)] {
      for output in 0..<outputs {
        var sum = Int(bias[output])
        for tap in 0..<9 {
          let (row, column) = (y - 1 + tap / 3, x - 2 + tap % 3 * 2)
          guard (0..<4).contains(row), (0..<5).contains(column) else { continue }
          for input in 0..<inputs {
            sum += (source[row, column, input] - Int(zero)) * Int(weights[(output * 9 + tap) * inputs + input])
          }
        }
        #expect(to[y, x, output] == Int(rule.apply(Int64(sum))), "\(y), \(x), \(output)")
      }
    }
    #expect(to.isIntact)
  }

  @Test("a part of a concatenation writes its own channels only", arguments: [1, 15, 16, 33])
  func conversion(channels: Int) {
    let source = Words(height: 3, width: 4, channels: channels) { Int16(truncatingIfNeeded: $0 * 7919) }
    let to = Words(height: 3, width: 4, channels: channels) { _ in 0 }
    let table = (0..<1 << 16).map { Int16(truncatingIfNeeded: 32767 - $0) }
    table.withUnsafeBytes { table in
      var arguments = ConversionArguments(
        source: source.view, destination: to.view, table: table.baseAddress, channelStep: 0)
      KernelSet.of(.reference).int16.conversion(from: .int16, to: .int16).run(&arguments, 0, 3)
    }
    for channel in 0..<channels { #expect(to[2, 1, channel] == -source[2, 1, channel] - 1) }
    #expect(to.isIntact)
  }

  @Test("maxima, their places and unpooling", arguments: [1, 17])
  func pooling(channels: Int) {
    let window = WindowGeometry(kernelHeight: 2, kernelWidth: 2, strideHeight: 2, strideWidth: 2, padTop: 1)
    let source = Words(height: 5, width: 6, channels: channels) { Int16(truncatingIfNeeded: $0 &* $0 &* 31 - 20000) }
    let (highest, back) = (
      Words(height: 3, width: 3, channels: channels) { _ in 0 },
      Words(height: 5, width: 6, channels: channels) { _ in 0 }
    )
    let taps = UnsafeMutablePointer<UInt8>.allocate(capacity: 9 * 32)
    defer { taps.deallocate() }
    let tapView = TensorView(
      base: taps, height: 3, width: 3, channels: channels, pixelPitch: 32, rowPitch: 96, halo: 0)
    var maxima = MaximumArguments(source: source.view, destination: highest.view, window: window)
    KernelSet.of(.reference).int16.maximum.run(&maxima, 0, 3)
    var places = MaximumArguments(source: source.view, destination: tapView, window: window, writesArgmax: true)
    KernelSet.of(.reference).int16.maximum.run(&places, 0, 3)
    var unpooling = Int16UnpoolingArguments(
      source: highest.view, argmax: tapView, destination: back.view, window: window, zeroPoint: -77)
    KernelSet.of(.reference).int16.unpooling.run(&unpooling, 0, 5)
    for y in 0..<3 {
      for x in 0..<3 {
        for channel in 0..<channels {
          let inside = [(2 * y - 1, 2 * x), (2 * y - 1, 2 * x + 1), (2 * y, 2 * x), (2 * y, 2 * x + 1)].filter {
            $0.0 >= 0
          }
          let largest = inside.map { source[$0.0, $0.1, channel] }.max()
          #expect(highest[y, x, channel] == largest)
          let kept = inside.first { source[$0.0, $0.1, channel] == largest }
          for place in inside {
            let isKept = kept.map { $0 == place } ?? false
            #expect(back[place.0, place.1, channel] == (isKept ? largest : -77))
          }
        }
      }
    }
    #expect(highest.isIntact && back.isIntact)
  }
}
