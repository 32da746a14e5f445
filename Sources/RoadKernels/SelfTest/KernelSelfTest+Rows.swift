import RoadKernelContract

extension KernelSelfTest {
  /// Where vector loops of 8, 16, 32 and 64 end.
  private static let counts = [1, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 130]

  private static func rows<Arguments>(
    _ set: KernelSet, _ kernel: KeyPath<KernelSet, RowKernel<Arguments>>, bytesEach: Int,
    _ arguments: (Int, inout SelfTestNumbers, UnsafeMutablePointer<UInt8>, inout [SelfTestMemory]) -> Arguments
  ) -> Bool {
    counts.allSatisfy { count in
      let results = [set, .reference].map { set in
        var numbers = SelfTestNumbers(seed: count)
        let target = SelfTestMemory(bytesEach * count, &numbers)
        var held: [SelfTestMemory] = []
        var given = arguments(count, &numbers, target.pointer(), &held)
        return withExtendedLifetime(held) {
          set[keyPath: kernel].run(&given)
          return Array(target.bytes)
        }
      }
      return results[0] == results[1]
    }
  }

  static func blends(_ set: KernelSet) -> Bool {
    rows(set, \.blendRow, bytesEach: 2) { count, numbers, target, held in
      let (above, below) = (SelfTestMemory(count, &numbers), SelfTestMemory(count, &numbers))
      held = [above, below]
      return BlendRowArguments(
        above: above.pointer(), below: below.pointer(), weight: Int16(numbers.integer(0...2048)), count: count,
        destination: UnsafeMutableRawPointer(target).assumingMemoryBound(to: Int16.self))
    }
  }

  static func interpolations(_ set: KernelSet) -> Bool {
    rows(set, \.interpolateRow, bytesEach: 4) { count, numbers, target, held in
      let pixels = 9
      let row = SelfTestMemory(8 * pixels + 8, &numbers)
      let samples = row.pointer(to: Int16.self)
      for index in 0..<4 * pixels + 4 { samples[index] = Int16(numbers.integer(0...32640)) }
      let (offsets, weights) = (SelfTestMemory(4 * count, &numbers), SelfTestMemory(16 * count, &numbers))
      for x in 0..<count {
        let pixel = numbers.integer(0...pixels - 1)
        let weight = pixel == pixels - 1 ? 0 : Int16(numbers.integer(0...2048))
        offsets.pointer(to: Int32.self)[x] = Int32(4 * pixel)
        for channel in 0..<4 {
          weights.pointer(to: Int16.self)[8 * x + 2 * channel] = 2048 - weight
          weights.pointer(to: Int16.self)[8 * x + 2 * channel + 1] = weight
        }
      }
      held = [row, offsets, weights]
      return InterpolateRowArguments(
        row: UnsafePointer(samples), offsets: UnsafePointer(offsets.pointer(to: Int32.self)),
        weights: UnsafePointer(weights.pointer(to: Int16.self)), count: count, destination: target)
    }
  }

  static func packedYUV(_ set: KernelSet) -> Bool {
    [true, false].allSatisfy { lumaFirst in
      rows(set, \.packedYUVRow, bytesEach: 8) { count, numbers, target, held in
        let source = SelfTestMemory(4 * count, &numbers)
        held = [source]
        return PackedYUVRowArguments(
          source: UnsafePointer(source.pointer(to: UInt8.self)), pairs: count, lumaFirst: lumaFirst, luma: 9539,
          redV: 13075, greenU: 3209, greenV: 6660, blueU: 16525, black: 16, destination: target)
      }
    }
  }

  static func roadCodes(_ set: KernelSet) -> Bool {
    rows(set, \.roadCodesRow, bytesEach: 1) { count, numbers, target, held in
      let thickness = 2
      for _ in 0..<5 {
        let row = SelfTestMemory(count + 2 * thickness, &numbers)
        for index in row.bytes.indices where numbers.integer(0...9) > 0 { row.bytes[index] = 7 }
        held.append(row)
      }
      func middle(_ row: Int) -> UnsafePointer<UInt8> { UnsafePointer(held[row].pointer() + thickness) }
      return RoadCodesArguments(
        row: middle(0), up: middle(1), down: middle(2), farUp: middle(3), farDown: middle(4), thickness: thickness,
        count: count, road: 7, outline: 253, fringe: 254, plain: nil, destination: target)
    }
  }

  static func greys(_ set: KernelSet) -> Bool {
    rows(set, \.greyRow, bytesEach: 1) { count, numbers, target, held in
      held = [SelfTestMemory(8 * count, &numbers), SelfTestMemory(8 * count, &numbers)]
      return GreyRowArguments(
        upper: UnsafePointer(held[0].pointer()), lower: UnsafePointer(held[1].pointer()), count: count,
        destination: target)
    }
  }

  static func steadies(_ set: KernelSet) -> Bool {
    let cases: [(Int32, Int32, Int32, Int32)] = [(256, 0, 0, 0), (17, 80, 49, 110)]
    return cases.allSatisfy { weights in
      rows(set, \.steadyRow, bytesEach: 2) { count, numbers, target, held in
        for _ in 0..<5 {
          let scores = SelfTestMemory(2 * count, &numbers)
          for i in 0..<count { scores.pointer(to: UInt16.self)[i] = UInt16(numbers.integer(0...32640)) }
          held.append(scores)
        }
        func scores(_ index: Int) -> UnsafePointer<UInt16> { UnsafePointer(held[index].pointer(to: UInt16.self)) }
        return SteadyRowArguments(
          new: scores(0), old: (scores(1), scores(2), scores(3), scores(4)), weights: weights,
          share: Int32(numbers.integer(0...256)), count: count,
          destination: UnsafeMutableRawPointer(target).assumingMemoryBound(to: UInt16.self))
      }
    }
  }
}
