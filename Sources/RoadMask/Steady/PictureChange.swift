import RoadBase

/// What moved between two frames and where the picture changed beyond that, on small grey pictures.
///
/// Places are 4x4 pixels of the ``LumaPlane``. The change of a place is the mean difference of its pixels from those
/// that the block's vector (``BlockMotion``) points at, in 1/16 of a step.
///
/// Work is cut into rows of blocks that threads may share: first ``fill(strip:from:rowPitch:)`` for all strips, then
/// ``match(strip:)`` for all, then ``finish()``. Made once for a size; nothing is allocated afterwards.
public final class PictureChange: @unchecked Sendable {
  package static let place = 4

  public let size: PictureSize
  public let motion: BlockMotion
  /// Places in a row, and rows of them.
  package let columns: Int
  package let rows: Int
  /// Row-major, 0...4080.
  package let changes: UnsafeMutablePointer<UInt16>

  private(set) var current: LumaPlane
  private var previous: LumaPlane
  private var hasPrevious = false

  /// - Parameter picture: size of the pictures, sides of 2 and more.
  public init(of picture: PictureSize) {
    current = LumaPlane(halving: picture)
    previous = LumaPlane(halving: picture)
    size = current.size
    motion = BlockMotion(size: size)
    columns = (size.width + Self.place - 1) / Self.place
    rows = (size.height + Self.place - 1) / Self.place
    changes = .allocate(capacity: columns * rows)
    changes.initialize(repeating: 0, count: columns * rows)
  }

  deinit { changes.deallocate() }

  /// Rows of blocks.
  public var strips: Int { motion.rows }

  /// Makes ready for the next frame.
  ///
  /// - Parameter isFresh: what was before counts no longer.
  public func begin(isFresh: Bool) {
    swap(&current, &previous)
    if isFresh { hasPrevious = false }
    if hasPrevious { motion.advance() } else { motion.reset() }
  }

  public func fill(strip: Int, from pixels: UnsafePointer<UInt8>, rowPitch: Int) {
    let first = strip * BlockMotion.block
    current.fill(rows: first..<min(first + BlockMotion.block, size.height), from: pixels, rowPitch: rowPitch)
  }

  public func match(strip: Int) {
    guard hasPrevious else { return }
    motion.search(row: strip, UnsafePointer(current.base), UnsafePointer(previous.base))
    let ratio = BlockMotion.block / Self.place
    for row in strip * ratio..<min((strip + 1) * ratio, rows) {
      for column in 0..<columns {
        let vector = motion.vectors[strip &* motion.columns &+ column / ratio]
        changes[row &* columns &+ column] = change(column, row, by: vector)
      }
    }
  }

  /// - Returns: false where there is nothing to compare with, or more than half of all places have changed by
  ///   `limit` and more: a cut.
  public func finish(limit: Int) -> Bool {
    defer { hasPrevious = true }
    guard hasPrevious else { return false }
    var changed = 0
    let bound = UInt16(clamping: limit)
    for index in 0..<columns * rows where changes[index] >= bound { changed &+= 1 }
    return 2 * changed <= columns * rows
  }

  private func change(_ column: Int, _ row: Int, by vector: BlockMotion.Vector) -> UInt16 {
    let (x, y) = (column &* Self.place, row &* Self.place)
    let (width, height) = (min(Self.place, size.width &- x), min(Self.place, size.height &- y))
    let start = y &* size.width &+ x
    let (now, then) = (current.base + start, previous.base + (start &+ Int(vector.y) &* size.width &+ Int(vector.x)))
    var sum: Int32 = 0
    for line in 0..<height {
      let (a, b) = (now + line &* size.width, then + line &* size.width)
      // The usual width as a constant, which unrolls the loop.
      sum &+=
        width == Self.place
        ? BlockMotion.difference(a, b, count: Self.place) : BlockMotion.difference(a, b, count: width)
    }
    return UInt16(truncatingIfNeeded: Int(sum) &* 16 / (width &* height))
  }
}
