import RoadBase
import RoadKernelContract

// Class maps, and kernels of int16.
extension KernelSelfTest {
  static func classes(_ set: KernelSet) -> Bool {
    [(9, 2, 2), (16, 7, 3), (60, 11, 4), (31, 40, 5)].allSatisfy { scoreColumns, classes, blocks in
      let results = [set, .reference].map { classMap($0, scoreColumns, classes, blocks) }
      return results[0] == results[1]
    }
  }

  private static func classMap(_ set: KernelSet, _ scoreColumns: Int, _ classes: Int, _ blocks: Int) -> [UInt8] {
    var numbers = SelfTestNumbers(seed: scoreColumns * classes)
    let pitch = scoreColumns + ClassRowArguments.padding
    let pixels = ClassRowArguments.blockPixels * blocks
    let (pairs, interpolated) = (
      SelfTestMemory(4 * pitch * classes, &numbers), SelfTestMemory(4 * pitch * classes, &numbers)
    )
    for index in 0..<pitch * classes {
      pairs.pointer(to: Int32.self)[index] = Int32(numbers.byte()) | Int32(numbers.byte()) << 16
    }
    let (columns, weights) = (SelfTestMemory(4 * pixels, &numbers), SelfTestMemory(4 * pixels, &numbers))
    let shift: Int32 = classes > 16 ? 6 : 4
    for block in 0..<blocks {
      var column = numbers.integer(0...max(scoreColumns - 9, 0))
      for pixel in block * ClassRowArguments.blockPixels..<(block + 1) * ClassRowArguments.blockPixels {
        column = min(column + (pixel % 2 == 1 ? numbers.integer(0...1) : 0), scoreColumns - 1)
        let right = column == scoreColumns - 1 ? 0 : Int32(numbers.integer(0...64))
        columns.pointer(to: Int32.self)[pixel] = Int32(column)
        weights.pointer(to: Int32.self)[pixel] = (64 - right) << shift | right << (16 + shift)
      }
    }
    let starts = SelfTestMemory(4 * blocks, &numbers)
    for block in 0..<blocks {
      starts.pointer(to: Int32.self)[block] = Int32(block * ClassRowArguments.blockPixels)
    }
    let target = SelfTestMemory(pixels, &numbers)
    let lower = Int32(numbers.integer(0...128))
    var arguments = ClassRowArguments(
      scorePairs: UnsafePointer(pairs.pointer(to: Int32.self)), interpolated: interpolated.pointer(to: Int32.self),
      pitch: pitch, classes: classes, verticalWeights: (128 - lower) | lower << 16, firstColumn: 0,
      endColumn: scoreColumns, columns: UnsafePointer(columns.pointer(to: Int32.self)),
      weights: UnsafePointer(weights.pointer(to: Int32.self)), starts: UnsafePointer(starts.pointer(to: Int32.self)),
      firstBlock: 0, endBlock: blocks, mask: 1 << shift - 1, destination: target.pointer(to: UInt8.self))
    return withExtendedLifetime((pairs, interpolated, columns, weights, starts)) {
      set.classRow.run(&arguments)
      return Array(target.bytes)
    }
  }

