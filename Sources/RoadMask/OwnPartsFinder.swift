import RoadBase

/// Finds what never moves while the picture does: the car's bonnet and dashboard, a stamp, dirt, edges of reflections.
///
/// Works on small grey pictures (``LumaPlane``) of a drive. Of every frame in which the picture moves (at least a
/// quarter of the pixels with an edge differ by 4 and more from the frame before) the gradient of each pixel is added
/// up, once with its direction and once without. Edges of the car have the same gradient all the time, those of the
/// world change:
///
///     an edge stays where Σ|gx| + Σ|gy| ≥ 4 a frame and |Σgx| + |Σgy| ≥ 85 % of that
///
/// with gx = p(x + 1) − p(x − 1), gy likewise, cut to ±30. Edges that stay, made a pixel wider, and the picture's rim
/// are walls. What cannot be reached without crossing one belongs to the car: so the bonnet's outline, from one side of
/// the picture to the other, takes all below it. It is reached from the band at 35 to 50 percent of the height and,
/// since the lines of a straight road stay for a while, too, from below it in the middle third, down to 72 percent.
/// Parts of fewer than 12 pixels are left out.
///
/// Made once for a size; `add` allocates nothing. One thread uses it at a time.
public final class OwnPartsFinder: @unchecked Sendable {
  public let size: PictureSize
  /// In which the picture moved.
  public private(set) var movingFrames = 0
  public private(set) var frames = 0

  private let before: UnsafeMutablePointer<UInt8>
  private var hasBefore = false
  private let sumX: UnsafeMutablePointer<Int32>
  private let sumY: UnsafeMutablePointer<Int32>
  private let lengths: UnsafeMutablePointer<Int32>

  private static let leastEdge: Int32 = 4
  private static let mostGradient: Int32 = 30
  private static let smallest = 12

  /// - Parameter size: of the grey pictures, sides of 8 and more.
  public init(size: PictureSize) {
    precondition(size.width >= 8 && size.height >= 8, "grey pictures of \(size)")
    self.size = size
    before = .allocate(capacity: size.pixels)
    before.initialize(repeating: 0, count: size.pixels)
    func sums() -> UnsafeMutablePointer<Int32> {
      let sums = UnsafeMutablePointer<Int32>.allocate(capacity: size.pixels)
      sums.initialize(repeating: 0, count: size.pixels)
      return sums
    }
    (sumX, sumY, lengths) = (sums(), sums(), sums())
  }

  deinit {
    before.deallocate()
    for sums in [sumX, sumY, lengths] { sums.deallocate() }
  }

  public func add(_ picture: LumaPlane) {
    precondition(picture.size == size, "a picture of \(picture.size) for \(size)")
    let now = UnsafePointer(picture.base)
    frames += 1
    if hasBefore, isMoving(now) {
      movingFrames += 1
      eachInner { index in
        let (x, y) = gradient(now, index)
        sumX[index] &+= x
        sumY[index] &+= y
        lengths[index] &+= abs(x) &+ abs(y)
      }
    }
    before.update(from: now, count: size.pixels)
    hasBefore = true
  }

  /// Begins anew; the last picture stays the one that the next is compared with.
  public func clear() {
    (frames, movingFrames) = (0, 0)
    sumX.update(repeating: 0, count: size.pixels)
    sumY.update(repeating: 0, count: size.pixels)
    lengths.update(repeating: 0, count: size.pixels)
  }

  /// Takes over what another one of the same size has added up.
  public func copySums(from other: OwnPartsFinder) {
    precondition(other.size == size, "sums of \(other.size) for \(size)")
    (frames, movingFrames) = (other.frames, other.movingFrames)
    sumX.update(from: other.sumX, count: size.pixels)
    sumY.update(from: other.sumY, count: size.pixels)
    lengths.update(from: other.lengths, count: size.pixels)
  }

  /// Pixels that belong to the car, row-major: true.
  public func found() -> [Bool] {
    let walls = stayingEdges()
    let wide = widened(walls)
    let reached = widened(flooded(wide))
    var own = walls.indices.map { walls[$0] || !reached[$0] }
    dropSmall(&own)
    return own
  }

  @inline(__always)
  private func eachInner(_ body: (Int) -> Void) {
    for y in 1..<size.height - 1 {
      for x in 1..<size.width - 1 { body(y &* size.width &+ x) }
    }
  }

  @inline(__always)
  private func gradient(_ pixels: UnsafePointer<UInt8>, _ index: Int) -> (x: Int32, y: Int32) {
    func cut(_ value: Int32) -> Int32 { min(max(value, -Self.mostGradient), Self.mostGradient) }
    return (
      cut(Int32(pixels[index &+ 1]) &- Int32(pixels[index &- 1])),
      cut(Int32(pixels[index &+ size.width]) &- Int32(pixels[index &- size.width]))
    )
  }

  private func isMoving(_ now: UnsafePointer<UInt8>) -> Bool {
    var (edges, changed) = (0, 0)
    eachInner { index in
      let (x, y) = gradient(now, index)
      guard abs(x) &+ abs(y) >= 8 else { return }
      edges &+= 1
      if abs(Int32(now[index]) &- Int32(before[index])) >= 4 { changed &+= 1 }
    }
    return edges > 0 && 4 * changed >= edges
  }

  private func stayingEdges() -> [Bool] {
    let least = Self.leastEdge * Int32(max(movingFrames, 1))
    return (0..<size.pixels).map { index in
      let length = lengths[index]
      return length >= least && (abs(sumX[index]) + abs(sumY[index])) * 20 >= 17 * length
    }
  }

  /// By a pixel to all sides.
  private func widened(_ set: [Bool]) -> [Bool] {
    var wide = set
    for index in set.indices where set[index] { eachNeighbour(index) { wide[$0] = true } }
    return wide
  }

  private func eachNeighbour(_ index: Int, _ body: (Int) -> Void) {
    let (x, y) = (index % size.width, index / size.width)
    for v in max(y - 1, 0)...min(y + 1, size.height - 1) {
      for u in max(x - 1, 0)...min(x + 1, size.width - 1) { body(v * size.width + u) }
    }
  }

  /// What can be reached from the band in the middle, by the pixels' sides.
  private func flooded(_ walls: [Bool]) -> [Bool] {
    var reached = [Bool](repeating: false, count: walls.count)
    var waiting: [Int] = []
    func reach(_ index: Int) {
      guard !walls[index], !reached[index] else { return }
      reached[index] = true
      waiting.append(index)
    }
    for y in size.height * 35 / 100..<size.height / 2 { for x in 0..<size.width { reach(y * size.width + x) } }
    for y in size.height / 2..<size.height * 72 / 100 {
      for x in size.width / 3..<size.width * 2 / 3 { reach(y * size.width + x) }
    }
    while let index = waiting.popLast() {
      let (x, y) = (index % size.width, index / size.width)
      if x > 0 { reach(index - 1) }
      if x < size.width - 1 { reach(index + 1) }
      if y > 0 { reach(index - size.width) }
      if y < size.height - 1 { reach(index + size.width) }
    }
    return reached
  }

  private func dropSmall(_ set: inout [Bool]) {
    var seen = set.map { !$0 }
    for start in set.indices where !seen[start] {
      var part = [start]
      seen[start] = true
      var next = 0
      while next < part.count {
        eachNeighbour(part[next]) { index in
          guard !seen[index] else { return }
          seen[index] = true
          part.append(index)
        }
        next += 1
      }
      if part.count < Self.smallest { for index in part { set[index] = false } }
    }
  }
}
