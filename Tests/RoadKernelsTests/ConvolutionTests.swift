import RoadKernelContract
import RoadKernels
import Testing

/// Dense convolution on every instruction set of this machine gives the bytes of the reference.
@Suite struct ConvolutionTests {
  static let instructionSets = InstructionSet.available.filter { $0 != .reference }

  /// Every width around the tiles, alone in its row.
  @Test(arguments: instructionSets)
  func everyWidth(_ instructionSet: InstructionSet) {
    for width in Array(1...40) + [63, 64, 65, 191, 192, 193, 287, 288, 289, 385] {
      for outputs in [16, 32, 64] {
        check(instructionSet, ConvolutionCase(height: 2, width: width, inputs: 8, outputs: outputs, seed: width))
      }
    }
  }

  @Test(arguments: instructionSets)
  func everyNumberOfOutputs(_ instructionSet: InstructionSet) {
    for outputs in Array(1...33) + [47, 48, 49, 63, 64, 65, 80, 95, 96, 112, 127, 128, 129, 192, 200] {
      check(
        instructionSet, ConvolutionCase(height: 1, width: 13, inputs: 20, outputs: outputs, zeroPoint: 4, seed: outputs)
      )
    }
  }

  @Test(arguments: instructionSets)
  func everyNumberOfInputs(_ instructionSet: InstructionSet) {
    for inputs in Array(1...35) + [63, 64, 65, 127, 128, 255, 256, 768] {
      check(
        instructionSet, ConvolutionCase(height: 1, width: 8, inputs: inputs, outputs: 48, clamp: 7...255, seed: inputs))
    }
  }

  @Test(arguments: instructionSets)
  func theStemReadsPackedPictures(_ instructionSet: InstructionSet) {
    for channels in 1...4 {
      for outputs in [16, 32, 64, 72] {
        for width in [1, 3, 4, 11, 12, 26, 100] {
          check(
            instructionSet,
            ConvolutionCase(
              height: 3, width: width, inputs: channels, outputs: outputs,
              window: WindowGeometry(
                kernelHeight: 3, kernelWidth: 3, strideHeight: 2, strideWidth: 2, padTop: 1, padLeft: 1),
              inputZeroPoint: 114, packed4: true, seed: width))
        }
      }
    }
  }

  @Test(arguments: instructionSets)
  func extremesAndSaturation(_ instructionSet: InstructionSet) {
    for numbers in ConvolutionCase.Numbers.allCases {
      for (outputs, inputs) in [(16, 64), (32, 1), (64, 1024), (112, 33)] {
        for (zeroPoint, clamp) in [(0, 0...255), (128, 128...255), (255, 0...255), (3, 3...3), (90, 60...131)]
          as [(UInt8, ClosedRange<UInt8>)]
        {
          check(
            instructionSet,
            ConvolutionCase(
              height: 1, width: 9, inputs: inputs, outputs: outputs, numbers: numbers, clamp: clamp,
              zeroPoint: zeroPoint, inputZeroPoint: 255, seed: inputs))
        }
      }
    }
  }

  /// Sums long enough for matrix tiles: every number of pixels around two tiles, inputs that fill tiles and that do
  /// not, several rows in one line and lines with gaps, panels that are read once and panels that stay in the cache.
  @Test(arguments: instructionSets)
  func longSums(_ instructionSet: InstructionSet) {
    for inputs in [52, 64, 68, 96, 124, 128, 400] {
      for (width, height) in [(1, 1), (3, 7), (15, 3), (16, 1), (17, 2), (31, 1), (32, 2), (33, 1), (49, 3), (300, 1)] {
        for outputs in [16, 32, 64, 112] {
          for slack in [0, 16] {
            check(
              instructionSet,
              ConvolutionCase(
                height: height, width: width, inputs: inputs, outputs: outputs, zeroPoint: 5, slack: slack,
                seed: width &* inputs))
          }
        }
      }
    }
  }

  /// Random combinations of everything.
  @Test(arguments: instructionSets, 1...12)
  func anyWindow(_ instructionSet: InstructionSet, seed: Int) {
    var random = TestRandom(seed)
    for _ in 0..<25 { check(instructionSet, Self.anyCase(&random)) }
  }

  static func anyCase(_ random: inout TestRandom) -> ConvolutionCase {
    var test = ConvolutionCase()
    test.window = WindowGeometry(
      kernelHeight: random.integer(1...5), kernelWidth: random.integer(1...5), strideHeight: random.integer(1...3),
      strideWidth: random.integer(1...3), dilationHeight: random.integer(1...3), dilationWidth: random.integer(1...3),
      padTop: random.integer(0...4), padLeft: random.integer(0...4))
    test.height = random.integer(1...5)
    test.width = random.integer(1...27)
    test.inputs = random.integer(1...70)
    test.outputs = random.integer(1...100)
    test.packed4 = test.inputs <= 4 && random.integer(0...1) == 1
    test.numbers = random.pick(ConvolutionCase.Numbers.allCases + [.spread, .spread])
    let low = random.byte()
    test.clamp = random.integer(0...1) == 0 ? 0...255 : low...UInt8(random.integer(Int(low)...255))
    test.zeroPoint = random.pick([0, 1, 128, 255, random.byte()])
    test.inputZeroPoint = random.pick([0, 1, 128, 255])
    test.slack = test.packed4 ? 0 : random.pick([0, 0, 16, 48])
    let first = random.integer(0...test.height - 1)
    test.rows = first..<random.integer(first + 1...test.height)
    test.flush = random.pick(GuardedMemory.Flush.allCases)
    test.seed = Int(random.next() >> 40)
    return test
  }

  func check(_ instructionSet: InstructionSet, _ test: ConvolutionCase) {
    test.expectReferenceBytes(instructionSet)
  }
}

extension ConvolutionCase {
  /// Expects the bytes of the reference, and untouched memory around them.
  func expectReferenceBytes(_ instructionSet: InstructionSet) {
    let fast = KernelSet.of(instructionSet)
    expectReferenceBytes(instructionSet, depthwise ? fast.depthwise : fast.convolution)
  }

  func expectReferenceBytes(_ instructionSet: InstructionSet, _ kernel: WeightKernel) {
    TestTrace.note("\(instructionSet) \(self)")
    let (source, layer, rule) = (sourceTensor(), layer(), KernelSet.of(.reference))
    let expected = run(depthwise ? rule.depthwise : rule.convolution, layer, source)
    let found = run(kernel, layer, source)
    // Booleans first: a failure names the case instead of printing thousands of bytes.
    let differing = found.values.indices.filter { found.values[$0] != expected.values[$0] }
    let (isSame, isTidy) = (differing.isEmpty, found.tidy)
    #expect(isSame, "\(kernel.name) \(self): \(differing.count) bytes differ, first \(differing.first ?? -1)")
    #expect(isTidy, "\(kernel.name) \(self): wrote outside its rows")
  }
}
