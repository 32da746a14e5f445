import RoadKernelContract
import RoadKernels
import Testing

/// Dense 3x3 convolutions by fewer products give the bytes of the direct sum, on every instruction set that has them.
@Suite struct WinogradTests {
  static let instructionSets = InstructionSet.available.filter { KernelSet.of($0).winograd != nil }
  static let window = WindowGeometry(kernelHeight: 3, kernelWidth: 3, padTop: 1, padLeft: 1)

  /// Odd and even sides, tiles that fill their blocks and tiles that do not; the source ends where its halo does.
  @Test(arguments: instructionSets)
  func everySize(_ instructionSet: InstructionSet) throws {
    for (height, width) in [
      (1, 1), (1, 2), (2, 1), (2, 3), (3, 2), (5, 7), (4, 12), (7, 13), (6, 33), (3, 100), (1, 193),
    ] {
      for flush in GuardedMemory.Flush.allCases {
        let test = ConvolutionCase(
          height: height, width: width, inputs: 32, outputs: 32, window: Self.window, flush: flush, seed: width)
        try check(instructionSet, test)
      }
    }
  }

  @Test(arguments: instructionSets)
  func everyNumberOfChannels(_ instructionSet: InstructionSet) throws {
    for (inputs, outputs) in [
      (1, 1), (16, 5), (17, 16), (33, 40), (64, 100), (128, 16), (250, 20), (512, 16), (640, 17),
    ] {
      let test = ConvolutionCase(
        height: 5, width: 9, inputs: inputs, outputs: outputs, window: Self.window, zeroPoint: 7, seed: inputs)
      try check(instructionSet, test)
    }
  }

  /// Where the bounds bite: weights of ±127 and bytes of 0 and 255, so that the transformed numbers reach ±1020 and
  /// ±1143, and sums on the way leave 32 bits.
  @Test(arguments: instructionSets)
  func extremes(_ instructionSet: InstructionSet) throws {
    for numbers in ConvolutionCase.Numbers.allCases {
      for inputs in [32, 640] {
        for (zeroPoint, clamp) in [(0, 0...255), (255, 0...255), (3, 3...3), (90, 60...131)]
          as [(UInt8, ClosedRange<UInt8>)]
        {
          let test = ConvolutionCase(
            height: 3, width: 5, inputs: inputs, outputs: 32, window: Self.window, numbers: numbers, clamp: clamp,
            zeroPoint: zeroPoint, inputZeroPoint: 255, seed: inputs)
          try check(instructionSet, test)
        }
      }
    }
  }

  /// All weights 127 and all bytes 255 or 0: the greatest sum that there is.
  @Test(arguments: instructionSets)
  func theGreatestSum(_ instructionSet: InstructionSet) throws {
    let kernel = try #require(KernelSet.of(instructionSet).winograd)
    for (weight, byte) in [(127, 255), (-127, 255), (127, 0)] as [(Int8, UInt8)] {
      let test = ConvolutionCase(height: 4, width: 5, inputs: 640, outputs: 16, window: Self.window)
      let products = 640 * 9
      let layer = WeightLayer(
        outputChannels: 16, inputChannels: 640, kernelHeight: 3, kernelWidth: 3,
        weights: [Int8](repeating: weight, count: 16 * products), bias: [Int32](repeating: 5, count: 16),
        shift: [Int32](repeating: 17, count: 16), multiplier: [Int16](repeating: 3000, count: 16), inputZeroPoint: 9)
      let source = test.sourceTensor()
      source.memory.bytes.initializeMemory(as: UInt8.self, repeating: byte)
      let expected = test.run(KernelSet.of(.reference).convolution, layer, source)
      let found = test.run(kernel, layer, source)
      let isSame = found.values == expected.values && found.tidy
      #expect(isSame, "weights \(weight), bytes \(byte)")
    }
  }

  @Test(arguments: instructionSets, 1...12)
  func anyCase(_ instructionSet: InstructionSet, seed: Int) throws {
    var random = TestRandom(seed)
    for _ in 0..<25 {
      var test = ConvolutionTests.anyCase(&random)
      (test.window.kernelHeight, test.window.kernelWidth, test.packed4) = (3, 3, false)
      (test.window.strideHeight, test.window.strideWidth) = (1, 1)
      (test.window.dilationHeight, test.window.dilationWidth) = (1, 1)
      try check(instructionSet, test)
    }
  }

  /// The rule by which the plan chooses: other windows, few channels and very many stay with the direct sum.
  @Test(arguments: instructionSets)
  func whereItIsTaken(_ instructionSet: InstructionSet) throws {
    let set = KernelSet.of(instructionSet)
    let winograd = try #require(set.winograd)
    func name(_ inputs: Int, _ outputs: Int, _ window: WindowGeometry) -> String {
      let test = ConvolutionCase(inputs: inputs, outputs: outputs, window: window)
      return set.convolution(for: test.layer(), window).name
    }
    #expect(name(64, 64, Self.window) == winograd.name)
    #expect(name(16, 64, Self.window) == set.convolution.name)
    #expect(name(64, 16, Self.window) == set.convolution.name)
    #expect(name(656, 32, Self.window) == set.convolution.name)
    for other in [
      WindowGeometry(kernelHeight: 1, kernelWidth: 1), WindowGeometry(kernelHeight: 3, kernelWidth: 1),
      WindowGeometry(kernelHeight: 3, kernelWidth: 3, strideHeight: 2, strideWidth: 2, padTop: 1, padLeft: 1),
      WindowGeometry(kernelHeight: 3, kernelWidth: 3, dilationHeight: 2, dilationWidth: 2, padTop: 2, padLeft: 2),
    ] {
      #expect(name(64, 64, other) != winograd.name)
    }
  }

  func check(_ instructionSet: InstructionSet, _ test: ConvolutionCase) throws {
    test.expectReferenceBytes(instructionSet, try #require(KernelSet.of(instructionSet).winograd))
  }
}
