import CAllocationCounter
import RoadBase
import RoadMask
import RoadTestSupport
import Testing

/// Against the definition computed naively, pixel by pixel.
@Suite struct MaskCleanerTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var size: PictureSize
    /// Of a pixel, that it has the class of its left neighbour, in percent: large areas or noise.
    var calm: Int
    var options: CleanOptions
    var testDescription: String { "\(size), \(calm) % calm, \(options)" }
  }

  static let cases: [Case] = {
    var cases: [Case] = []
    for (width, height) in [(1, 1), (1, 40), (40, 1), (63, 17), (64, 33), (65, 20), (130, 71), (200, 90)] {
      for calm in [0, 60, 93] {
        for options in [
          CleanOptions(.gentle), CleanOptions(.strong), CleanOptions(.off, nearBottom: 20),
          CleanOptions(.strong, nearBottom: 50), .numbers(80, 0, 0, 0), .numbers(0, 80, 0, 0), .numbers(0, 0, 700, 0),
          .numbers(0, 0, 0, 700), .numbers(300, 20, 50, 50), .numbers(20, 300, 50, 50), .numbers(0, 9000, 0, 0),
        ] {
          cases.append(Case(size: PictureSize(width: width, height: height), calm: calm, options: options))
        }
      }
    }
    return cases
  }()

  @Test(arguments: cases) func isTheDefinition(_ one: Case) {
    var random = SplitMix(state: UInt64(one.size.pixels * 101 + one.calm))
    let map = Self.map(one.size, calm: one.calm, &random)
    let cleaner = MaskCleaner(size: one.size, road: 2, options: one.options)
    for _ in 0..<2 {
      let wanted = NaiveCleaner(map, road: 2, one.options).cleaned
      cleaner.clean(map)
      #expect(Array(map.bytes) == wanted)
    }
  }

  @Test("off changes nothing, and says so")
  func off() {
    var random = SplitMix(state: 3)
    let map = Self.map(PictureSize(width: 70, height: 30), calm: 50, &random)
    let before = Array(map.bytes)
    MaskCleaner(size: map.size, road: 2, options: CleanOptions()).clean(map)
    #expect(Array(map.bytes) == before)
    #expect(CleanOptions(.off).isOff && !CleanOptions(.gentle).isOff && !CleanOptions(.off, nearBottom: 1).isOff)
  }

  @Test("a speck goes, a hole is filled, a road stays: at the sizes of cameras")
  func whatItIsFor() {
    for (width, height) in [(320, 240), (640, 480), (1280, 720)] {
      let map = ClassMap(size: PictureSize(width: width, height: height))
      func fill(_ columns: Range<Int>, _ rows: Range<Int>, _ class: UInt8) {
        for y in rows { for x in columns { map.bytes[y * width + x] = `class` } }
      }
      fill(0..<width, 0..<height, 5)
      fill(width / 4..<width * 3 / 4, height / 2..<height, 0)
      let clean = Array(map.bytes)
      fill(10..<13, 10..<13, 0)
      fill(width / 2..<width / 2 + 4, height * 3 / 4..<height * 3 / 4 + 4, 3)
      MaskCleaner(size: map.size, road: 0, options: CleanOptions(.gentle)).clean(map)
      #expect(Array(map.bytes) == clean, "\(width)x\(height)")
    }
  }

  @Test("what has no class is never made road")
  func voidStays() {
    let map = ClassMap(size: PictureSize(width: 80, height: 60))
    for x in 30..<33 { for y in 20..<23 { map.bytes[y * 80 + x] = ClassMap.void } }
    MaskCleaner(size: map.size, road: 0, options: CleanOptions(.strong)).clean(map)
    #expect(map.bytes.filter { $0 == ClassMap.void }.count == 9)
  }

  @Test("frame by frame it takes no memory")
  func allocatesNothing() {
    var random = SplitMix(state: 9)
    let map = Self.map(PictureSize(width: 320, height: 200), calm: 80, &random)
    let cleaner = MaskCleaner(size: map.size, road: 2, options: CleanOptions(.strong, nearBottom: 30))
    cleaner.clean(map)
    let before = allocation_count_of_this_thread()
    for _ in 0..<5 { cleaner.clean(map) }
    #expect(allocation_count_of_this_thread() == before)
  }

  /// Classes 0 to 3, and void.
  private static func map(_ size: PictureSize, calm: Int, _ random: inout SplitMix) -> ClassMap {
    let map = ClassMap(size: size)
    for index in map.bytes.indices {
      let stays = index > 0 && random.integer(0...99) < calm
      let source = index >= size.width && random.integer(0...1) == 0 ? index - size.width : index - 1
      map.bytes[index] = stays ? map.bytes[max(source, 0)] : random.pick([0, 1, 2, 2, 2, 3, ClassMap.void])
    }
    return map
  }
}

