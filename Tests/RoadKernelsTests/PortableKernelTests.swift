import Foundation
import RoadBase
import RoadKernelContract
import RoadKernels
import Testing

/// The kernels that serve every instruction set, against their definition in other arithmetic, between guard pages, and
/// in any chunks of rows. What their operators make of ONNX is tested with the engine.
@Suite struct PortableKernelTests {
  static let channels = [1, 5, 16, 19, 64, 70]

  @Test(arguments: channels)
  func maximum(channels: Int) {
    var random = TestRandom(channels)
    let from = TestTensor(height: 7, width: 9, channels: channels, flush: .end, random: &random)
    let window = WindowGeometry(
      kernelHeight: 3, kernelWidth: 2, strideHeight: 2, strideWidth: 3, dilationHeight: 2, padTop: 2, padLeft: 1)
    check(height: 4, width: 4, channels: channels, &random) { to, first, end in
      var arguments = MaximumArguments(source: from.view, destination: to, window: window)
      KernelSet.of(.reference).maximum.run(&arguments, first, end)
    } expected: { y, x, channel in
      UInt8(taps(window, y, x, from).map { Int(from.view.pixel($0.0, $0.1)[channel]) }.max() ?? 0)
    }
  }

  @Test(arguments: channels)
  func average(channels: Int) {
    var random = TestRandom(channels)
    let from = TestTensor(height: 7, width: 9, channels: channels, flush: .start, random: &random)
    let window = WindowGeometry(kernelHeight: 3, kernelWidth: 3, strideHeight: 2, strideWidth: 2, padTop: 1, padLeft: 1)
    let factors = (0..<16).map { Rescaling(scale: 0.8 / Double(max(($0 / 4) * ($0 % 4), 1)), zeroPoint: 30) }
    let rowTaps: [Int32] = [2, 3, 3, 2]
    let columnTaps: [Int32] = [2, 3, 3, 3, 2]
    factors.withUnsafeBufferPointer { factors in
      rowTaps.withUnsafeBufferPointer { rows in
        columnTaps.withUnsafeBufferPointer { columns in
          check(height: 4, width: 5, channels: channels, &random) { to, first, end in
            var arguments = AverageArguments(
              source: from.view, destination: to, window: window, factors: factors.baseAddress!,
              rowTaps: rows.baseAddress!, columnTaps: columns.baseAddress!, sourceZeroPoint: 100)
            KernelSet.of(.reference).average.run(&arguments, first, end)
          } expected: { y, x, channel in
            let bytes = taps(window, y, x, from).map { Double(from.view.pixel($0.0, $0.1)[channel]) - 100 }
            let mean = 0.8 * bytes.reduce(0, +) / Double(rows[y] * columns[x])
            return UInt8(min(max((mean + 0.5 + 1e-7).rounded(.down) + 30, 0), 255))
          }
        }
      }
    }
  }

  /// Weights of a resize; where they are not all `exact`, kernels may still find one axis or the other to be so.
  enum ResizeWeights: CaseIterable {
    case quarters, elevenBits, any, eighthsAndThirtieths

    var isExact: Bool { self == .quarters || self == .elevenBits }

    func weight(isRow: Bool, _ random: inout TestRandom) -> Float {
      switch self {
      case .quarters: random.pick([0, 0.25, 0.5, 0.75])
      case .elevenBits: Float(random.integer(0...2048)) / 2048
      case .any: Float(random.integer(0...3001)) / 3001
      case .eighthsAndThirtieths: isRow ? Float(random.integer(0...30)) / 30 : Float(random.integer(0...8)) / 8
      }
    }
  }

