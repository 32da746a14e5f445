import CAllocationCounter
import RoadBase
import RoadMask
import RoadTestSupport
import Testing

/// Boxes that drive past, behind a lens whose dirt is known.
@Suite struct LensDirtTests {
  private static let size = PictureSize(width: 160, height: 128)

  /// Grey pictures at the size that is searched: random boxes on a plain, moved on by three pixels a frame.
  private struct Drive {
    private var wall: [UInt8]
    private static let length = 1600

    init() {
      var random = SplitMix(state: 8)
      wall = [UInt8](repeating: 110, count: Self.length * size.height)
      for _ in 0..<1400 {
        let (x, y) = (random.integer(0...Self.length - 20), random.integer(0...size.height - 14))
        let value = UInt8(random.integer(10...240))
        for v in y..<y + random.integer(6...14) {
          for u in x..<x + random.integer(6...20) { wall[v * Self.length + u] = value }
        }
      }
    }

    func grey(_ frame: Int, _ x: Int, _ y: Int) -> Int {
      Int(wall[min(max(y, 0), size.height - 1) * Self.length + (x + 3 * frame) % Self.length])
    }
  }

  private static let drive = Drive()

  /// - Parameter pixel: of a frame, seen through the lens.
  private static func watch(_ frames: Int, _ pixel: (_ frame: Int, _ x: Int, _ y: Int) -> Int) -> LensDirt {
    let plane = LumaPlane(halving: PictureSize(width: 2 * size.width, height: 2 * size.height))
    let dirt = LensDirt(size: plane.size)
    for frame in 0..<frames {
      for y in 0..<size.height {
        for x in 0..<size.width { plane.base[y * size.width + x] = UInt8(pixel(frame, x, y)) }
      }
      dirt.add(plane)
    }
    return dirt
  }

  /// The mean over a box, which is what a drop on the lens shows.
  private static func blurred(_ frame: Int, _ x: Int, _ y: Int) -> Int {
    var sum = 0
    for v in -4...4 { for u in -4...4 { sum += drive.grey(frame, max(0, x + u), y + v) } }
    return sum / 81
  }

  @Test("a clean lens has none; without motion nothing is said")
  func clean() {
    let moving = Self.watch(LensDirt.window + 1) { Self.drive.grey($0, $1, $2) }
    #expect(moving.share == 0)
    let standing = Self.watch(LensDirt.window + 1) { _, x, y in Self.drive.grey(0, x, y) }
    #expect(standing.share == nil)
  }

  @Test("a blurred area is found where it is, and nowhere else")
  func drop() throws {
    let (columns, rows) = (6..<12, 4..<9)
    let dirt = Self.watch(LensDirt.window + 1) { frame, x, y in
      columns.contains(x / 8) && rows.contains(y / 8) ? Self.blurred(frame, x, y) : Self.drive.grey(frame, x, y)
    }
    var (hits, wrong) = (0, 0)
    for place in 0..<dirt.columns * dirt.rows where dirt.blurred[place] {
      let isDirt = columns.contains(place % dirt.columns) && rows.contains(place / dirt.columns)
      if isDirt { hits += 1 } else { wrong += 1 }
    }
    // The rim of the drop is a hard edge here, which no drop on a lens has.
    #expect(hits >= 12 && wrong == 0, "\(hits) of 30, \(wrong) wrong")
    let health = PictureHealth(luma: 120, sharpness: 80, dirt: dirt.share)
    #expect(try #require(dirt.share) >= 15 && health.word == .dirty)
  }

  @Test("what blurred places enclose is blurred, too: an opaque middle within a soft ring")
  func blot() {
    let dirt = Self.watch(LensDirt.window + 1) { frame, x, y in
      // A cone that stays, all slope and no bend, around a plain of its own.
      let distance = Double((x - 84) * (x - 84) + (y - 60) * (y - 60)).squareRoot()
      return distance < 24 ? min(255, 20 + Int(9 * max(0, distance - 8))) : Self.drive.grey(frame, x, y)
    }
    // The place whose middle is that of the plain has no edge of its own.
    let middle = 60 / 8 * dirt.columns + 84 / 8
    #expect(dirt.blurred[middle] && dirt.share ?? 0 >= 15, "\(dirt.share ?? 0)")
  }

  @Test("looking takes no memory, the end of a window among it")
  func memory() {
    let dirt = Self.watch(LensDirt.window) { Self.drive.grey($0, $1, $2) }
    #expect(dirt.share == nil)
    let plane = LumaPlane(halving: PictureSize(width: 2 * Self.size.width, height: 2 * Self.size.height))
    for index in 0..<Self.size.pixels {
      plane.base[index] = UInt8(Self.drive.grey(LensDirt.window, index % 160, index / 160))
    }
    let counter = UnsafeMutablePointer<UInt>.allocate(capacity: 1)
    counter.initialize(to: 0)
    defer { counter.deallocate() }
    count_allocations_of_this_thread_into(counter)
    dirt.add(plane)
    count_allocations_of_this_thread_into(nil)
    #expect(counter.pointee == 0 && dirt.share == 0)
  }

  @Test("glare is the share of areas that are as bright as can be, but for those of a bright sky")
  func glare() {
    let plane = LumaPlane(halving: PictureSize(width: 2 * Self.size.width, height: 2 * Self.size.height))
    func health(_ boxes: [(Range<Int>, Range<Int>)], _ value: UInt8 = 252) -> PictureHealth {
      for index in 0..<Self.size.pixels {
        let (x, y) = (index % Self.size.width, index / Self.size.width)
        plane.base[index] = boxes.contains { $0.0.contains(x) && $0.1.contains(y) } ? value : 120
      }
      return PictureHealth(of: plane)
    }
    // 20 x 16 places, of which the lower nine rows count.
    #expect(health([(0..<160, 0..<48)]).glare == 0)
    #expect(health([(0..<80, 56..<72)]).glare == 111 && health([(0..<80, 56..<72)]).word == .glare)
    #expect(health([(0..<80, 56..<72)], 249).glare == 0)
    #expect(health([(0..<64, 64..<72)]).glare == 44 && health([(0..<64, 64..<72)]).word == .good)
    #expect(health([(0..<160, 66..<70)]).glare == 0, "a lamp is no large area")
  }
}
