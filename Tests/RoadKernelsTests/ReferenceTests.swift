import RoadBase
import RoadKernelContract
import RoadKernels
import Testing

/// The reference convolutions against sums written here from the definition, in exact Double arithmetic with the
/// zero-point subtracted where it belongs.
@Suite struct ReferenceTests {
  static let cases: [ConvolutionCase] = ConvolutionCase.Numbers.allCases.flatMap { numbers in
    [
      ConvolutionCase(inputs: 19, outputs: 7, numbers: numbers, clamp: 5...250, zeroPoint: 11),
      ConvolutionCase(
        inputs: 3, outputs: 17,
        window: WindowGeometry(
          kernelHeight: 3, kernelWidth: 3, strideHeight: 2, strideWidth: 2, padTop: 1, padLeft: 1),
        numbers: numbers, packed4: true, flush: .start),
      ConvolutionCase(
        inputs: 5, outputs: 3,
        window: WindowGeometry(
          kernelHeight: 2, kernelWidth: 5, strideHeight: 1, strideWidth: 3, dilationHeight: 3, dilationWidth: 2,
          padTop: 2, padLeft: 4),
        numbers: numbers, slack: 16, rows: 1..<4),
      ConvolutionCase(
        depthwise: true, inputs: 21, outputs: 21,
        window: WindowGeometry(kernelHeight: 3, kernelWidth: 3, padTop: 1, padLeft: 1), numbers: numbers,
        clamp: 9...200, zeroPoint: 9),
      ConvolutionCase(
        depthwise: true, inputs: 6, outputs: 6,
        window: WindowGeometry(
          kernelHeight: 5, kernelWidth: 3, strideHeight: 2, strideWidth: 1, dilationHeight: 1, dilationWidth: 4,
          padTop: 2, padLeft: 4),
        numbers: numbers, rows: 2..<3, flush: .start),
    ]
  }

  @Test(arguments: cases)
  func convolutionIsTheDefinition(_ test: ConvolutionCase) {
    let source = test.sourceTensor()
    let layer = test.layer()
    let kernels = KernelSet.of(.reference)
    let (values, tidy) = test.run(test.depthwise ? kernels.depthwise : kernels.convolution, layer, source)
    #expect(values == Self.definition(test, layer, source), "\(test)")
    #expect(tidy, "\(test)")
  }

  /// A case that turns everything into one byte could not fail.
  @Test func spreadCasesSpread() {
    for test in Self.cases where [.spread, .onnxRuntime].contains(test.numbers) {
      let values = Self.definition(test, test.layer(), test.sourceTensor())
      #expect(Set(values).count > min(40, values.count / 8), "\(test)")
    }
  }

  /// Whoever reads only this function knows what a quantized convolution is.
  static func definition(_ test: ConvolutionCase, _ layer: WeightLayer, _ tensor: TestTensor) -> [UInt8] {
    defer { withExtendedLifetime(tensor) {} }
    let source = tensor.view
    var result: [UInt8] = []
    let window = test.window
    for y in test.computedRows {
      for x in 0..<test.width {
        for output in 0..<test.outputs {
          var sum = Double(layer.bias[output])
          for ky in 0..<window.kernelHeight {
            for kx in 0..<window.kernelWidth {
              for input in 0..<layer.inputChannels {
                let sourceY = y * window.strideHeight - window.padTop + ky * window.dilationHeight
                let sourceX = x * window.strideWidth - window.padLeft + kx * window.dilationWidth
                let channel = test.depthwise ? output : input
                let byte = source.base[sourceY * source.rowPitch + sourceX * source.pixelPitch + channel]
                let index = ((output * layer.kernelHeight + ky) * layer.kernelWidth + kx) * layer.inputChannels + input
                sum += (Double(byte) - Double(test.inputZeroPoint)) * Double(layer.weights[index])
              }
            }
          }
          result.append(requantized(sum, layer, output, test))
        }
      }
    }
    return result
  }

  static func requantized(_ sum: Double, _ layer: WeightLayer, _ output: Int, _ test: ConvolutionCase) -> UInt8 {
    if let factor = layer.onnxRuntimeFactors?[output] {
      // In whole numbers: the product has up to 62 bits.
      let all = Int(sum) * Int(factor.multiplier) + Int(factor.rounding) * 65536
      let (quotient, remainder) = all.quotientAndRemainder(dividingBy: 1 << 32)
      let nearest = quotient - (remainder < 0 ? 1 : 0)
      return UInt8(min(max(nearest + Int(test.zeroPoint), Int(test.clamp.lowerBound)), Int(test.clamp.upperBound)))
    }
    let divisor = Double(sign: .plus, exponent: Int(layer.shift[output]), significand: 1)
    let rounding = layer.shift[output] == 0 ? 0 : divisor / 2
    let value = min(max(((sum + rounding) / divisor).rounded(.down), -32768), 32767)
    let scaled = ((value * Double(layer.multiplier[output]) + 16384) / 32768).rounded(.down)
    return UInt8(
      min(max(scaled + Double(test.zeroPoint), Double(test.clamp.lowerBound)), Double(test.clamp.upperBound)))
  }

  @Test func requantizesAsTheLawDoes() {
    let test = ConvolutionCase(
      inputs: 16, outputs: 33, numbers: .extreme, clamp: 1...254, zeroPoint: 77, inputZeroPoint: 0)
    let (layer, source) = (test.layer(), test.sourceTensor())
    defer { withExtendedLifetime(source) {} }
    let (values, _) = test.run(KernelSet.of(.reference).convolution, layer, source)
    for (index, value) in values.enumerated() {
      let (output, place) = (index % test.outputs, index / test.outputs)
      let pixel = source.view.pixel(place / test.width, place % test.width)
      let sum = (0..<16).reduce(layer.bias[output]) {
        $0 + Int32(pixel[$1]) * Int32(layer.weight(output: output, row: 0, column: 0, input: $1))
      }
      let rule = Requantization(
        shift: layer.shift[output], multiplier: layer.multiplier[output], zeroPoint: 77, low: 1, high: 254)
      #expect(value == rule.apply(sum))
    }
  }
}
