import RoadBase
import RoadKernelContract
import RoadKernels
import Testing

/// Both roundings of an accumulator, by name: what lies between two integers goes up, what 16 bits cannot hold stays at
/// their end, in dense and depthwise convolution on every instruction set. Against real numbers, not the reference.
@Suite struct RoundingTests {
  /// Shift, multiplier and bias of one output channel each; the sum of pixel x is x + bias.
  static let channels: [(shift: Int32, multiplier: Int16, bias: Int32)] =
    [0, 1, 2, 5].flatMap { shift in
      [(16384, -128), (8192, -301), (4096, -77), (32767, -130)].map { (Int32(shift), $0.0, Int32($0.1)) }
    }
    // Around both ends of 16 bits, where a sum that did not stop there would give the next byte.
    + [(0, 100, 32700), (0, 100, 32950), (0, 100, -32900), (0, 100, -33300), (1, 100, 66000), (1, 100, -66600)]

  static let zeroPoint: UInt8 = 128

  @Test(arguments: InstructionSet.available, [1, 16, 64])
  func tiesGoUpAndSixteenBitsSaturateInDenseConvolution(_ set: InstructionSet, inputs: Int) {
    let weights = Self.channels.flatMap { _ in (0..<inputs).map { Int8($0 == 0 ? 1 : 0) } }
    check(KernelSet.of(set).convolution, inputs: inputs, WindowGeometry(kernelHeight: 1, kernelWidth: 1), weights)
  }

  @Test(arguments: InstructionSet.available)
  func tiesGoUpAndSixteenBitsSaturateInDepthwiseConvolution(_ set: InstructionSet) {
    let weights = Self.channels.flatMap { _ in (0..<9).map { Int8($0 == 4 ? 1 : 0) } }
    check(
      KernelSet.of(set).depthwise, inputs: nil,
      WindowGeometry(kernelHeight: 3, kernelWidth: 3, padTop: 1, padLeft: 1), weights)
  }

  /// - Parameter inputs: nil for depthwise.
  private func check(_ kernel: WeightKernel, inputs: Int?, _ window: WindowGeometry, _ weights: [Int8]) {
    let count = Self.channels.count
    let layer = WeightLayer(
      outputChannels: count, inputChannels: inputs ?? 1, kernelHeight: window.kernelHeight,
      kernelWidth: window.kernelWidth, weights: weights, bias: Self.channels.map(\.bias),
      shift: Self.channels.map(\.shift), multiplier: Self.channels.map(\.multiplier), onnxRuntimeFactors: nil,
      inputZeroPoint: 0)
    var random = TestRandom(1)
    let source = TestTensor(height: 1, width: 256, channels: inputs ?? count, halo: 1, random: &random)
    for x in 0..<256 {
      for channel in 0..<(inputs ?? count) { source.view.pixel(0, x)[channel] = UInt8(x) }
    }
    let test = ConvolutionCase(
      depthwise: inputs == nil, height: 1, width: 256, inputs: inputs ?? count, outputs: count, window: window,
      zeroPoint: Self.zeroPoint, inputZeroPoint: 0)
    let found = test.run(kernel, layer, source).values

    var (firstTies, secondTies, saturated) = (0, 0, 0)
    var differing: [Int] = []
    for index in found.indices {
      let channel = Self.channels[index % count]
      let sum = Double(index / count) + Double(channel.bias)
      let shifted = sum / Double(1 << channel.shift)
      let value = min(max((shifted + 0.5).rounded(.down), -32768), 32767)
      let product = value * Double(channel.multiplier) / 32768
      let byte = min(max((product + 0.5).rounded(.down) + Double(Self.zeroPoint), 0), 255)
      if Double(found[index]) != byte { differing.append(index) }
      if shifted - shifted.rounded(.down) == 0.5 { firstTies += 1 }
      if product - product.rounded(.down) == 0.5, byte > 0, byte < 255 { secondTies += 1 }
      if shifted < -32768.5 || shifted >= 32767.5 { saturated += 1 }
    }
    let isSame = differing.isEmpty
    #expect(isSame, "\(kernel.name): \(differing.count) of \(found.count) bytes, first \(differing.first ?? -1)")
    #expect(firstTies > 500 && secondTies > 500 && saturated > 500, "\(firstTies), \(secondTies), \(saturated)")
  }
}
