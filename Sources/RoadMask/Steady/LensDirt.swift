import RoadBase

/// Dirt and drops on the lens or the windscreen: what stays blurred at fixed places while the picture moves.
///
/// Works on small grey pictures (``LumaPlane``) of which each is the next of a drive. Of every one that has moved (a
/// quarter of the pixels with an edge differ by 4 and more from the picture before) the edges of each place of 8x8 are
/// added up: pixels with |gx| + |gy| ≥ 16, gx = p(x + 1) − p(x − 1), gy likewise, and the Laplacian l = 4·p − the four
/// neighbours there. After ``window`` of them a place is blurred where
///
///     edges ≥ 2 a picture      and      Σ|l| / Σ(|gx| + |gy|)  <  half of that of all places
///
/// so that what is smooth by itself (sky, asphalt) is none, and motion blur, which halves no edge, is none either.
/// Places that blurred ones enclose, by their sides, are blurred, too: what is opaque shows no edges but at its rim.
/// Single places are left out, and so are those that the car itself hides.
///
/// Made once for a size; nothing is allocated afterwards.
public final class LensDirt: @unchecked Sendable {
  public static let window = 240
  private static let place = 8
  private static let leastEdge: Int32 = 16

  public let size: PictureSize
  public let columns: Int
  public let rows: Int
  /// Per mille of the picture's places; nil before the first window is over.
  public private(set) var share: Int?
  /// By place, row-major, of the last window.
  public private(set) var blurred: UnsafeMutablePointer<Bool>

  private struct Sums {
    var edges: Int32 = 0
    var gradients: Int32 = 0
    var bends: Int32 = 0
  }

  private let sums: UnsafeMutablePointer<Sums>
  private let before: UnsafeMutablePointer<UInt8>
  private let outside: UnsafeMutablePointer<Bool>
  private let waiting: UnsafeMutablePointer<Int>
  private var hasBefore = false
  private var moving = 0

  /// - Parameter size: of the grey pictures, sides of 16 and more.
  public init(size: PictureSize) {
    precondition(size.width >= 16 && size.height >= 16, "grey pictures of \(size)")
    self.size = size
    columns = size.width / Self.place
    rows = size.height / Self.place
    func room<Element>(_ count: Int, _ value: Element) -> UnsafeMutablePointer<Element> {
      let room = UnsafeMutablePointer<Element>.allocate(capacity: count)
      room.initialize(repeating: value, count: count)
      return room
    }
    blurred = room(columns * rows, false)
    sums = room(columns * rows, Sums())
    before = room(size.pixels, 0)
    outside = room(columns * rows, false)
    waiting = room(columns * rows, 0)
  }

  deinit {
    blurred.deallocate()
    sums.deallocate()
    before.deallocate()
    outside.deallocate()
    waiting.deallocate()
  }

  /// - Parameter own: where the car itself is seen, of any size; nil for nowhere.
  public func add(_ picture: LumaPlane, own: OwnPartsMask? = nil) {
    precondition(picture.size == size, "a picture of \(picture.size) for \(size)")
    var (edges, changed) = (0, 0)
    if hasBefore {
      eachEdge(of: picture) { index, _, _, _ in
        edges &+= 1
        if abs(Int32(picture.base[index]) &- Int32(before[index])) >= 4 { changed &+= 1 }
      }
    }
    if edges > 0, 4 &* changed >= edges { take(picture, own) }
    before.update(from: picture.base, count: size.pixels)
    hasBefore = true
  }

  private func take(_ picture: LumaPlane, _ own: OwnPartsMask?) {
    eachEdge(of: picture) { _, place, gradient, bend in
      sums[place].edges &+= 1
      sums[place].gradients &+= gradient
      sums[place].bends &+= bend
    }
    moving &+= 1
    guard moving == Self.window else { return }
    finish(own)
    sums.update(repeating: Sums(), count: columns * rows)
    moving = 0
  }

  /// Edges within the places; the picture's rim has none.
  @inline(__always)
  private func eachEdge(of picture: LumaPlane, _ body: (_ index: Int, _ place: Int, Int32, Int32) -> Void) {
    let width = size.width
    for y in 1..<min(rows &* Self.place, size.height &- 1) {
      let row = picture.base + y &* width
      for x in 1..<min(columns &* Self.place, width &- 1) {
        let (left, right) = (Int32(row[x &- 1]), Int32(row[x &+ 1]))
        let (above, below) = (Int32(row[x &- width]), Int32(row[x &+ width]))
        let gradient = abs(right &- left) &+ abs(below &- above)
        guard gradient >= Self.leastEdge else { continue }
        let bend = abs(4 &* Int32(row[x]) &- left &- right &- above &- below)
        body(y &* width &+ x, y / Self.place &* columns &+ x / Self.place, gradient, bend)
      }
    }
  }

  private func finish(_ own: OwnPartsMask?) {
    var (gradients, bends) = (0, 0)
    for place in 0..<columns * rows {
      gradients &+= Int(sums[place].gradients)
      bends &+= Int(sums[place].bends)
    }
    for place in 0..<columns * rows {
      let sum = sums[place]
      let isTold = sum.edges >= 2 &* Int32(Self.window)
      blurred[place] = isTold && 2 &* Int(sum.bends) &* gradients < bends &* Int(sum.gradients)
    }
    fillEnclosed()
    dropSingle()
    if let own { drop(own) }
    var count = 0
    for place in 0..<columns * rows where blurred[place] { count &+= 1 }
    share = 1000 * count / (columns * rows)
  }

  private func fillEnclosed() {
    outside.update(repeating: false, count: columns * rows)
    var count = 0
    func reach(_ column: Int, _ row: Int) {
      guard (0..<columns).contains(column), (0..<rows).contains(row) else { return }
      let place = row &* columns &+ column
      guard !blurred[place], !outside[place] else { return }
      outside[place] = true
      waiting[count] = place
      count &+= 1
    }
    for column in 0..<columns {
      reach(column, 0)
      reach(column, rows &- 1)
    }
    for row in 0..<rows {
      reach(0, row)
      reach(columns &- 1, row)
    }
    while count > 0 {
      count &-= 1
      let (column, row) = (waiting[count] % columns, waiting[count] / columns)
      reach(column &- 1, row)
      reach(column &+ 1, row)
      reach(column, row &- 1)
      reach(column, row &+ 1)
    }
    for place in 0..<columns * rows where !outside[place] { blurred[place] = true }
  }

  /// Those with no neighbour at their sides.
  private func dropSingle() {
    outside.update(from: blurred, count: columns * rows)
    for row in 0..<rows {
      for column in 0..<columns {
        let place = row &* columns &+ column
        let hasNeighbour =
          column > 0 && outside[place &- 1] || column &+ 1 < columns && outside[place &+ 1]
          || row > 0 && outside[place &- columns] || row &+ 1 < rows && outside[place &+ columns]
        if !hasNeighbour { blurred[place] = false }
      }
    }
  }

  /// Those that hold a pixel of the car.
  private func drop(_ own: OwnPartsMask) {
    for run in own.runs {
      let row = run.lowerBound / own.size.width * rows / own.size.height
      let first = run.lowerBound % own.size.width * columns / own.size.width
      let last = (run.upperBound - 1) % own.size.width * columns / own.size.width
      for column in first...last { blurred[row &* columns &+ column] = false }
    }
  }
}
