import RoadBase
import RoadKernelContract
import RoadKernels
import Testing

/// The convolutions of int16 in vectors: every instruction set's bytes are the reference's.
@Suite struct Int16PackedTests {
  /// One layer with extremes of everything that a layer may hold.
  struct Case: CustomStringConvertible {
    var window: WindowGeometry
    var groups: Int
    var groupInputs: Int
    var groupOutputs: Int
    var from: TensorElement
    var to: TensorElement

    var description: String {
      let text = "\(window.kernelHeight)x\(window.kernelWidth) stride \(window.strideWidth)"
      return "\(text) \(groups)x\(groupInputs)x\(groupOutputs) \(from) to \(to)"
    }
  }

  static let windows = [
    WindowGeometry(kernelHeight: 1, kernelWidth: 1),
    WindowGeometry(kernelHeight: 3, kernelWidth: 3, padTop: 1, padLeft: 1),
    WindowGeometry(kernelHeight: 2, kernelWidth: 5, strideHeight: 2, strideWidth: 3, padTop: 1, padLeft: 2),
    WindowGeometry(kernelHeight: 3, kernelWidth: 3, dilationHeight: 2, dilationWidth: 4, padTop: 2, padLeft: 4),
  ]

  /// Groups, and channels of each.
  static let shapes = [
    (1, 1, 1), (1, 3, 16), (1, 8, 33), (1, 27, 64), (1, 300, 31), (2, 5, 9), (3, 1, 2), (7, 1, 1), (16, 1, 1),
    (67, 1, 1),
  ]

  static let kinds: [(TensorElement, TensorElement)] = [
    (.int16, .int16), (.int16, .uint8), (.uint8, .int16), (.uint8, .uint8),
  ]

  static let cases = windows.flatMap { window in
    shapes.flatMap { shape in
      kinds.map { kind in
        Case(
          window: window, groups: shape.0, groupInputs: shape.1, groupOutputs: shape.2, from: kind.0, to: kind.1)
      }
    }
  }

  /// Bytes between edges that nobody may write.
  private final class Tensor {
    static let canary: UInt8 = 0xA5
    private let storage: UnsafeMutableRawBufferPointer
    let view: TensorView
    private static let edge = 128

    init(height: Int, width: Int, channels: Int, _ element: TensorElement, padding: Int) {
      let pitch = channels * element.size + padding
      storage = .allocate(byteCount: height * width * pitch + 2 * Self.edge, alignment: 64)
      storage.initializeMemory(as: UInt8.self, repeating: Self.canary)
      view = TensorView(
        base: storage.baseAddress!.assumingMemoryBound(to: UInt8.self) + Self.edge, height: height, width: width,
        channels: channels, pixelPitch: pitch, rowPitch: pitch * width, halo: 0)
    }

    deinit { storage.deallocate() }

    func fill(_ element: TensorElement, _ random: inout SystemRandomNumberGenerator) {
      for y in 0..<view.height {
        for x in 0..<view.width {
          let pixel = UnsafeMutableRawPointer(view.pixel(y, x))
          for channel in 0..<view.channels {
            let extreme = Int.random(in: 0..<4, using: &random)
            switch element {
            case .int16:
              let word: Int16 = extreme == 0 ? .min : extreme == 1 ? .max : .random(in: .min ... .max, using: &random)
              pixel.storeBytes(of: word, toByteOffset: 2 * channel, as: Int16.self)
            case .uint8:
              let byte: UInt8 = extreme == 0 ? 0 : extreme == 1 ? 255 : .random(in: 0...255, using: &random)
              pixel.storeBytes(of: byte, toByteOffset: channel, as: UInt8.self)
            }
          }
        }
      }
    }

    var bytes: [UInt8] { Array(storage) }
  }

  private func layer(_ test: Case, _ random: inout SystemRandomNumberGenerator) -> Int16PackedLayer {
    let taps = test.window.kernelHeight * test.window.kernelWidth
    let outputs = test.groups * test.groupOutputs
    let depth = taps * test.groupInputs
    // Of layers by channel 32 bits hold all taps.
    let most = test.from == .uint8 ? Int(Int16.max) : test.groupInputs == 1 ? 1023 : 16383
    let largest = [255, 1023, most].randomElement(using: &random)!
    let isOneSided = Bool.random(using: &random)
    let range = test.to == .int16 ? -32768...32767 : 3...250
    return Int16PackedLayer(
      window: test.window, groups: test.groups, groupInputs: test.groupInputs, groupOutputs: test.groupOutputs,
      weights: (0..<outputs * depth).map { _ in
        Int16(isOneSided ? -largest : Int.random(in: -largest...largest, using: &random))
      }, bias: (0..<outputs).map { _ in Int64.random(in: -(1 << 38)...1 << 38, using: &random) },
      rescalings: (0..<outputs).map { _ in
        Int16Rescaling(
          scale: Double.random(in: 0.1...20, using: &random) / Double(depth * largest), zeroPoint: 11, range: range,
          rest: Double.random(in: -0.5...0.5, using: &random))
      }, sourceZeroPoint: test.from == .int16 ? -1234 : 117, sourceElement: test.from)
  }

