import Foundation
import RoadBase
import RoadKernelContract
import RoadKernels
import Testing

/// Kernels of 16-bit integers that look at whole pixels, against their formulas in doubles.
@Suite struct Int16RowTests {
  private typealias Words = Int16KernelTests.Words
  private let kernels = KernelSet.of(.reference).int16

  @Test("softmax is within one of the real one, and its numbers sum to one", arguments: [1, 2, 17, 300])
  func softmax(channels: Int) {
    let scale = 1.0 / 2000
    let source = Words(height: 2, width: 3, channels: channels) { Int16(truncatingIfNeeded: $0 &* 7919 % 20011 - 9000) }
    let to = Words(height: 2, width: 3, channels: channels) { _ in 0 }
    let exponents = (0...65535).map { UInt32((exp(-scale * Double($0)) * 0x1p24).rounded()) }
    exponents.withUnsafeBufferPointer { table in
      guard let table = table.baseAddress else { return }
      var arguments = Int16SoftmaxArguments(
        source: source.view, destination: to.view, exponents: table, count: 65536, multiplier: 65535 << 12,
        zeroPoint: -32768, low: -32768, high: 32767)
      kernels.softmax(from: .int16, to: .int16).run(&arguments, 0, 2)
    }
    for y in 0..<2 {
      for x in 0..<3 {
        let parts = (0..<channels).map { exp(scale * Double(source[y, x, $0])) }
        for channel in 0..<channels {
          let expected = 65535 * parts[channel] / parts.reduce(0, +) - 32768
          #expect(abs(Double(to[y, x, channel]) - expected) < 1)
        }
      }
    }
    #expect(to.isIntact)
  }

  @Test("normalised numbers are within one of the real ones", arguments: [2, 16, 333], [false, true])
  func normalisation(channels: Int, isByColumn: Bool) {
    let (width, step) = (3, 1.0 / 4096)
    let source = Words(height: 2, width: width, channels: channels) {
      Int16(truncatingIfNeeded: ($0 &* 7919) % 30011 - 12000)
    }
    let to = Words(height: 2, width: width, channels: channels) { _ in 0 }
    let count = isByColumn ? width : channels
    let gains = (0..<count).map { 0.5 + Double($0 % 7) / 8 }
    let offsets = (0..<count).map { Double($0 % 5) / 4 - 0.5 }
    let fixed = (
      gains.map { Int64(($0 / step * 0x1p16).rounded()) }, offsets.map { Int64(($0 / step * 0x1p32).rounded()) }
    )
    fixed.0.withUnsafeBufferPointer { gains in
      fixed.1.withUnsafeBufferPointer { offsets in
        guard let gains = gains.baseAddress, let offsets = offsets.baseAddress else { return }
        var arguments = Int16NormalisationArguments(
          source: source.view, destination: to.view, spread: 0, gains: gains, offsets: offsets, isByColumn: isByColumn,
          zeroPoint: 5, low: -32768, high: 32767)
        kernels.normalisation(from: .int16, to: .int16).run(&arguments, 0, 2)
      }
    }
    for y in 0..<2 {
      for x in 0..<width {
        let numbers = (0..<channels).map { Double(source[y, x, $0]) }
        let mean = numbers.reduce(0, +) / Double(channels)
        let deviation = (numbers.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(channels)).squareRoot()
        for channel in 0..<channels {
          let place = isByColumn ? x : channel
          let expected = ((numbers[channel] - mean) / deviation * gains[place] + offsets[place]) / step + 5
          #expect(abs(Double(to[y, x, channel]) - min(max(expected, -32768), 32767)) < 1)
        }
      }
    }
    #expect(to.isIntact)
  }

  @Test("padding writes pixels of the source, and its number outside", arguments: [1, 16, 19])
  func padding(channels: Int) {
    let source = Words(height: 2, width: 3, channels: channels) { Int16(truncatingIfNeeded: $0 &* 7919) }
    let to = Words(height: 4, width: 5, channels: channels) { _ in 0 }
    let (rows, columns) = ([1, 0, 1, -1] as [Int32], [-1, 0, 1, 2, 2] as [Int32])
    rows.withUnsafeBufferPointer { rows in
      columns.withUnsafeBufferPointer { columns in
        guard let rows = rows.baseAddress, let columns = columns.baseAddress else { return }
        var arguments = Int16PaddingArguments(
          source: source.view, destination: to.view, rows: rows, columns: columns, padding: -1234)
        kernels.padding.run(&arguments, 0, 4)
      }
    }
    for (y, row) in rows.enumerated() {
      for (x, column) in columns.enumerated() {
        for channel in 0..<channels {
          let isOutside = row < 0 || column < 0
          #expect(to[y, x, channel] == (isOutside ? -1234 : source[Int(row), Int(column), channel]))
        }
      }
    }
    #expect(to.isIntact)
  }

  @Test("a resize with taps is their weighted sum, rounded to nearest", arguments: [1, 9])
  func resampling(channels: Int) {
    let source = Words(height: 3, width: 4, channels: channels) { Int16(truncatingIfNeeded: $0 &* 7919) }
    let to = Words(height: 2, width: 2, channels: channels) { _ in 0 }
    // Of each place two taps: -1/4 and 5/4.
    let (one, weights) = (1 << ResamplingArguments.weightBits, [-1, 5].map { Int32($0 << 12) })
    let taps = [ResamplingArguments.Taps(first: 0, count: 2, weights: 0), .init(first: 1, count: 2, weights: 0)]
    weights.withUnsafeBufferPointer { weights in
      taps.withUnsafeBufferPointer { taps in
        guard let weights = weights.baseAddress, let taps = taps.baseAddress else { return }
        let scale = 0.5 / Double(one * one)
        var arguments = ResamplingArguments(
          source: source.view, destination: to.view, rows: taps, columns: taps, weights: weights,
          rule: Int16Rescaling(scale: scale, zeroPoint: 3, range: -32768...32767), sourceZeroPoint: -7, outside: 0)
        kernels.resampling(to: .int16).run(&arguments, 0, 2)
      }
    }
    for y in 0..<2 {
      for x in 0..<2 {
        for channel in 0..<channels {
          func number(_ dy: Int, _ dx: Int) -> Double { Double(source[y + dy, x + dx, channel]) + 7 }
          let above = -0.25 * number(0, 0) + 1.25 * number(0, 1)
          let below = -0.25 * number(1, 0) + 1.25 * number(1, 1)
          let expected = ((-0.25 * above + 1.25 * below) / 2 + 3 + 0.5).rounded(.down)
          #expect(Double(to[y, x, channel]) == min(max(expected, -32768), 32767))
        }
      }
    }
    #expect(to.isIntact)
  }
}
