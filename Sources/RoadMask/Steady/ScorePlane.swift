import RoadBase
import RoadKernelContract
import RoadKernels

/// The memory of a ``ScoreStabiliser``: steadied scores of this frame and the last in 1/128 steps, with what is road in
/// them. Rows are worked on one by one, by any thread.
final class ScorePlane: @unchecked Sendable {
  let width: Int
  let height: Int
  let output: ScoreView

  private let steadyRow = KernelSet.ofThisMachine.steadyRow
  private let classes: Int
  /// Scores of a pixel in memory; those behind the classes are 0.
  private let pitch: Int
  private let road: Int
  /// One score a pixel: the least that is above the level, and whether above is road. In 1/128.
  private let level: (least: Int, aboveIsRoad: Bool)?

  private let fresh: UnsafeMutablePointer<UInt16>
  private var state: UnsafeMutablePointer<UInt16>
  private var before: UnsafeMutablePointer<UInt16>
  private let bytes: UnsafeMutablePointer<UInt8>
  /// Bit 0: road by the network alone; bit 1: road as given on.
  private var flags: UnsafeMutablePointer<UInt8>
  private var flagsBefore: UnsafeMutablePointer<UInt8>
  /// Of each row.
  private let tallies: UnsafeMutablePointer<Tally>

  private struct Tally {
    var still = 0
    var networkFlips = 0
    var flips = 0
  }

  init(like scores: ScoreView, road: RoadRule) {
    (width, height, classes) = (scores.width, scores.height, scores.classes)
    pitch = (scores.classes + 7) / 8 * 8
    self.road = Int(road.road)
    level = road.threshold.map { (Int(($0.steps * 128).rounded(.down)) + 1, $0.above == road.road) }
    let count = width * height * pitch
    func memory<T>(_ count: Int, _ value: T) -> UnsafeMutablePointer<T> {
      let memory = UnsafeMutablePointer<T>.allocate(capacity: count)
      memory.initialize(repeating: value, count: count)
      return memory
    }
    fresh = memory(count, 0)
    state = memory(count, 0)
    before = memory(count, 0)
    let isWide = scores.lowOffset > 0
    let pixel = isWide ? 2 * pitch : pitch
    bytes = memory(width * height * pixel, 0)
    flags = memory(width * height, 0)
    flagsBefore = memory(width * height, 0)
    tallies = memory(height, Tally())
    output = ScoreView(
      base: UnsafePointer(bytes), width: width, height: height, classes: classes, pixelPitch: pixel,
      rowPitch: width * pixel, lowOffset: isWide ? pitch : 0)
  }

  deinit {
    fresh.deallocate()
    state.deallocate()
    before.deallocate()
    bytes.deallocate()
    flags.deallocate()
    flagsBefore.deallocate()
    tallies.deallocate()
  }

  func advance() {
    swap(&state, &before)
    swap(&flags, &flagsBefore)
  }

  func read(row: Int, of scores: ScoreView) {
    let out = fresh + row &* width &* pitch
    tallies[row] = Tally()
    for x in 0..<width {
      let (pixel, cell) = (scores.pixel(row, x), out + x &* pitch)
      if scores.lowOffset == 0 {
        for c in 0..<classes { cell[c] = UInt16(pixel[c]) &<< 7 }
      } else {
        for c in 0..<classes { cell[c] = UInt16(pixel[c]) &<< 7 | UInt16(pixel[scores.lowOffset &+ c]) }
      }
    }
  }

  /// The network's scores as they are.
  func takeOver(row: Int) {
    let start = row &* width &* pitch
    (state + start).update(from: fresh + start, count: width &* pitch)
    for x in 0..<width { flags[row &* width &+ x] = isRoad(fresh + (start &+ x &* pitch)) ? 3 : 0 }
    write(row: row)
  }

