import RoadBase
import RoadFrame
import RoadMask
import RoadMetres

/// Where the frames of a lane lie: slots of one picture and one class map each, and bytes for frames as captured.
///
/// Where the newest wins there are three slots of either kind: one at work, one waiting, one being filled. A queue
/// takes as many slots as its bytes hold, and its captured frames lie one behind the other in a ring, each as long as
/// it is. All calls but ``capturedBytes`` are made under the queue's lock.
final class LaneMemory: @unchecked Sendable {
  let pictures: [Canvas]
  let maps: [ClassMap]
  /// Beside the maps; empty where nothing is measured.
  let figures: [RoadFigures]
  let capacity: Int

  private static let newestSlots = 3
  private let captured: UnsafeMutableRawBufferPointer
  /// Bytes of one captured slot; 0 where they lie in the ring.
  private let capturedSlotBytes: Int
  private let shownBytes: Int
  private var ring: ByteRing
  private var freeCaptured: FreeSlots
  private var freeShown: FreeSlots

  init(
    policy: SinkLane.Policy, interest: SinkInterest, size: PictureSize, frameBytes: Int, canvas: Canvas.Kind = .rgbx,
    figures: RoadFigures? = nil
  ) {
    let pictureBytes = interest.contains(.picture) ? Canvas.byteCount(canvas, size: size) : 0
    let mapBytes = interest.contains(.map) ? size.pixels : 0
    shownBytes = pictureBytes + mapBytes
    let wantsCaptured = interest.contains(.captured)
    let shownSlots: Int
    switch policy {
    case .newest:
      shownSlots = shownBytes > 0 ? Self.newestSlots : 0
      capturedSlotBytes = wantsCaptured ? frameBytes : 0
      captured = .allocate(byteCount: max(1, Self.newestSlots * capturedSlotBytes), alignment: 64)
      freeCaptured = FreeSlots(wantsCaptured ? Self.newestSlots : 0)
      ring = ByteRing(capacity: 0)
    case .queue(let bytes):
      // Both kinds share the bytes evenly; too few would never hold a frame.
      let share = wantsCaptured && shownBytes > 0 ? bytes / 2 : bytes
      shownSlots = shownBytes > 0 ? max(Self.newestSlots, share / shownBytes) : 0
      capturedSlotBytes = 0
      let ringBytes = wantsCaptured ? max(share, 2 * frameBytes) : 0
      captured = .allocate(byteCount: max(1, ringBytes), alignment: 64)
      freeCaptured = FreeSlots(0)
      ring = ByteRing(capacity: ringBytes)
    }
    pictures = pictureBytes > 0 ? (0..<shownSlots).map { _ in Canvas(canvas, size: size) } : []
    maps = mapBytes > 0 ? (0..<shownSlots).map { _ in ClassMap(size: size) } : []
    let measured = mapBytes > 0 ? figures : nil
    self.figures = measured.map { kind in (0..<shownSlots).map { _ in RoadFigures(like: kind) } } ?? []
    freeShown = FreeSlots(shownSlots)
    capacity = shownSlots * shownBytes + (wantsCaptured ? captured.count : 0)
  }

  deinit { captured.deallocate() }

  /// Finds a place for a frame; false when there is none.
  func take(_ entry: inout LaneQueue.Entry) -> Bool {
    if entry.kind == .shown || entry.kind == .notice {
      guard let slot = freeShown.take() else { return false }
      entry.slot = slot
      return true
    }
    if capturedSlotBytes > 0 {
      guard entry.byteCount <= capturedSlotBytes, let slot = freeCaptured.take() else { return false }
      entry.slot = slot
      entry.piece = ByteRing.Piece(offset: slot * capturedSlotBytes, span: 0)
      return true
    }
    guard let piece = ring.take(entry.byteCount) else { return false }
    entry.piece = piece
    return true
  }

  func giveBack(_ entry: LaneQueue.Entry) {
    switch entry.kind {
    case .settled: break
    case .shown, .notice: freeShown.giveBack(entry.slot)
    case .captured where capturedSlotBytes > 0: freeCaptured.giveBack(entry.slot)
    case .captured: ring.giveBack(entry.piece)
    }
  }

  func bytes(of entry: LaneQueue.Entry) -> Int {
    switch entry.kind {
    case .settled: 0
    case .shown, .notice: shownBytes
    case .captured: entry.byteCount
    }
  }

  /// A place that `take` found; its finder's alone until it is given back.
  func capturedBytes(_ offset: Int, _ count: Int) -> UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(rebasing: captured[offset..<offset + count])
  }
}

/// Numbers of slots that nobody holds; nothing is allocated after `init`.
private struct FreeSlots {
  private var numbers: [Int]

  init(_ count: Int) { numbers = Array(0..<count) }

  mutating func take() -> Int? { numbers.popLast() }
  mutating func giveBack(_ slot: Int) { numbers.append(slot) }
}
