import RoadKernelContract
import RoadKernels
import Testing

/// Depthwise convolution on every instruction set of this machine gives the bytes of the reference.
@Suite struct DepthwiseTests {
  static let instructionSets = ConvolutionTests.instructionSets

  static func threeByThree(stride: Int = 1, dilation: Int = 1) -> WindowGeometry {
    WindowGeometry(
      kernelHeight: 3, kernelWidth: 3, strideHeight: stride, strideWidth: stride, dilationHeight: dilation,
      dilationWidth: dilation, padTop: dilation, padLeft: dilation)
  }

  /// Strips, chains and the unrolled loop at every width.
  @Test(arguments: instructionSets, [1, 2])
  func everyWidth(_ instructionSet: InstructionSet, stride: Int) {
    for width in 1...33 {
      for channels in [16, 32, 64] {
        ConvolutionCase(
          depthwise: true, height: 3, width: width, inputs: channels, outputs: channels,
          window: Self.threeByThree(stride: stride), seed: width
        ).expectReferenceBytes(instructionSet)
      }
    }
  }

  @Test(arguments: instructionSets, [1, 2])
  func everyNumberOfChannels(_ instructionSet: InstructionSet, stride: Int) {
    for channels in Array(1...33) + [47, 48, 49, 63, 65, 80, 96, 112, 127, 128, 129, 576] {
      ConvolutionCase(
        depthwise: true, height: 2, width: 7, inputs: channels, outputs: channels,
        window: Self.threeByThree(stride: stride), zeroPoint: 9, seed: channels
      ).expectReferenceBytes(instructionSet)
    }
  }

  /// Odd and even numbers of rows, alone and as parts of a picture, with every dilation.
  @Test(arguments: instructionSets, 1...4)
  func rowsAndDilations(_ instructionSet: InstructionSet, dilation: Int) {
    for height in 1...9 {
      for first in 0..<min(height, 3) {
        for width in [1, 2, 5, 16] {
          ConvolutionCase(
            depthwise: true, height: height, width: width, inputs: 48, outputs: 48,
            window: Self.threeByThree(dilation: dilation), clamp: 12...240, rows: first..<height, flush: .start,
            seed: height
          ).expectReferenceBytes(instructionSet)
        }
      }
    }
  }

  @Test(arguments: instructionSets, ConvolutionCase.Numbers.allCases)
  func extremesAndSaturation(_ instructionSet: InstructionSet, numbers: ConvolutionCase.Numbers) {
    for window in [Self.threeByThree(), Self.threeByThree(stride: 2), WindowGeometry(kernelHeight: 7, kernelWidth: 7)] {
      for zeroPoint in [0, 128, 255] as [UInt8] {
        ConvolutionCase(
          depthwise: true, height: 3, width: 9, inputs: 80, outputs: 80, window: window, numbers: numbers,
          clamp: zeroPoint...255, zeroPoint: zeroPoint, inputZeroPoint: 255
        ).expectReferenceBytes(instructionSet)
      }
    }
  }

  /// Random combinations of everything, a third of them 3x3.
  @Test(arguments: instructionSets, 1...12)
  func anyWindow(_ instructionSet: InstructionSet, seed: Int) {
    var random = TestRandom(seed &* 31)
    for turn in 0..<25 {
      var test = ConvolutionTests.anyCase(&random)
      test.depthwise = true
      test.outputs = random.integer(1...200)
      test.inputs = test.outputs
      test.packed4 = false
      if turn % 3 == 0 {
        test.window.kernelHeight = 3
        test.window.kernelWidth = 3
      } else if turn % 3 == 1 {
        test.window.kernelHeight = random.integer(1...9)
      }
      test.expectReferenceBytes(instructionSet)
    }
  }
}