  /// - Parameters:
  ///   - shift: where the pixels were, from where they are, in 1/16 of a score pixel.
  ///   - share: of the new scores, in 1/256.
  func blend(row: Int, _ cells: Range<Int>, from shift: (x: Int, y: Int), share: Int) {
    let y = min(max(row &* 16 &+ shift.y, 0), (height &- 1) &* 16)
    let (first, last) = (cells.lowerBound &* 16 &+ shift.x, (cells.upperBound &- 1) &* 16 &+ shift.x)
    if first >= 0, last <= (width &- 1) &* 16 {
      return blend(row: row, cells.lowerBound, count: cells.count, x: first, y: y, share: share)
    }
    for cell in cells {
      let x = min(max(cell &* 16 &+ shift.x, 0), (width &- 1) &* 16)
      blend(row: row, cell, count: 1, x: x, y: y, share: share)
    }
  }

  /// Pixels side by side, whose places in the frame before lie side by side, too, from (x, y) in 1/16 on.
  private func blend(row: Int, _ cell: Int, count: Int, x: Int, y: Int, share: Int) {
    let start = (row &* width &+ cell) &* pitch
    let (part, down) = (Int32(x & 15), Int32(y & 15))
    let left = UnsafePointer(before) + ((y >> 4) &* width &+ x >> 4) &* pitch
    let (step, line) = (part == 0 ? 0 : pitch, down == 0 ? 0 : width &* pitch)
    var arguments = SteadyRowArguments(
      new: UnsafePointer(fresh) + start, old: (left, left + step, left + line, left + (step &+ line)),
      weights: ((16 &- part) &* (16 &- down), part &* (16 &- down), (16 &- part) &* down, part &* down),
      share: Int32(share), count: count &* pitch, destination: state + start)
    steadyRow.run(&arguments)
  }

  /// Which pixels are road now and whether that is news.
  func count(row: Int, _ cells: Range<Int>, from shift: (x: Int, y: Int), isStill: Bool) {
    let start = row &* width
    let then = flagsBefore + min(max((row &* 16 &+ shift.y &+ 8) >> 4, 0), height &- 1) &* width
    for cell in cells {
      let place = (start &+ cell) &* pitch
      let flag: UInt8 = (isRoad(fresh + place) ? 1 : 0) | (isRoad(state + place) ? 2 : 0)
      flags[start &+ cell] = flag
      guard isStill else { continue }
      let news = flag ^ then[min(max((cell &* 16 &+ shift.x &+ 8) >> 4, 0), width &- 1)]
      tallies[row].still &+= 1
      tallies[row].networkFlips &+= Int(news & 1)
      tallies[row].flips &+= Int(news >> 1)
    }
  }

  /// The state's row as scores.
  func write(row: Int) {
    let from = state + row &* width &* pitch
    guard output.lowOffset > 0 else {
      let out = bytes + row &* width &* pitch
      // 32640 is the most: 255 steps.
      for i in 0..<width &* pitch { out[i] = UInt8(truncatingIfNeeded: (from[i] &+ 64) &>> 7) }
      return
    }
    for x in 0..<width {
      let (cell, out) = (from + x &* pitch, bytes + (row &* width &+ x) &* 2 &* pitch)
      for c in 0..<pitch {
        out[c] = UInt8(truncatingIfNeeded: cell[c] &>> 7)
        out[pitch &+ c] = UInt8(truncatingIfNeeded: cell[c] & 127)
      }
    }
  }

  func counts() -> StabilisedFrame {
    var frame = StabilisedFrame()
    frame.cells = width &* height
    for row in 0..<height {
      frame.stillCells &+= tallies[row].still
      frame.networkFlips &+= tallies[row].networkFlips
      frame.flips &+= tallies[row].flips
    }
    return frame
  }

  /// A tie counts as road.
  @inline(__always)
  private func isRoad(_ cell: UnsafePointer<UInt16>) -> Bool {
    if let level { return (Int(cell[0]) >= level.least) == level.aboveIsRoad }
    // No score is above 32640; signed comparisons are one instruction everywhere.
    let own = SIMD8<Int16>(repeating: Int16(truncatingIfNeeded: cell[road]))
    let eights = UnsafeRawPointer(cell)
    var start = 0
    while start < pitch {
      let scores = eights.loadUnaligned(fromByteOffset: 2 &* start, as: SIMD8<Int16>.self)
      if any(scores .> own) { return false }
      start &+= 8
    }
    return true
  }
}
