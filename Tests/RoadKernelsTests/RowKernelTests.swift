import RoadKernelContract
import RoadKernels
import Testing

/// Rows of pixels on every instruction set of this machine are those of the reference, between guard pages.
@Suite struct RowKernelTests {
  static let instructionSets = InstructionSet.available.filter { $0 != .reference }
  static let counts = Array(1...40) + [63, 64, 65, 127, 128, 129, 333, 640]

  @Test(arguments: instructionSets)
  func blend(_ instructionSet: InstructionSet) {
    for count in Self.counts {
      var random = TestRandom(count)
      let (above, below) = (Self.bytes(count, &random), Self.bytes(count, &random))
      for weight in [0, 1, 15, 16, 1024, 2047, 2048, Int16(random.integer(0...2048))] {
        Self.expectReference(instructionSet, \.blendRow, bytes: 2 * count, "count \(count) weight \(weight)") {
          BlendRowArguments(
            above: above.pointer(), below: below.pointer(), weight: weight, count: count, destination: $0.pointer())
        }
      }
    }
  }

  @Test(arguments: instructionSets)
  func grey(_ instructionSet: InstructionSet) {
    for count in Self.counts {
      var random = TestRandom(count)
      let (upper, lower) = (Self.bytes(8 * count, &random), Self.bytes(8 * count, &random))
      Self.expectReference(instructionSet, \.greyRow, bytes: count, "count \(count)") {
        GreyRowArguments(upper: upper.pointer(), lower: lower.pointer(), count: count, destination: $0.pointer())
      }
    }
  }

  @Test(
    "scores at their ends and between, one place alone or four; nothing behind a row is touched",
    arguments: instructionSets)
  func steady(_ instructionSet: InstructionSet) {
    for count in Self.counts {
      var random = TestRandom(count)
      let scores = (0..<5).map { _ in
        let row = GuardedMemory(2 * count, flush: .end)
        for i in 0..<count {
          row.pointer(to: UInt16.self)[i] = random.pick([0, 32640, UInt16(random.integer(0...32640))])
        }
        return row
      }
      let (x, y) = (Int32(random.integer(0...15)), Int32(random.integer(1...15)))
      let four = ((16 - x) * (16 - y), x * (16 - y), (16 - x) * y, x * y)
      let alone: (Int32, Int32, Int32, Int32) = (256, 0, 0, 0)
      for weights in [alone, four, (64, 64, 64, 64)] {
        for share in [0, 1, 16, 255, 256, Int32(random.integer(0...256))] as [Int32] {
          Self.expectReference(instructionSet, \.steadyRow, bytes: 2 * count, "\(count), \(weights), \(share)") {
            SteadyRowArguments(
              new: scores[0].pointer(),
              old: (scores[1].pointer(), scores[2].pointer(), scores[3].pointer(), scores[4].pointer()),
              weights: weights, share: share, count: count, destination: $0.pointer())
          }
        }
      }
    }
  }

  @Test(arguments: instructionSets)
  func interpolate(_ instructionSet: InstructionSet) {
    for count in Self.counts {
      var random = TestRandom(count)
      let pixels = random.integer(1...50)
      let row = GuardedMemory(8 * pixels + 8, flush: .end)
      let samples: UnsafeMutablePointer<Int16> = row.pointer()
      for i in 0..<4 * pixels { samples[i] = random.pick([0, 32640, Int16(random.integer(0...32640))]) }
      for i in 4 * pixels..<4 * pixels + 4 { samples[i] = random.pick([-32768, 32767]) }
      let offsets = GuardedMemory(4 * count, flush: .end)
      let weights = GuardedMemory(16 * count, flush: .end)
      for x in 0..<count {
        let pixel = random.integer(0...pixels - 1)
        let weight = pixel == pixels - 1 ? 0 : Int16(random.pick([0, 2048, random.integer(0...2048)]))
        offsets.pointer(to: Int32.self)[x] = Int32(4 * pixel)
        for channel in 0..<4 {
          weights.pointer(to: Int16.self)[8 * x + 2 * channel] = 2048 - weight
          weights.pointer(to: Int16.self)[8 * x + 2 * channel + 1] = weight
        }
      }
      Self.expectReference(instructionSet, \.interpolateRow, bytes: 4 * count, "count \(count) of \(pixels)") {
        InterpolateRowArguments(
          row: row.pointer(), offsets: offsets.pointer(), weights: weights.pointer(), count: count,
          destination: $0.pointer())
      }
    }
  }

  @Test(arguments: instructionSets)
  func packedYUV(_ instructionSet: InstructionSet) {
    for pairs in Self.counts {
      var random = TestRandom(pairs)
      let source = Self.bytes(4 * pairs, &random)
      for lumaFirst in [false, true] {
        for black in [0, 16] as [Int16] {
          let gains: [Int16] =
            random.integer(0...3) == 0 ? [32767, 32767, 32767, 32767, 32767] : [9539, 13075, 3209, 6660, 16525]
          Self.expectReference(
            instructionSet, \.packedYUVRow, bytes: 8 * pairs, "pairs \(pairs) black \(black) \(lumaFirst) \(gains)"
          ) {
            PackedYUVRowArguments(
              source: source.pointer(), pairs: pairs, lumaFirst: lumaFirst, luma: gains[0], redV: gains[1],
              greenU: gains[2], greenV: gains[3], blueU: gains[4], black: black, destination: $0.pointer())
          }
        }
      }
    }
  }

