import RoadKernelContract
import RoadKernels
import Testing

/// Addition, resize and table on every instruction set, the reference included, against the definition written here in
/// Double arithmetic.
@Suite struct PlainKernelTests {
  struct Shape: CustomStringConvertible {
    var height = 3
    var width = 5
    var channels = 16
    var packed4 = false
    var slack = 0
    var flush = GuardedMemory.Flush.end
    var description: String {
      "\(height)x\(width)x\(channels)\(packed4 ? " RGBX" : "") slack \(slack) flush \(flush.rawValue)"
    }

    func tensor(_ random: inout TestRandom) -> TestTensor {
      TestTensor(
        height: height, width: width, channels: channels, slack: slack, packed4: packed4, flush: flush, random: &random)
    }
  }

  static let shapes: [Shape] = [1, 15, 16, 17, 32, 40, 48, 64, 80, 127, 128].flatMap { channels in
    [
      Shape(channels: channels), Shape(height: 2, width: 1, channels: channels, slack: 32, flush: .start),
      Shape(height: 1, width: 13, channels: channels, flush: .start),
    ]
  }
  static let packed = (1...4).map { Shape(height: 3, width: 9, channels: $0, packed4: true) }

  @Test(arguments: InstructionSet.available)
  func addition(_ instructionSet: InstructionSet) {
    for (index, shape) in Self.shapes.enumerated() {
      var random = TestRandom(index)
      for (left, right, bias, shift) in [
        (1, 1, 0, 1), (16384, -16384, 8192, 14), (9000, 12345, -2_400_000, 15), (16384, 16384, 2_000_000_000, 30),
        (-16384, -16384, -2_000_000_000, 1), (12345, 321, 1 << 19, 20),
      ] as [(Int32, Int32, Int32, Int32)] {
        let (low, zeroPoint) = (random.pick([0, 10, 100]) as UInt8, random.pick([0, 10, 255]) as Int16)
        let (a, b, to) = (shape.tensor(&random), shape.tensor(&random), shape.tensor(&random))
        var arguments = AdditionArguments(
          left: a.view, right: b.view, destination: to.view, leftMultiplier: left, rightMultiplier: right, bias: bias,
          shift: shift, zeroPoint: zeroPoint, low: low, high: 250)
        let expected = zip(a.values(0..<shape.height), b.values(0..<shape.height)).map { x, y in
          let sum = Double(x) * Double(left) + Double(y) * Double(right) + Double(bias)
          let value = (sum / Double(1 << shift)).rounded(.down) + Double(zeroPoint)
          return UInt8(min(max(value, Double(low)), 250))
        }
        expect(shape, to, expected, "\(instructionSet) addition \(left) \(right) \(bias) >> \(shift)") {
          KernelSet.of(instructionSet).addition.run(&arguments, $0, $1)
        }
        withExtendedLifetime((a, b)) {}
      }
    }
  }

  /// Ties in every fourth sum: they go to the even one.
  @Test(arguments: InstructionSet.available)
  func onnxRuntimeAddition(_ instructionSet: InstructionSet) {
    for (index, shape) in Self.shapes.enumerated() {
      var random = TestRandom(index)
      for (left, right, bias, shift) in [
        (1 << 19, 1 << 20, -100 << 19, 21), (2_000_003, -1_234_567, 99_999, 21), (1 << 21, 1 << 21, -(1 << 29), 22),
        (-(1 << 20), 1 << 20, 0, 22), (3, 1, -77, 2),
      ] as [(Int32, Int32, Int32, Int32)] {
        let (low, zeroPoint) = (random.pick([0, 10, 100]) as UInt8, random.pick([0, 11, 255]) as Int16)
        let (a, b, to) = (shape.tensor(&random), shape.tensor(&random), shape.tensor(&random))
        var arguments = AdditionArguments(
          left: a.view, right: b.view, destination: to.view, leftMultiplier: left, rightMultiplier: right,
          bias: bias + 1 << (shift - 1), shift: shift, zeroPoint: zeroPoint, low: low, high: 250,
          roundsAsONNXRuntime: true)
        let expected = zip(a.values(0..<shape.height), b.values(0..<shape.height)).map { x, y in
          let sum = Double(x) * Double(left) + Double(y) * Double(right) + Double(bias)
          let value = (sum / Double(1 << shift)).rounded(.toNearestOrEven) + Double(zeroPoint)
          return UInt8(min(max(value, Double(low)), 250))
        }
        expect(shape, to, expected, "\(instructionSet) precise addition \(left) \(right) \(bias) >> \(shift)") {
          KernelSet.of(instructionSet).addition.run(&arguments, $0, $1)
        }
        withExtendedLifetime((a, b)) {}
      }
    }
  }

