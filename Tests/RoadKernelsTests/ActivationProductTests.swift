import RoadBase
import RoadKernelContract
import RoadKernels
import Testing

/// Products and normalisations of activations: every instruction set gives the reference's bytes, reads nothing behind
/// its operands and writes nothing behind its result.
@Suite("Kernels of activations")
struct ActivationProductTests {
  static let sets = InstructionSet.available.filter { $0 != .reference }

  @Test(arguments: sets)
  func innerProducts(instructionSet: InstructionSet) {
    var random = SystemRandomNumberGenerator()
    // Stretches of 512 numbers, blocks of 128 rows, panels of 8, 16 or 32.
    for depth in [1, 3, 8, 15, 16, 17, 31, 32, 33, 48, 64, 100, 511, 512, 1031] {
      let shapes = [(1, 1, 1), (3, 2, 2), (4, 5, 1), (9, 3, 3), (16, 4, 1), (33, 131, 2), (67, 6, 1)]
      for (outputs, rows, entries) in shapes {
        let left = Rows(count: rows * entries, channels: depth, &random)
        let right = Rows(count: outputs * entries, channels: depth, &random)
        let zeros = (UInt8.random(in: 0...255, using: &random), UInt8.random(in: 0...255, using: &random))
        let scale = 1.0 / Double(depth * Int.random(in: 20...400, using: &random))
        func run(_ set: KernelSet) -> Rows {
          let result = Rows(count: rows * entries, channels: outputs, filled: 9)
          var arguments = InnerProductArguments(
            left: left.view, right: right.view, destination: result.view, leftRows: rows, rightStep: outputs,
            rescaling: Rescaling(scale: scale, zeroPoint: 128), leftZeroPoint: zeros.0, rightZeroPoint: zeros.1)
          // In two parts, as threads take them.
          set.innerProduct.run(&arguments, 0, rows * entries / 2)
          set.innerProduct.run(&arguments, rows * entries / 2, rows * entries)
          return result
        }
        #expect(run(.of(instructionSet)).channels == run(.of(.reference)).channels, "\(depth), \(outputs), \(rows)")
      }
    }
  }

  @Test(arguments: sets, [false, true])
  func normalisations(instructionSet: InstructionSet, isByColumn: Bool) {
    var random = SystemRandomNumberGenerator()
    for channels in [1, 2, 16, 31, 64, 333, 40000] {
      let pixels = channels > 1000 ? 2 : 13
      for spread in [Int64(0), 1, 1 << 20, NormalisationArguments.mostSpread] {
        let source = Rows(count: pixels, channels: channels, &random)
        // All alike: no variance.
        for channel in 0..<channels { source.view.pixel(pixels - 1, 0)[channel] = 77 }
        let count = isByColumn ? 1 : channels
        let gains = (0..<count).map { _ in Int64.random(in: -(1 << 24)...(1 << 24), using: &random) }
        let offsets = (0..<count).map { _ in Int64.random(in: -(1 << 38)...(1 << 38), using: &random) }
        func run(_ set: KernelSet) -> [UInt8] {
          let result = Rows(count: pixels, channels: channels, filled: 9)
          gains.withUnsafeBufferPointer { gains in
            offsets.withUnsafeBufferPointer { offsets in
              var arguments = NormalisationArguments(
                source: source.view, destination: result.view, spread: spread, gains: gains.baseAddress!,
                offsets: offsets.baseAddress!, isByColumn: isByColumn, zeroPoint: 120, low: 3, high: 250)
              set.normalisation.run(&arguments, 0, pixels)
            }
          }
          return result.channels
        }
        #expect(run(.of(instructionSet)) == run(.of(.reference)), "\(channels) channels, spread \(spread)")
      }
    }
  }

  @Test(arguments: sets)
  func binaries(instructionSet: InstructionSet) {
    var random = SystemRandomNumberGenerator()
    for channels in [1, 7, 16, 40, 129] {
      for (leftChannels, rightChannels) in [(channels, channels), (1, channels), (channels, 1)] {
        let left = Rows(count: 6, channels: leftChannels, &random)
        let right = Rows(count: 6, channels: rightChannels, &random)
        func run<Rule>(_ set: KernelSet, _ kernel: KeyPath<KernelSet, PlainKernel<BinaryArguments<Rule>>>, _ rule: Rule)
          -> [UInt8]
        {
          let result = Rows(count: 6, channels: channels, filled: 9)
          var arguments = BinaryArguments(
            left: left.view, right: right.view, destination: result.view, leftIsOneChannel: leftChannels < channels,
            rightIsOneChannel: rightChannels < channels, rule: rule)
          set[keyPath: kernel].run(&arguments, 0, 6)
          return result.channels
        }
        let product = BinaryProduct(
          leftZeroPoint: 11, rightZeroPoint: 200,
          requantization: Requantization(shift: 4, multiplier: 1600, zeroPoint: 90, low: 1, high: 254))
        #expect(
          run(.of(instructionSet), \.binaryProduct, product) == run(.of(.reference), \.binaryProduct, product))
        let sum = BinarySum(
          leftMultiplier: 9000, rightMultiplier: -5000, bias: 100_000, shift: 14, zeroPoint: 7, low: 0, high: 255)
        #expect(run(.of(instructionSet), \.binarySum, sum) == run(.of(.reference), \.binarySum, sum))
      }
    }
  }
}

/// Matrix rows as pixels one below the other, the last byte of the last row in front of a page that may not be touched.
private final class Rows {
  let view: TensorView
  private let memory: GuardedMemory

  init(count: Int, channels: Int, filled: UInt8 = 0) {
    memory = GuardedMemory(count * channels, flush: .end)
    memory.bytes.initializeMemory(as: UInt8.self, repeating: filled)
    view = TensorView(
      base: memory.bytes.baseAddress!.assumingMemoryBound(to: UInt8.self), height: count, width: 1, channels: channels,
      pixelPitch: channels,
      rowPitch: channels, halo: 0)
  }

  convenience init(count: Int, channels: Int, _ random: inout SystemRandomNumberGenerator) {
    self.init(count: count, channels: channels)
    for index in memory.bytes.indices { memory.bytes[index] = UInt8.random(in: 0...255, using: &random) }
  }

  var channels: [UInt8] { Array(memory.bytes) }
}