extension CleanOptions {
  fileprivate static func numbers(_ opening: Int, _ closing: Int, _ patch: Int, _ hole: Int) -> CleanOptions {
    var options = CleanOptions()
    (options.openingReach, options.closingReach) = (opening, closing)
    (options.leastPatch, options.leastHole) = (patch, hole)
    return options
  }
}

/// The same as its definition says, with no thought of time.
private struct NaiveCleaner {
  let width: Int
  let height: Int
  let cleaned: [UInt8]

  init(_ map: ClassMap, road: UInt8, _ options: CleanOptions) {
    (width, height) = (map.size.width, map.size.height)
    let (width, height) = (width, height)
    let pixels = width * height
    func reach(_ share: Int) -> Int { share == 0 ? 0 : max(1, (share * height + 2048) / 4096) }
    func area(_ share: Int) -> Int { (share * pixels + 32768) / 65536 }
    func windows(_ set: [Bool], _ reach: Int, _ combine: (Bool, Bool) -> Bool, _ start: Bool) -> [Bool] {
      (0..<pixels).map { index in
        let (x, y) = (index % width, index / width)
        var value = start
        for v in max(0, y - reach)...min(height - 1, y + reach) {
          for u in max(0, x - reach)...min(width - 1, x + reach) { value = combine(value, set[v * width + u]) }
        }
        return value
      }
    }
    func dilated(_ set: [Bool], _ reach: Int) -> [Bool] { windows(set, reach, { $0 || $1 }, false) }
    func eroded(_ set: [Bool], _ reach: Int) -> [Bool] { windows(set, reach, { $0 && $1 }, true) }
    func parts(_ set: [Bool], corners: Bool, _ body: ([Int]) -> Void) {
      var seen = set.map { !$0 }
      for start in 0..<pixels where !seen[start] {
        var part = [start]
        seen[start] = true
        var next = 0
        while next < part.count {
          let (x, y) = (part[next] % width, part[next] / width)
          next += 1
          for dy in -1...1 {
            for dx in -1...1 where corners || dx == 0 || dy == 0 {
              let (u, v) = (x + dx, y + dy)
              guard (0..<width).contains(u), (0..<height).contains(v), !seen[v * width + u] else { continue }
              seen[v * width + u] = true
              part.append(v * width + u)
            }
          }
        }
        body(part)
      }
    }
    let before = map.bytes.map { $0 == road }
    var set = dilated(eroded(before, reach(options.openingReach)), reach(options.openingReach))
    let lowest = options.nearBottom.map { height - max(1, height * $0 / 100) } ?? 0
    parts(set, corners: true) { part in
      let bottom = (part.max() ?? 0) / width
      if part.count < area(options.leastPatch) || bottom < lowest { for index in part { set[index] = false } }
    }
    set = eroded(dilated(set, reach(options.closingReach)), reach(options.closingReach))
    let rest = set.map { !$0 }
    parts(rest, corners: false) { part in
      if part.count < area(options.leastHole) { for index in part { set[index] = true } }
    }
    var result = Array(map.bytes)
    for index in 0..<pixels {
      if set[index], !before[index], map.bytes[index] != ClassMap.void { result[index] = road }
      guard before[index], !set[index] else { continue }
      let (row, x) = (index / width * width, index % width)
      let others = (0..<width).filter { !before[row + $0] }
      if let nearest = others.min(by: { (abs($0 - x), $0) < (abs($1 - x), $1) }) {
        result[index] = map.bytes[row + nearest]
      } else if row > 0 {
        result[index] = result[index - width]
      }
    }
    cleaned = result
  }
}
