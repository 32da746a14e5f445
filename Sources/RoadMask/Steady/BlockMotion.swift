import RoadBase

/// Where each block of a grey picture was in the picture before.
///
/// Blocks are 8x8, the last ones of a row or column cut off by the edge. Each is looked for by a window of 16x16 around
/// it (moved into the picture at the edges; smaller pictures have a smaller one), of which every second row counts:
///
///     cost(v) = Σ |current(p) − previous(p + v)| + 16 · (|v.x| + |v.y|)
///
/// The vector is found in steps, ties going to the one tried first: nothing; those that this block, the one to its
/// right and the one below had in the frame before; that of the block to the left; then, unless the best costs 384 or
/// less, the four neighbours of the best 4, 2 and 1 pixels away. Vectors reach ``reach`` pixels at most and never
/// leave the picture. Rows of blocks do not depend on each other, so that threads can share them.
///
/// Made once for a size; nothing is allocated afterwards.
public final class BlockMotion: @unchecked Sendable {
  public struct Vector: Hashable, Sendable {
    public var x: Int16 = 0
    public var y: Int16 = 0
  }

  public static let block = 8
  public static let reach = 24
  private static let window = 16
  private static let wayPrice = 16
  /// A cost that no search is worth: a difference of three at each pixel.
  private static let cheap = 384

  public let size: PictureSize
  public let columns: Int
  public let rows: Int
  /// Row-major, of the last search.
  public private(set) var vectors: UnsafeMutablePointer<Vector>
  private var before: UnsafeMutablePointer<Vector>

  public init(size: PictureSize) {
    self.size = size
    columns = (size.width + Self.block - 1) / Self.block
    rows = (size.height + Self.block - 1) / Self.block
    vectors = .allocate(capacity: columns * rows)
    before = .allocate(capacity: columns * rows)
    vectors.initialize(repeating: Vector(), count: columns * rows)
    before.initialize(repeating: Vector(), count: columns * rows)
  }

  deinit {
    vectors.deallocate()
    before.deallocate()
  }

  /// The vectors so far become those of the frame before.
  public func advance() { swap(&vectors, &before) }

  /// Forgets what moved.
  public func reset() {
    vectors.update(repeating: Vector(), count: columns * rows)
    before.update(repeating: Vector(), count: columns * rows)
  }

  /// Finds the vectors of one row of blocks.
  public func search(row: Int, _ current: UnsafePointer<UInt8>, _ previous: UnsafePointer<UInt8>) {
    var left = Vector()
    for column in 0..<columns {
      let index = row &* columns &+ column
      var search = BlockSearch(
        current: current, previous: previous, size: size, x: column &* Self.block, y: row &* Self.block)
      search.attempt(before[index])
      if column &+ 1 < columns { search.attempt(before[index &+ 1]) }
      if row &+ 1 < rows { search.attempt(before[index &+ columns]) }
      search.attempt(left)
      search.refine()
      left = Vector(x: Int16(truncatingIfNeeded: search.bestX), y: Int16(truncatingIfNeeded: search.bestY))
      vectors[index] = left
    }
  }

  /// The search for one block.
  private struct BlockSearch {
    private let current: UnsafePointer<UInt8>
    private let previous: UnsafePointer<UInt8>
    private let pitch: Int
    private let width: Int
    private let height: Int
    /// Vectors that keep the window in the picture.
    private let horizontal: ClosedRange<Int>
    private let vertical: ClosedRange<Int>
    var bestX = 0
    var bestY = 0
    private var best: Int

    init(
      current: UnsafePointer<UInt8>, previous: UnsafePointer<UInt8>, size: PictureSize, x: Int, y: Int
    ) {
      let (block, window, reach) = (BlockMotion.block, BlockMotion.window, BlockMotion.reach)
      width = min(window, size.width)
      height = min(window, size.height)
      let left = max(0, min(x &- (window &- block) / 2, size.width &- width))
      let top = max(0, min(y &- (window &- block) / 2, size.height &- height))
      pitch = size.width
      self.current = current + (top &* pitch &+ left)
      self.previous = previous + (top &* pitch &+ left)
      horizontal = max(-reach, -left)...min(reach, size.width &- width &- left)
      vertical = max(-reach, -top)...min(reach, size.height &- height &- top)
      best = .max
      best = cost(0, 0)
    }

    mutating func attempt(_ vector: Vector) { attempt(Int(vector.x), Int(vector.y)) }

    private mutating func attempt(_ x: Int, _ y: Int) {
      guard x != bestX || y != bestY, horizontal.contains(x), vertical.contains(y) else { return }
      let cost = cost(x, y)
      if cost < best { (best, bestX, bestY) = (cost, x, y) }
    }

    mutating func refine() {
      var step = best <= BlockMotion.cheap ? 0 : 4
      while step > 0 {
        let (x, y) = (bestX, bestY)
        attempt(x, y &- step)
        attempt(x &- step, y)
        attempt(x &+ step, y)
        attempt(x, y &+ step)
        step /= 2
      }
    }

    /// Exact only where it is less than the best.
    private func cost(_ x: Int, _ y: Int) -> Int {
      let other = previous + (y &* pitch &+ x)
      let way = BlockMotion.wayPrice &* (abs(x) &+ abs(y))
      guard width == 16, height == 16 else { return way &+ Int(cutOff(other)) }
      let half = 8 &* pitch
      let sum = way &+ Int(BlockMotion.difference16x4(current, other, pitch: 2 &* pitch))
      guard sum < best else { return sum }
      return sum &+ Int(BlockMotion.difference16x4(current + half, other + half, pitch: 2 &* pitch))
    }

    /// Of a window in a picture smaller than it.
    private func cutOff(_ other: UnsafePointer<UInt8>) -> Int32 {
      var sum: Int32 = 0
      for row in stride(from: 0, to: height, by: 2) {
        sum &+= BlockMotion.difference(current + row &* pitch, other + row &* pitch, count: width)
      }
      return sum
    }
  }

  /// Σ |a − b| of 16 bytes in each of four rows, in a form that compilers know.
  @inline(__always)
  private static func difference16x4(
    _ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, pitch: Int
  ) -> Int32 {
    let upper = difference(a, b, count: 16) &+ difference(a + pitch, b + pitch, count: 16)
    let (c, d) = (a + 2 &* pitch, b + 2 &* pitch)
    return upper &+ difference(c, d, count: 16) &+ difference(c + pitch, d + pitch, count: 16)
  }

  @inline(__always)
  static func difference(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, count: Int) -> Int32 {
    var sum: Int32 = 0
    for i in 0..<count {
      let difference = Int32(a[i]) &- Int32(b[i])
      sum &+= difference < 0 ? 0 &- difference : difference
    }
    return sum
  }
}