  /// Floats, as ONNX Runtime's bilinear resize computes with them, in its order.
  @Test("halves fall as floats let them", arguments: channels, ResizeWeights.allCases)
  func onnxRuntimeResize(channels: Int, weights: ResizeWeights) {
    let isExact = weights.isExact
    var random = TestRandom(channels)
    let from = TestTensor(height: 6, width: 7, channels: channels, flush: .end, random: &random)
    let quantization = Quantization(scale: 0.0187, zeroPoint: 114)
    func tap(_ size: Int, isRow: Bool) -> (tap: ONNXRuntimeResizeArguments.Tap, weight: Float) {
      let first = random.integer(0...size - 1)
      let second = min(first + 1, size - 1)
      let weight = weights.weight(isRow: isRow, &random)
      let bits = isExact ? ONNXRuntimeResizeArguments.exactWeightBits : ONNXRuntimeResizeArguments.weightBits
      let integer = Int32((weight * Float(1 << bits)).rounded())
      return (
        ONNXRuntimeResizeArguments.Tap(
          first: Int32(first), second: Int32(second), secondWeight: integer, firstFactor: Binary32(1 - weight),
          secondFactor: Binary32(weight)), weight
      )
    }
    let (rows, columns) = ((0..<9).map { _ in tap(6, isRow: true) }, (0..<11).map { _ in tap(7, isRow: false) })
    let levels = (0...255).map { Binary32(quantization.dequantize(UInt8($0))) }
    let thresholds = ONNXRuntimeResizeArguments.thresholds(scale: quantization.scale, zeroPoint: 114)
    thresholds.withUnsafeBufferPointer { thresholds in
      rows.map(\.tap).withUnsafeBufferPointer { rowTaps in
        columns.map(\.tap).withUnsafeBufferPointer { columnTaps in
          levels.withUnsafeBufferPointer { levels in
            for instructionSet in InstructionSet.available {
              check(height: 9, width: 11, channels: channels, &random) { to, first, end in
                var arguments = ONNXRuntimeResizeArguments(
                  source: from.view, destination: to, columns: columnTaps.baseAddress!, rows: rowTaps.baseAddress!,
                  isExact: isExact, dequantized: levels.baseAddress!, scale: Binary32(quantization.scale),
                  zeroPoint: 114,
                  thresholds: thresholds.baseAddress!)
                KernelSet.of(instructionSet).fineResize.run(&arguments, first, end)
              } expected: { y, x, channel in
                let (row, column) = (rows[y], columns[x])
                func real(_ y: Int32, _ x: Int32) -> Float {
                  quantization.dequantize(from.view.pixel(Int(y), Int(x))[channel])
                }
                let (left, above) = (1 - column.weight, 1 - row.weight)
                var sum = left * above * real(row.tap.first, column.tap.first)
                sum += column.weight * above * real(row.tap.first, column.tap.second)
                sum += left * row.weight * real(row.tap.second, column.tap.first)
                sum += column.weight * row.weight * real(row.tap.second, column.tap.second)
                return quantization.quantize(sum)
              }
            }
          }
        }
      }
    }
  }

  @Test("a product of two tensors, one repeated over rows, columns or channels", arguments: channels)
  func product(channels: Int) {
    var random = TestRandom(channels)
    let rule = BinaryProduct(
      leftZeroPoint: 100, rightZeroPoint: 7,
      requantization: Requantization(shift: 5, multiplier: 2500, zeroPoint: 90, low: 3, high: 250))
    let left = TestTensor(height: 5, width: 7, channels: channels, flush: .end, random: &random)
    for (height, width, isOne) in [(5, 7, false), (1, 1, false), (5, 7, true), (1, 7, false)] {
      let right = TestTensor(
        height: height, width: width, channels: isOne ? 1 : channels, flush: .start, random: &random)
      var view = right.view
      if height == 1 { view.rowPitch = 0 }
      if width == 1 { view.pixelPitch = 0 }
      check(height: 5, width: 7, channels: channels, &random) { to, first, end in
        var arguments = BinaryArguments(
          left: left.view, right: view, destination: to, leftIsOneChannel: false, rightIsOneChannel: isOne, rule: rule)
        KernelSet.of(.reference).binaryProduct.run(&arguments, first, end)
      } expected: { y, x, channel in
        let a = Int32(left.view.pixel(y, x)[channel]) - 100
        let b = Int32(right.view.pixel(height == 1 ? 0 : y, width == 1 ? 0 : x)[isOne ? 0 : channel]) - 7
        return rule.requantization.apply(a * b)
      }
      withExtendedLifetime(right) {}
    }
  }

  @Test("a sum with factors of each channel's own is its rule", arguments: channels)
  func perChannelAffine(channels: Int) {
    var random = TestRandom(channels)
    let lines = (0..<channels).map { _ in
      PerChannelAffine.Factors(
        left: Int64(random.integer(-(1 << 33)...1 << 33)), right: Int64(random.integer(-(1 << 33)...1 << 33)),
        bias: Int64(random.integer(-(1 << 38)...1 << 38)))
    }
    let left = TestTensor(height: 5, width: 7, channels: channels, flush: .end, random: &random)
    let right = TestTensor(height: 5, width: 7, channels: channels, flush: .start, random: &random)
    lines.withUnsafeBufferPointer { lines in
      check(height: 5, width: 7, channels: channels, &random) { to, first, end in
        var arguments = BinaryArguments(
          left: left.view, right: right.view, destination: to, leftIsOneChannel: false, rightIsOneChannel: false,
          rule: PerChannelAffine(factors: lines.baseAddress!, zeroPoint: 77, low: 3, high: 250))
        KernelSet.of(.reference).perChannelAffine.run(&arguments, first, end)
      } expected: { y, x, channel in
        let (a, b) = (Double(left.view.pixel(y, x)[channel]), Double(right.view.pixel(y, x)[channel]))
        let sum = a * Double(lines[channel].left) + b * Double(lines[channel].right) + Double(lines[channel].bias)
        return UInt8(min(max((sum / 0x1p32).rounded(.down) + 77, 3), 250))
      }
    }
    withExtendedLifetime((left, right)) {}
  }