  @Test(arguments: InstructionSet.available)
  func additionInPlace(_ instructionSet: InstructionSet) {
    let shape = Shape(height: 2, width: 7, channels: 80)
    var random = TestRandom(5)
    let (a, b) = (shape.tensor(&random), shape.tensor(&random))
    var arguments = AdditionArguments(
      left: a.view, right: b.view, destination: b.view, leftMultiplier: 1, rightMultiplier: 1, bias: 1, shift: 1,
      zeroPoint: 0, low: 0, high: 255)
    let expected = zip(a.values(0..<2), b.values(0..<2)).map { UInt8((Int($0) + Int($1) + 1) / 2) }
    KernelSet.of(instructionSet).addition.run(&arguments, 0, 2)
    #expect(b.values(0..<2) == expected)
    withExtendedLifetime(a) {}
  }

  @Test(arguments: InstructionSet.available)
  func resize(_ instructionSet: InstructionSet) {
    for (index, shape) in (Self.shapes + Self.packed).enumerated() {
      var random = TestRandom(index)
      for sourceSize in [(1, 1), (2, 3), (7, 9)] {
        var from = shape
        (from.height, from.width) = sourceSize
        let (source, to) = (from.tensor(&random), shape.tensor(&random))
        if index % 3 == 0 { source.fillWithExtremes(&random) }
        let columns = (0..<shape.width).map { _ in Self.tap(sourceSize.1, &random) }
        let rows = (0..<shape.height).map { _ in Self.tap(sourceSize.0, &random) }
        let expected = Self.resized(source.view, shape, columns, rows)
        columns.withUnsafeBufferPointer { columns in
          rows.withUnsafeBufferPointer { rows in
            var arguments = ResizeArguments(
              source: source.view, destination: to.view, columns: columns.baseAddress!, rows: rows.baseAddress!)
            expect(shape, to, expected, "\(instructionSet) resize from \(sourceSize)") {
              KernelSet.of(instructionSet).resize.run(&arguments, $0, $1)
            }
          }
        }
        withExtendedLifetime(source) {}
      }
    }
  }

  static func tap(_ size: Int, _ random: inout TestRandom) -> ResizeTap {
    let first = random.integer(0...size - 1)
    return ResizeTap(
      first: Int32(first), second: Int32(min(first + 1, size - 1)),
      secondWeight: Int32(random.pick([0, 1, 1024, 2047, 2048, random.integer(0...2048)])))
  }

  static func resized(
    _ source: TensorView, _ shape: Shape, _ columns: [ResizeTap], _ rows: [ResizeTap]
  ) -> [UInt8] {
    var result: [UInt8] = []
    for row in rows {
      for column in columns {
        for channel in 0..<shape.channels {
          func pixel(_ y: Int32, _ x: Int32) -> Double { Double(source.pixel(Int(y), Int(x))[channel]) }
          let (w, v) = (Double(column.secondWeight) / 2048, Double(row.secondWeight) / 2048)
          let top = pixel(row.first, column.first) * (1 - w) + pixel(row.first, column.second) * w
          let bottom = pixel(row.second, column.first) * (1 - w) + pixel(row.second, column.second) * w
          let value = top * (1 - v) + bottom * v
          result.append(UInt8((value + 0.5).rounded(.down)))
        }
      }
    }
    return result
  }

