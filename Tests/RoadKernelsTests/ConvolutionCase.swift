import RoadBase
import RoadKernelContract
import RoadKernels

/// One convolution, dense or depthwise, with everything that can vary; prints as one line that names it.
struct ConvolutionCase: CustomStringConvertible, Sendable {
  enum Numbers: String, CaseIterable, Sendable {
    /// Random weights; shift and multiplier that spread the results over 0...255.
    case spread
    /// Weights of ±127, pixels of 0 and 255, random factors.
    case extreme
    /// Shift 0: nearly everything saturates in the first step.
    case shiftZero
    case shiftLarge
    /// 31-bit multipliers that spread the results.
    case onnxRuntime
    /// Weights of ±127, pixels of 0 and 255, 31-bit multipliers of all sizes.
    case onnxRuntimeExtreme
    /// The same, of both kinds, rounded to nearest.
    case onnxRuntimeNearest
    case onnxRuntimeNearestExtreme
  }

  var depthwise = false
  var height = 5
  var width = 7
  var inputs = 16
  var outputs = 16
  var window = WindowGeometry(kernelHeight: 1, kernelWidth: 1)
  var numbers = Numbers.spread
  var clamp: ClosedRange<UInt8> = 0...255
  var zeroPoint: UInt8 = 0
  var inputZeroPoint: UInt8 = 3
  var packed4 = false
  var slack = 0
  var rows: Range<Int>?
  var flush = GuardedMemory.Flush.end
  var seed = 1

  var description: String {
    let w = window
    return """
      \(depthwise ? "depthwise" : "dense") \(w.kernelHeight)x\(w.kernelWidth) stride \
      \(w.strideHeight)x\(w.strideWidth) \
      dilation \(w.dilationHeight)x\(w.dilationWidth) pad \(w.padTop),\(w.padLeft) out \(height)x\(width) \
      K\(inputs) N\(outputs) \(numbers.rawValue) clamp \(clamp) \
      z\(zeroPoint)/\(inputZeroPoint)\(packed4 ? " RGBX" : "") \
      slack \(slack) rows \(computedRows) flush \(flush.rawValue) seed \(seed)
      """
  }

  private var isExtreme: Bool {
    numbers == .extreme || numbers == .onnxRuntimeExtreme || numbers == .onnxRuntimeNearestExtreme
  }
  var computedRows: Range<Int> { rows ?? 0..<height }
  var sourceHeight: Int { height * window.strideHeight }
  var sourceWidth: Int { width * window.strideWidth }

  /// The smallest halo that covers what the window reaches.
  var halo: Int {
    func reach(_ outputs: Int, _ stride: Int, _ pad: Int, _ span: Int, _ size: Int) -> Int {
      max(pad, (outputs - 1) * stride - pad + span - (size - 1), 0)
    }
    let w = window
    return max(
      reach(height, w.strideHeight, w.padTop, (w.kernelHeight - 1) * w.dilationHeight, sourceHeight),
      reach(width, w.strideWidth, w.padLeft, (w.kernelWidth - 1) * w.dilationWidth, sourceWidth))
  }

  func layer() -> WeightLayer {
    var random = TestRandom(seed &* 7919)
    let seen = depthwise ? 1 : inputs
    let products = seen * window.kernelHeight * window.kernelWidth
    // The standard deviation of a sum is about 74 · 128 · sqrt(products); a shift of log2 of it minus 11 leaves v near
    // 2^11.
    let spreadShift = 2 + (Int.bitWidth - products.leadingZeroBitCount) / 2
    return WeightLayer(
      outputChannels: outputs, inputChannels: seen, kernelHeight: window.kernelHeight,
      kernelWidth: window.kernelWidth,
      weights: (0..<outputs * products).map { _ in
        isExtreme ? random.pick([127, -127]) : Int8(random.integer(-127...127))
      },
      bias: (0..<outputs).map { _ in Int32(random.integer(-20000...20000)) },
      shift: (0..<outputs).map { _ in
        switch numbers {
        case .spread, .onnxRuntime, .onnxRuntimeExtreme, .onnxRuntimeNearest, .onnxRuntimeNearestExtreme:
          Int32(spreadShift + random.integer(0...2))
        case .extreme: Int32(random.integer(0...24))
        case .shiftZero: 0
        case .shiftLarge: 24
        }
      },
      multiplier: (0..<outputs).map { _ in
        numbers == .spread || numbers == .onnxRuntime || numbers == .onnxRuntimeNearest
          ? Int16(random.integer(512...4096)) : random.pick([0, 1, 2048, 4095, 32767])
      },
      onnxRuntimeFactors: onnxRuntimeFactors(spreadShift, &random), inputZeroPoint: inputZeroPoint)
  }

