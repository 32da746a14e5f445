import RoadKernelContract
import RoadKernels
import Testing

/// 1x1 convolutions over widened bytes give the reference's bytes, on every instruction set that has them.
@Suite struct PointwiseTests {
  static let instructionSets = InstructionSet.available.filter { KernelSet.of($0).pointwise != nil }

  /// Every number of pixels around the tiles and the blocks, rows in one line and rows with gaps.
  @Test(arguments: instructionSets)
  func everyWidth(_ instructionSet: InstructionSet) throws {
    for width in Array(1...20) + [47, 48, 49, 191, 192, 193, 289] {
      for (height, slack) in [(1, 0), (3, 0), (2, 16)] {
        let test = ConvolutionCase(height: height, width: width, inputs: 64, outputs: 32, slack: slack, seed: width)
        try check(instructionSet, test)
      }
    }
  }

  @Test(arguments: instructionSets)
  func everyNumberOfChannels(_ instructionSet: InstructionSet) throws {
    for (inputs, outputs) in [
      (1, 1), (2, 16), (15, 17), (64, 33), (65, 40), (255, 48), (960, 20), (1280, 16), (4096, 16),
    ] {
      let test = ConvolutionCase(height: 3, width: 17, inputs: inputs, outputs: outputs, zeroPoint: 4, seed: inputs)
      try check(instructionSet, test)
    }
  }

  @Test(arguments: instructionSets)
  func extremes(_ instructionSet: InstructionSet) throws {
    for numbers in ConvolutionCase.Numbers.allCases {
      for (zeroPoint, clamp) in [(0, 0...255), (255, 0...255), (3, 3...3), (90, 60...131)]
        as [(UInt8, ClosedRange<UInt8>)]
      {
        let test = ConvolutionCase(
          height: 2, width: 9, inputs: 1024, outputs: 48, numbers: numbers, clamp: clamp, zeroPoint: zeroPoint,
          inputZeroPoint: 255, seed: 3)
        try check(instructionSet, test)
      }
    }
  }

  @Test(arguments: instructionSets, 1...12)
  func anyCase(_ instructionSet: InstructionSet, seed: Int) throws {
    var random = TestRandom(seed)
    for _ in 0..<25 {
      var test = ConvolutionTests.anyCase(&random)
      (test.window, test.packed4) = (WindowGeometry(kernelHeight: 1, kernelWidth: 1), false)
      try check(instructionSet, test)
    }
  }

  func check(_ instructionSet: InstructionSet, _ test: ConvolutionCase) throws {
    test.expectReferenceBytes(instructionSet, try #require(KernelSet.of(instructionSet).pointwise))
  }
}