  private func run(_ set: KernelSet, _ test: Case, _ layer: Int16PackedLayer, _ from: Tensor, _ to: Tensor) throws {
    if let kernel = set.int16.packedConvolution {
      let packed = try #require(kernel.pack(layer))
      let rule = layer.rescalings[0]
      let aligned = UnsafeMutableRawBufferPointer.allocate(byteCount: packed.count, alignment: 64)
      defer { aligned.deallocate() }
      aligned.copyBytes(from: packed)
      var arguments = Int16PackedArguments(
        source: from.view, destination: to.view, window: test.window, packed: UnsafeRawPointer(aligned.baseAddress!),
        groups: test.groups, groupInputs: test.groupInputs, groupOutputs: test.groupOutputs,
        sourceZeroPoint: layer.sourceZeroPoint, zeroPoint: rule.zeroPoint, low: rule.low, high: rule.high,
        pairsInInt32: layer.productsInInt32 / 2, sourceElement: test.from, destinationElement: test.to)
      return kernel.run(&arguments, 0, to.view.height)
    }
    let taps = test.window.kernelHeight * test.window.kernelWidth
    let sums = (0..<layer.bias.count * taps).map { tap in
      layer.weights[tap * test.groupInputs..<(tap + 1) * test.groupInputs].reduce(Int64(0)) { $0 + Int64($1) }
    }
    layer.weights.withUnsafeBufferPointer { weights in
      sums.withUnsafeBufferPointer { sums in
        layer.bias.withUnsafeBufferPointer { bias in
          layer.rescalings.withUnsafeBufferPointer { rules in
            var arguments = Int16ConvolutionArguments(
              source: from.view, destination: to.view, window: test.window, weights: weights.baseAddress!,
              sums: sums.baseAddress!, bias: bias.baseAddress!, rescalings: rules.baseAddress!,
              groupInputs: test.groupInputs, groupOutputs: test.groupOutputs, sourceZeroPoint: layer.sourceZeroPoint,
              productsInInt32: layer.productsInInt32)
            set.int16.convolution(from: test.from, to: test.to).run(&arguments, 0, to.view.height)
          }
        }
      }
    }
  }

  @Test("the reference's bytes, and none beside them", arguments: cases)
  func equalsReference(test: Case) throws {
    var random = SystemRandomNumberGenerator()
    let layer = layer(test, &random)
    for width in [1, 4, 11] {
      let from = Tensor(
        height: 5, width: width, channels: test.groups * test.groupInputs, test.from,
        padding: 2 * Int.random(in: 0...3, using: &random))
      from.fill(test.from, &random)
      let (rows, columns) = ((5 + test.window.strideHeight - 1) / test.window.strideHeight, width)
      let padding = 2 * Int.random(in: 0...3, using: &random)
      let outputs = test.groups * test.groupOutputs
      func result(_ set: KernelSet) throws -> [UInt8] {
        let to = Tensor(height: rows, width: columns, channels: outputs, test.to, padding: padding)
        try run(set, test, layer, from, to)
        return to.bytes
      }
      let wanted = try result(.of(.reference))
      for set in InstructionSet.available where set != .reference {
        #expect(KernelSet.of(set).int16.packedConvolution != nil)
        #expect(try result(.of(set)) == wanted, "\(set), \(width) pixels wide")
      }
    }
  }

  @Test("layers that 32 bits do not hold stay with the reference")
  func refusals() throws {
    guard let kernel = KernelSet.ofThisMachine.int16.packedConvolution else { return }
    var random = SystemRandomNumberGenerator()
    let test = Case(
      window: Self.windows[0], groups: 1, groupInputs: 4, groupOutputs: 4, from: .int16, to: .int16)
    var large = layer(test, &random)
    #expect(kernel.pack(large) != nil)
    large.weights[3] = .min
    #expect(kernel.pack(large) == nil)
    large.weights[3] = 16384
    #expect(kernel.pack(large) != nil)
    large.sourceElement = .uint8
    #expect(kernel.pack(large) != nil)
    var coarse = layer(test, &random)
    coarse.rescalings[2] = Int16Rescaling(scale: 20000, zeroPoint: 11, range: -32768...32767)
    #expect(kernel.pack(coarse) == nil)
  }
}