  @Test(arguments: instructionSets)
  func roadCodes(_ instructionSet: InstructionSet) {
    for count in Self.counts {
      for thickness in [1, 2, 5] {
        var random = TestRandom(count &* thickness)
        let rows = (0..<5).map { index in
          let row = GuardedMemory(count + 2 * thickness, flush: .end)
          for i in row.bytes.indices { row.bytes[i] = random.integer(0...9) == 0 ? random.byte() : 7 }
          if index == 0, count > 3 { row.bytes[thickness + count / 2] = 3 }
          return row
        }
        func middle(_ row: Int) -> UnsafePointer<UInt8> { rows[row].pointer() + thickness }
        for plain in [nil, 255] as [UInt8?] {
          Self.expectReference(instructionSet, \.roadCodesRow, bytes: count, "count \(count) thickness \(thickness)") {
            RoadCodesArguments(
              row: middle(0), up: middle(1), down: middle(2), farUp: middle(3), farDown: middle(4),
              thickness: thickness, count: count, road: 7, outline: 253, fringe: 254, plain: plain,
              destination: $0.pointer())
          }
        }
      }
    }
  }

  /// Score columns at the end of their memory, so that a read past the padding is caught.
  @Test(arguments: instructionSets)
  func classes(_ instructionSet: InstructionSet) {
    for (scoreColumns, classes, blocks) in [(1, 1, 1), (2, 3, 1), (9, 2, 2), (16, 7, 3), (60, 11, 4), (31, 40, 5)] {
      var random = TestRandom(scoreColumns * classes)
      let pitch = scoreColumns + ClassRowArguments.padding
      let pairs = GuardedMemory(4 * pitch * classes, flush: .end)
      for index in 0..<pitch * classes {
        pairs.pointer(to: Int32.self)[index] = Int32(random.byte()) | Int32(random.byte()) << 16
      }
      let shift: Int32 = classes > 16 ? 6 : 4
      let columns = GuardedMemory(64 * blocks, flush: .end)
      let weights = GuardedMemory(64 * blocks, flush: .end)
      for block in 0..<blocks {
        var column = random.integer(0...max(scoreColumns - 9, 0))
        for pixel in 0..<16 {
          column = min(column + (pixel % 2 == 1 ? random.integer(0...1) : 0), scoreColumns - 1)
          let right = column == scoreColumns - 1 ? 0 : Int32(random.pick([0, 32, 64, random.integer(0...64)]))
          columns.pointer(to: Int32.self)[16 * block + pixel] = Int32(column)
          weights.pointer(to: Int32.self)[16 * block + pixel] = (64 - right) << shift | right << (16 + shift)
        }
      }
      let starts = GuardedMemory(4 * blocks, flush: .end)
      // The last block reaches back.
      for block in 0..<blocks { starts.pointer(to: Int32.self)[block] = Int32(block == 0 ? 0 : 16 * block - 3) }
      let lower = Int32(random.integer(0...128))
      let interpolated = GuardedMemory(4 * pitch * classes, flush: .end)
      Self.expectReference(instructionSet, \.classRow, bytes: 16 * blocks, "\(classes) classes") {
        ClassRowArguments(
          scorePairs: pairs.pointer(), interpolated: interpolated.pointer(), pitch: pitch, classes: classes,
          verticalWeights: (128 - lower) | lower << 16, firstColumn: 0, endColumn: scoreColumns,
          columns: columns.pointer(), weights: weights.pointer(), starts: starts.pointer(), firstBlock: 0,
          endBlock: blocks, mask: 1 << shift - 1, destination: $0.pointer())
      }
    }
  }

  static func bytes(_ count: Int, _ random: inout TestRandom) -> GuardedMemory {
    let memory = GuardedMemory(count, flush: .end)
    for index in memory.bytes.indices { memory.bytes[index] = random.pick([0, 255, random.byte()]) }
    return memory
  }

  static func expectReference<Arguments>(
    _ instructionSet: InstructionSet, _ kernel: KeyPath<KernelSet, RowKernel<Arguments>>, bytes: Int, _ name: String,
    _ arguments: (GuardedMemory) -> Arguments
  ) {
    TestTrace.note("\(instructionSet) \(name)")
    let results = [InstructionSet.reference, instructionSet].map { set in
      let destination = GuardedMemory(bytes, flush: .end)
      var given = arguments(destination)
      KernelSet.of(set)[keyPath: kernel].run(&given)
      return destination.snapshot()
    }
    let isSame = results[0] == results[1]
    #expect(isSame, "\(instructionSet) \(name)")
  }
}

extension GuardedMemory {
  func pointer<Element>(to: Element.Type = Element.self) -> UnsafeMutablePointer<Element> {
    bytes.baseAddress!.assumingMemoryBound(to: Element.self)
  }

  func pointer<Element>() -> UnsafePointer<Element> {
    UnsafePointer(bytes.baseAddress!.assumingMemoryBound(to: Element.self))
  }
}