  @Test(arguments: InstructionSet.available, [true, false])
  func table(_ instructionSet: InstructionSet, perChannel: Bool) {
    for (index, shape) in (Self.shapes + Self.packed).enumerated() {
      var random = TestRandom(index)
      let tables = (0..<256 * (perChannel ? shape.channels : 1)).map { _ in random.byte() }
      let (source, to) = (shape.tensor(&random), shape.tensor(&random))
      let expected = source.values(0..<shape.height).enumerated().map { place, byte in
        tables[(perChannel ? place % shape.channels * 256 : 0) + Int(byte)]
      }
      tables.withUnsafeBufferPointer { tables in
        var arguments = TableArguments(
          source: source.view, destination: to.view, tables: tables.baseAddress!, perChannel: perChannel)
        expect(shape, to, expected, "\(instructionSet) table") {
          KernelSet.of(instructionSet).table.run(&arguments, $0, $1)
        }
      }
      withExtendedLifetime(source) {}
    }
  }

  @Test(arguments: InstructionSet.available)
  func affineTable(_ instructionSet: InstructionSet) throws {
    for (index, shape) in (Self.shapes + Self.packed).enumerated() {
      var random = TestRandom(index)
      let perChannel = shape.packed4
      let tables = (0..<(perChannel ? shape.channels : 1)).flatMap { channel in
        AffineBytesTests.normalisation(mean: 0.3 + 0.1 * Double(channel), deviation: 0.2, scale: 0.0187, zeroPoint: 114)
      }
      var lines = try #require(AffineBytes.fitting(tables))
      let (source, to) = (shape.tensor(&random), shape.tensor(&random))
      let expected = source.values(0..<shape.height).enumerated().map { place, byte in
        tables[(perChannel ? place % shape.channels * 256 : 0) + Int(byte)]
      }
      tables.withUnsafeBufferPointer { tables in
        withUnsafePointer(to: &lines) { lines in
          var arguments = TableArguments(
            source: source.view, destination: to.view, tables: tables.baseAddress!, perChannel: perChannel,
            affine: lines
          )
          expect(shape, to, expected, "\(instructionSet) table of lines") {
            KernelSet.of(instructionSet).table.run(&arguments, $0, $1)
          }
        }
      }
      withExtendedLifetime(source) {}
    }
  }

  /// Four lines cannot serve the channels of a blocked tensor: the tables must.
  @Test(arguments: InstructionSet.available)
  func blockedChannelsKeepTheirTables(_ instructionSet: InstructionSet) {
    let shape = Shape(channels: 20)
    var random = TestRandom(1)
    let (source, to) = (shape.tensor(&random), shape.tensor(&random))
    let tables = (0..<20 * 256).map { UInt8(truncatingIfNeeded: $0 % 256 + $0 / 256) }
    let expected = source.values(0..<shape.height).enumerated().map { $1 &+ UInt8($0 % 20) }
    var lines = AffineBytes(multiplier: .zero, bias: .zero, shift: .zero)
    tables.withUnsafeBufferPointer { tables in
      withUnsafePointer(to: &lines) { lines in
        var arguments = TableArguments(
          source: source.view, destination: to.view, tables: tables.baseAddress!, perChannel: true, affine: lines)
        expect(shape, to, expected, "\(instructionSet) table") {
          KernelSet.of(instructionSet).table.run(&arguments, $0, $1)
        }
      }
    }
    withExtendedLifetime(source) {}
  }

  /// Runs all rows, then only the last one over fresh noise, and looks at what was written and what was not.
  func expect(_ shape: Shape, _ to: TestTensor, _ expected: [UInt8], _ name: String, _ run: (Int, Int) -> Void) {
    for rows in [0..<shape.height, shape.height - 1..<shape.height] {
      var random = TestRandom(rows.count)
      to.memory.fill(&random)
      let before = to.memory.snapshot()
      TestTrace.note("\(name) \(shape) rows \(rows)")
      run(rows.lowerBound, rows.upperBound)
      let wanted = expected.suffix(rows.count * shape.width * shape.channels)
      let isSame = to.values(rows) == Array(wanted)
      let isTidy = to.changedOnly(rows, since: before)
      #expect(isSame, "\(name) \(shape) rows \(rows)")
      #expect(isTidy, "\(name) \(shape) rows \(rows): wrote outside its rows")
    }
  }
}