  @Test("softmax is within one step of real arithmetic", arguments: channels)
  func softmax(channels: Int) {
    var random = TestRandom(channels)
    let from = TestTensor(height: 3, width: 5, channels: channels, flush: .end, random: &random)
    let exponents = (0...255).map { Int64((exp(-0.04 * Double($0)) * Double(1 << 20)).rounded()) }
    exponents.withUnsafeBufferPointer { exponents in
      check(height: 3, width: 5, channels: channels, &random) { to, first, end in
        var arguments = SoftmaxArguments(
          source: from.view, destination: to, exponents: exponents.baseAddress!, multiplier: 256 << 16, zeroPoint: 0)
        KernelSet.of(.reference).softmax.run(&arguments, first, end)
      } expected: { y, x, channel in
        let powers = (0..<channels).map { exp(0.04 * Double(from.view.pixel(y, x)[$0])) }
        return UInt8(min((256 * powers[channel] / powers.reduce(0, +)).rounded(), 255))
      }
    }
  }

  @Test(
    "a normalisation is within one step of real arithmetic", arguments: [1, 2, 3, 16, 17, 400], [false, true])
  func normalisation(channels: Int, isByColumn: Bool) {
    var random = TestRandom(channels)
    let from = TestTensor(height: 3, width: 5, channels: channels, flush: .end, random: &random)
    // A pixel of equal numbers has no deviation.
    for channel in 0..<channels { from.view.pixel(1, 2)[channel] = 77 }
    let count = isByColumn ? 5 : channels
    let gains = (0..<count).map { 30 - 7 * Double($0 % 9) }
    let offsets = (0..<count).map { 3.3 * Double($0 % 5) - 5 }
    let epsilon = 0.75
    let fixed = (gains.map { Int64(($0 * 65536).rounded()) }, offsets.map { Int64(($0 * 0x1p32).rounded()) })
    check(height: 3, width: 5, channels: channels, &random, tolerance: 1) { to, first, end in
      fixed.0.withUnsafeBufferPointer { gains in
        fixed.1.withUnsafeBufferPointer { offsets in
          var arguments = NormalisationArguments(
            source: from.view, destination: to, spread: Int64((epsilon * Double(channels * channels)).rounded()),
            gains: gains.baseAddress!, offsets: offsets.baseAddress!, isByColumn: isByColumn, zeroPoint: 120, low: 9,
            high: 240)
          KernelSet.of(.reference).normalisation.run(&arguments, first, end)
        }
      }
    } expected: { y, x, channel in
      let numbers = (0..<channels).map { Double(from.view.pixel(y, x)[$0]) }
      let mean = numbers.reduce(0, +) / Double(channels)
      let variance = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(channels)
      let index = isByColumn ? x : channel
      let level = (numbers[channel] - mean) / (variance + epsilon).squareRoot() * gains[index] + offsets[index] + 120
      return UInt8(min(max(level.rounded(), 9), 240))
    }
  }

  @Test(arguments: channels)
  func concatenation(channels: Int) {
    var random = TestRandom(channels)
    let first = TestTensor(height: 3, width: 5, channels: channels, flush: .end, random: &random)
    let second = TestTensor(height: 3, width: 5, channels: 7, flush: .start, random: &random)
    let views = [first.view, second.view]
    let starts = [0, Int32(channels)]
    let table = (0...255).map { UInt8(255 - $0) }
    table.withUnsafeBufferPointer { table in
      let tables = [UnsafePointer<UInt8>?.none, table.baseAddress]
      check(height: 3, width: 5, channels: channels + 7, &random) { to, firstRow, end in
        views.withUnsafeBufferPointer { views in
          starts.withUnsafeBufferPointer { starts in
            tables.withUnsafeBufferPointer { tables in
              var arguments = ConcatenationArguments(
                sources: views.baseAddress!, count: 2, destination: to, axis: .channels, starts: starts.baseAddress!,
                tables: tables.baseAddress!)
              KernelSet.of(.reference).concatenation.run(&arguments, firstRow, end)
            }
          }
        }
      } expected: { y, x, channel in
        channel < channels
          ? first.view.pixel(y, x)[channel] : 255 - second.view.pixel(y, x)[channel - channels]
      }
    }
  }