  private func onnxRuntimeFactors(_ spreadShift: Int, _ random: inout TestRandom) -> [ONNXRuntimeFactor]? {
    switch numbers {
    case .onnxRuntime:
      (0..<outputs).map { output in
        ONNXRuntimeFactor(
          multiplier: Int32(random.integer(1 << 26...1 << 29) >> spreadShift),
          rounding: output % 3 == 0 ? ONNXRuntimeFactor.half : UInt16(random.integer(1 << 14...3 << 14)))
      }
    case .onnxRuntimeExtreme:
      (0..<outputs).map { _ in
        ONNXRuntimeFactor(
          multiplier: random.pick([0, 1, 1 << 20, 1 << 30, Int32.max]), rounding: random.pick([0, 1, 1 << 15, .max]))
      }
    case .onnxRuntimeNearest:
      (0..<outputs).map { _ in
        ONNXRuntimeFactor(multiplier: Int32(random.integer(1 << 26...1 << 29) >> spreadShift))
      }
    case .onnxRuntimeNearestExtreme:
      (0..<outputs).map { _ in ONNXRuntimeFactor(multiplier: random.pick([0, 1, 1 << 20] + largestMultipliers)) }
    default: nil
    }
  }

  /// The largest that kernels may double, or more.
  private var largestMultipliers: [Int32] { seed.isMultiple(of: 2) ? [1 << 30 - 1] : [1 << 30, Int32.max] }

  func sourceTensor() -> TestTensor {
    var random = TestRandom(seed)
    let tensor = TestTensor(
      height: sourceHeight, width: sourceWidth, channels: inputs, halo: halo, slack: slack, packed4: packed4,
      flush: flush, random: &random)
    if isExtreme { tensor.fillWithExtremes(&random) }
    return tensor
  }

  /// What the kernel wrote into the real channels of the rows, and whether it left everything else alone.
  func run(_ kernel: WeightKernel, _ layer: WeightLayer, _ source: TestTensor) -> (values: [UInt8], tidy: Bool) {
    var random = TestRandom(seed &+ 99)
    let destination = TestTensor(
      height: height, width: width, channels: outputs, halo: 1, slack: slack, flush: flush, random: &random)
    let packed = GuardedMemory(kernel.packedByteCount(layer), flush: flush, alignment: WeightLayer.alignment)
    packed.fill(&random)
    kernel.pack(layer, packed.bytes)
    let before = destination.memory.snapshot()
    let sourceBefore = source.memory.snapshot()
    var arguments = ConvolutionArguments(
      source: source.view, destination: destination.view, window: window,
      packed: UnsafeRawPointer(packed.bytes.baseAddress!), zeroPoint: Int16(zeroPoint), low: clamp.lowerBound,
      high: clamp.upperBound, roundsAsONNXRuntime: layer.onnxRuntimeFactors != nil,
      roundsToNearest: layer.roundsToNearest)
    withExtendedLifetime((source, destination, packed)) {
      kernel.run(&arguments, computedRows.lowerBound, computedRows.upperBound)
    }
    let tidy = destination.changedOnly(computedRows, since: before) && source.memory.snapshot() == sourceBefore
    return (destination.values(computedRows), tidy)
  }
}
