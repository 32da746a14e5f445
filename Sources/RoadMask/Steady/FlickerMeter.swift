import RoadBase

/// How still the masks of a film hold: what changes in them that did not change in the picture.
///
/// The picture's change is measured on its own half size, apart from what a stabiliser sees (``PictureChange``). A
/// pixel p whose block was at p + v in the frame before is *still* where the change of its place is at most 6 steps of
/// luma. *Flicker* is the share of the still pixels that are road and were not at p + v, or the other way round.
public struct FlickerMeter: Sendable {
  /// Sums over all frames but the first.
  public struct Sums: Hashable, Sendable {
    public var frames = 0
    public var pixels = 0
    public var still = 0
    public var flips = 0
    /// Pixels that came or went as road from frame to frame, whatever the picture did.
    public var changed = 0
    /// Pixels whose true class is that of the frame before, as road or not; and those of them that came or went.
    public var trulySame = 0
    public var falseFlips = 0
    /// Pixels that are truly road or given as road, and those that are both.
    public var union = 0
    public var common = 0

    /// Shares; nil where nothing counts.
    public var flicker: Double? { Self.share(flips, still) }
    public var stillShare: Double? { Self.share(still, pixels) }
    public var changedShare: Double? { Self.share(changed, pixels) }
    public var falseFlicker: Double? { Self.share(falseFlips, trulySame) }
    public var roadIoU: Double? { Self.share(common, union) }

    private static func share(_ part: Int, _ whole: Int) -> Double? {
      whole == 0 ? nil : Double(part) / Double(whole)
    }
  }

  public private(set) var sums = Sums()
  private let road: UInt8
  /// The mask of the frame before, and the truth: 1 for road.
  private var mask: [UInt8] = []
  private var truth: [UInt8] = []
  private static let stillChange: UInt16 = 6 * 16

  public init(road: UInt8) { self.road = road }

  /// Takes the next frame.
  ///
  /// - Parameters:
  ///   - change: of the frame's picture, see ``PictureChange``; of half the map's size.
  ///   - hasMatch: whether there was a frame before that it was compared with.
  ///   - truth: 1 where there is road in truth; nil where nobody knows.
  public mutating func add(_ map: ClassMap, _ change: PictureChange, hasMatch: Bool, truth now: [UInt8]? = nil) {
    let fresh = map.bytes.map { $0 == road ? UInt8(1) : 0 }
    if hasMatch, mask.count == fresh.count {
      sums.frames += 1
      sums.pixels += fresh.count
      compare(fresh, size: map.size, change)
    }
    if let now {
      if hasMatch, truth.count == now.count { compareTruth(fresh, now) }
      for index in 0..<fresh.count {
        sums.union += Int(fresh[index] | now[index])
        sums.common += Int(fresh[index] & now[index])
      }
      truth = now
    }
    mask = fresh
  }

  private mutating func compare(_ fresh: [UInt8], size: PictureSize, _ change: PictureChange) {
    let (columns, places) = (change.motion.columns, change.columns)
    for y in 0..<2 * change.size.height {
      for x in 0..<2 * change.size.width {
        let index = y &* size.width &+ x
        if fresh[index] != mask[index] { sums.changed &+= 1 }
        guard change.changes[y / 8 &* places &+ x / 8] <= Self.stillChange else { continue }
        let vector = change.motion.vectors[y / 16 &* columns &+ x / 16]
        sums.still &+= 1
        if fresh[index] != mask[index &+ 2 &* (Int(vector.y) &* size.width &+ Int(vector.x))] { sums.flips &+= 1 }
      }
    }
  }

  private mutating func compareTruth(_ fresh: [UInt8], _ now: [UInt8]) {
    for index in 0..<fresh.count where now[index] == truth[index] {
      sums.trulySame &+= 1
      if fresh[index] != mask[index] { sums.falseFlips &+= 1 }
    }
  }
}

/// How many frames masks come behind: the shift in time at which they agree best with what they should be, the truth or
/// the network's own masks.
///
/// `D(k)` is the share of pixels where the mask of frame t and the other of frame t − k differ as road or not; the lag
/// is the vertex of the parabola through the least D and its two neighbours, k from −2 to 4.
public struct LagMeter: Sendable {
  private static let shifts = -2...4
  private let road: UInt8
  private var masks: [[UInt8]] = []
  private var others: [[UInt8]] = []
  private var differences = [Int](repeating: 0, count: shifts.count)

  public init(road: UInt8) { self.road = road }

  /// - Parameter other: 1 where it is road.
  public mutating func add(_ map: ClassMap, other: [UInt8]) {
    masks.insert(map.bytes.map { $0 == road ? 1 : 0 }, at: 0)
    others.insert(other, at: 0)
    guard masks.count > Self.shifts.count else { return }
    masks.removeLast()
    others.removeLast()
    for shift in Self.shifts {
      // The mask two frames back, so that every shift has its partner.
      let (mask, other) = (masks[2], others[2 + shift])
      var count = 0
      for index in 0..<mask.count { count &+= Int(mask[index] ^ other[index]) }
      differences[shift - Self.shifts.lowerBound] += count
    }
  }

  /// In frames; nil before there are enough of them, or where the best shift is the first or last.
  public var lag: Double? {
    guard let least = differences.min(), differences.contains(where: { $0 > 0 }) else { return nil }
    let index = differences.firstIndex(of: least) ?? 0
    guard index > 0, index < differences.count - 1 else { return nil }
    let (before, after) = (Double(differences[index - 1]), Double(differences[index + 1]))
    let bend = before - 2 * Double(least) + after
    return Double(index + Self.shifts.lowerBound) + (bend > 0 ? (before - after) / (2 * bend) : 0)
  }
}