  @Test("scores of 15 bits are the convolution's real sums to the nearest step", arguments: channels)
  func int15Scores(channels: Int) {
    var random = TestRandom(channels)
    let from = TestTensor(height: 5, width: 6, channels: channels, flush: .end, random: &random)
    let window = WindowGeometry(kernelHeight: 2, kernelWidth: 2)
    let (classes, products) = (3, 4 * channels)
    let weights = (0..<classes * products).map { _ in Int8(random.integer(-127...127)) }
    let (bias, multipliers): ([Int32], [Int64]) = ([-9000, 0, 12345], [3_000_001, 1_234_567, 99])
    let roundings: [Int64] = [1 << 24, 1 << 24 + 600_000, 1 << 24 - 40]
    weights.withUnsafeBufferPointer { weights in
      bias.withUnsafeBufferPointer { bias in
        (multipliers + roundings).withUnsafeBufferPointer { multipliers in
          check(height: 4, width: 5, channels: 2 * classes, &random) { to, first, end in
            var arguments = Int15ScoresArguments(
              source: from.view, destination: to, window: window, classes: classes, lowChannel: classes,
              weights: weights.baseAddress!, bias: bias.baseAddress!, multipliers: multipliers.baseAddress!,
              roundings: multipliers.baseAddress! + classes, shift: 25, low: 1000, high: 32000)
            KernelSet.of(.reference).int15Scores.run(&arguments, first, end)
          } expected: { y, x, channel in
            let score = channel % classes
            var sum = Double(bias[score])
            for tap in 0..<4 {
              let pixel = from.view.pixel(y + tap / 2, x + tap % 2)
              for input in 0..<channels {
                sum += Double(pixel[input]) * Double(weights[score * products + tap * channels + input])
              }
            }
            let steps = ((sum * Double(multipliers[score]) + Double(roundings[score])) / 0x1p25).rounded(.down) + 16384
            let level = Int(min(max(steps, 1000), 32000))
            return UInt8(channel < classes ? level / 128 : level % 128)
          }
        }
      }
    }
  }

  @Test("a rescaling rounds the real product to nearest, ties up")
  func rescaling() {
    for scale in [0.5, 0.25, 1, 3, 1.0 / 3, 0.0001, 7e-6] {
      let rule = Rescaling(scale: scale, zeroPoint: 20, low: 5, high: 240)
      for accumulator in [-3_000_000, -1001, -3, -2, -1, 0, 1, 2, 3, 5, 77, 1002, 40_000, 2_000_000, 1 << 31] {
        let real = (Double(accumulator) * scale + 0.5 + 1e-9).rounded(.down) + 20
        #expect(rule.apply(accumulator) == UInt8(min(max(real, 5), 240)), "\(accumulator) · \(scale)")
      }
    }
  }

  /// Runs the kernel whole and in chunks of one row, and compares both with the definition.
  private func check(
    height: Int, width: Int, channels: Int, _ random: inout TestRandom, tolerance: Int = 0,
    _ run: (TensorView, _ firstRow: Int, _ endRow: Int) -> Void, expected: (Int, Int, Int) -> UInt8,
    _ location: SourceLocation = #_sourceLocation
  ) {
    var bytes: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width { for channel in 0..<channels { bytes.append(expected(y, x, channel)) } }
    }
    for flush in GuardedMemory.Flush.allCases {
      let whole = TestTensor(height: height, width: width, channels: channels, flush: flush, random: &random)
      run(whole.view, 0, height)
      let written = whole.values(0..<height)
      #expect(
        zip(written, bytes).allSatisfy { abs(Int($0) - Int($1)) <= tolerance } && written.count == bytes.count,
        sourceLocation: location)
      let chunked = TestTensor(height: height, width: width, channels: channels, flush: flush, random: &random)
      for y in (0..<height).reversed() { run(chunked.view, y, y + 1) }
      #expect(chunked.values(0..<height) == written, sourceLocation: location)
    }
  }

  /// The taps of a window that lie inside the picture.
  private func taps(_ window: WindowGeometry, _ y: Int, _ x: Int, _ from: TestTensor) -> [(Int, Int)] {
    (0..<window.kernelHeight).flatMap { ky in
      (0..<window.kernelWidth).compactMap { kx in
        let (row, column) = (window.sourceRow(y, ky), window.sourceColumn(x, kx))
        let isInside = (0..<from.view.height).contains(row) && (0..<from.view.width).contains(column)
        return isInside ? (row, column) : nil
      }
    }
  }
}