  /// The reference's kernel is held against sums of single products; the set's own kernel against the reference's.
  static func int16Convolutions(_ set: KernelSet) -> Bool {
    [(1, 1, 1), (5, 33, 1), (3, 300, 1), (4, 40, 40), (3, 12, 2)].allSatisfy { width, inputs, groups in
      var numbers = SelfTestNumbers(seed: inputs)
      let outputs = groups == 40 ? 40 : 38
      func tensor(_ channels: Int, _ numbers: inout SelfTestNumbers) -> (SelfTestMemory, TensorView) {
        let memory = SelfTestMemory(2 * width * channels, &numbers)
        return (
          memory,
          TensorView(
            base: memory.pointer(), height: 1, width: width, channels: channels, pixelPitch: 2 * channels,
            rowPitch: 2 * width * channels, halo: 0)
        )
      }
      let (source, target, other) = (
        tensor(inputs, &numbers), tensor(outputs, &numbers), tensor(outputs, &numbers)
      )
      let depth = inputs / groups
      let layer = Int16PackedLayer(
        window: WindowGeometry(kernelHeight: 1, kernelWidth: 1), groups: groups, groupInputs: depth,
        groupOutputs: outputs / groups, weights: (0..<outputs * depth).map { _ in Int16(numbers.integer(-127...127)) },
        bias: (0..<outputs).map { _ in Int64(numbers.integer(-1_000_000...1_000_000)) },
        rescalings: (0..<outputs).map { output in
          Int16Rescaling(scale: 0.0001 * Double(output + 1), zeroPoint: 5, range: -32768...32767)
        }, sourceZeroPoint: -77, sourceElement: .int16)
      run(set, layer, source.1, target.1)
      return withExtendedLifetime((source.0, target.0, other.0)) {
        let isDefined = (0..<width * outputs).allSatisfy { place in
          let (pixel, output) = (place / outputs, place % outputs)
          let from = source.0.pointer(to: Int16.self) + pixel * inputs + output / layer.groupOutputs * depth
          let sum = (0..<depth).reduce(layer.bias[output]) {
            $0 + (Int64(from[$1]) - layer.sourceZeroPoint) * Int64(layer.weights[output * depth + $1])
          }
          return Int64(target.0.pointer(to: Int16.self)[place]) == layer.rescalings[output].apply(sum)
        }
        guard let kernel = set.int16.packedConvolution else { return isDefined }
        runPacked(kernel, layer, source.1, other.1)
        return isDefined && Array(target.0.bytes) == Array(other.0.bytes)
      }
    }
  }

  private static func runPacked(
    _ kernel: Int16PackedKernel, _ layer: Int16PackedLayer, _ source: TensorView, _ target: TensorView
  ) {
    guard let packed = kernel.pack(layer), let rule = layer.rescalings.first else { return }
    var numbers = SelfTestNumbers(seed: 0)
    let memory = SelfTestMemory(packed.count, &numbers)
    for (index, byte) in packed.enumerated() { memory.pointer(to: UInt8.self)[index] = byte }
    var arguments = Int16PackedArguments(
      source: source, destination: target, window: layer.window, packed: UnsafeRawPointer(memory.pointer()),
      groups: layer.groups, groupInputs: layer.groupInputs, groupOutputs: layer.groupOutputs,
      sourceZeroPoint: layer.sourceZeroPoint, zeroPoint: rule.zeroPoint, low: rule.low, high: rule.high,
      pairsInInt32: layer.productsInInt32 / 2, sourceElement: .int16, destinationElement: .int16)
    withExtendedLifetime(memory) { kernel.run(&arguments, 0, 1) }
  }

  /// The reference's kernel, of a window of one pixel.
  private static func run(_ set: KernelSet, _ layer: Int16PackedLayer, _ source: TensorView, _ target: TensorView) {
    let depth = layer.groupInputs
    let sums = layer.bias.indices.map { output in
      layer.weights[output * depth..<(output + 1) * depth].reduce(Int64(0)) { $0 + Int64($1) }
    }
    layer.weights.withUnsafeBufferPointer { weights in
      sums.withUnsafeBufferPointer { sums in
        layer.bias.withUnsafeBufferPointer { bias in
          layer.rescalings.withUnsafeBufferPointer { rescalings in
            guard let weights = weights.baseAddress, let sums = sums.baseAddress, let bias = bias.baseAddress,
              let rescalings = rescalings.baseAddress
            else { return }
            var arguments = Int16ConvolutionArguments(
              source: source, destination: target, window: layer.window, weights: weights, sums: sums, bias: bias,
              rescalings: rescalings, groupInputs: depth, groupOutputs: layer.groupOutputs,
              sourceZeroPoint: layer.sourceZeroPoint, productsInInt32: layer.productsInInt32)
            set.int16.convolution(from: .int16, to: .int16).run(&arguments, 0, 1)
          }
        }
      }
    }
  }
}
