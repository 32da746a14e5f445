import RoadKernelContract
import RoadKernels
import Testing

/// Convolutions over widened rows of a picture give the reference's bytes, on every instruction set that has them.
@Suite struct PictureTests {
  static let instructionSets = InstructionSet.available.filter { KernelSet.of($0).picture != nil }
  static let window = WindowGeometry(
    kernelHeight: 3, kernelWidth: 3, strideHeight: 2, strideWidth: 2, padTop: 1, padLeft: 1)

  /// Every number of pixels around the tiles and the blocks; the source ends where its halo does.
  @Test(arguments: instructionSets)
  func everyWidth(_ instructionSet: InstructionSet) throws {
    for width in Array(1...20) + [239, 240, 241, 246, 485] {
      for flush in GuardedMemory.Flush.allCases {
        for packed4 in [true, false] {
          let test = ConvolutionCase(
            height: 4, width: width, inputs: 3, outputs: 20, window: Self.window, packed4: packed4, flush: flush,
            seed: width)
          try check(instructionSet, test)
        }
      }
    }
  }

  @Test(arguments: instructionSets)
  func extremes(_ instructionSet: InstructionSet) throws {
    for numbers in ConvolutionCase.Numbers.allCases {
      for (zeroPoint, clamp) in [(0, 0...255), (255, 0...255), (7, 0...255), (3, 3...3), (90, 60...131)]
        as [(UInt8, ClosedRange<UInt8>)]
      {
        let test = ConvolutionCase(
          height: 3, width: 13, inputs: 3, outputs: 32, window: Self.window, numbers: numbers, clamp: clamp,
          zeroPoint: zeroPoint, inputZeroPoint: 255, packed4: true, seed: 3)
        try check(instructionSet, test)
      }
    }
  }

  /// Every kernel and stride that the rule lets through.
  @Test(arguments: instructionSets, 1...12)
  func anyCase(_ instructionSet: InstructionSet, seed: Int) throws {
    var random = TestRandom(seed)
    for _ in 0..<25 {
      var test = ConvolutionTests.anyCase(&random)
      test.window.kernelHeight = random.integer(1...11)
      test.window.kernelWidth = random.integer(2...11)
      test.window.strideWidth = random.integer(1...4)
      (test.window.dilationHeight, test.window.dilationWidth) = (1, 1)
      test.inputs = random.integer(1...3)
      test.packed4 = random.integer(0...1) == 1
      if test.packed4 { test.slack = 0 }
      try check(instructionSet, test)
    }
  }

  /// The rule by which the plan chooses.
  @Test(arguments: instructionSets)
  func whereItIsTaken(_ instructionSet: InstructionSet) throws {
    let set = KernelSet.of(instructionSet)
    let picture = try #require(set.picture)
    func name(_ inputs: Int, _ window: WindowGeometry) -> String {
      let test = ConvolutionCase(inputs: inputs, outputs: 32, window: window)
      return set.convolution(for: test.layer(), window).name
    }
    #expect(name(3, Self.window) == picture.name)
    #expect(name(1, Self.window) == picture.name)
    #expect(name(4, Self.window) == set.convolution.name)
    for other in [
      WindowGeometry(kernelHeight: 1, kernelWidth: 1),
      WindowGeometry(kernelHeight: 3, kernelWidth: 3, strideHeight: 2, strideWidth: 5),
      WindowGeometry(kernelHeight: 12, kernelWidth: 3), WindowGeometry(kernelHeight: 3, kernelWidth: 12),
      WindowGeometry(kernelHeight: 3, kernelWidth: 3, dilationHeight: 2, dilationWidth: 2, padTop: 2, padLeft: 2),
    ] {
      #expect(name(3, other) == set.convolution.name)
    }
  }

  func check(_ instructionSet: InstructionSet, _ test: ConvolutionCase) throws {
    test.expectReferenceBytes(instructionSet, try #require(KernelSet.of(instructionSet).picture))
  }
}
