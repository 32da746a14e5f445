import RoadBase

/// The connected patches of a ``BitPlane``, found by their runs in each row.
///
/// Made once for a size, with room for the worst picture, a chequered one; memory that is not needed is never touched.
final class Patches {
  /// How patches hang together.
  enum Neighbours {
    /// By their sides.
    case four
    /// By their corners, too.
    case eight
  }

  private struct Run {
    var start: UInt16
    /// Exclusive.
    var end: UInt16
    /// Of the patch's first run.
    var lastRow: UInt16
    /// An earlier run of the same patch, or itself.
    var parent: Int32
    /// Pixels of the patch, of its first run.
    var area: Int32
  }

  private let size: PictureSize
  private let runs: UnsafeMutablePointer<Run>
  private let runBytes: Int
  /// The first run of each row, and the count of all behind the last.
  private let firsts: UnsafeMutablePointer<Int32>

  init(size: PictureSize) {
    self.size = size
    let mostRuns = (size.width + 1) / 2 * size.height
    runBytes = mostRuns * MemoryLayout<Run>.stride
    runs = Memory.pages(runBytes).bindMemory(to: Run.self, capacity: mostRuns)
    firsts = .allocate(capacity: size.height + 1)
    firsts.initialize(repeating: 0, count: size.height + 1)
  }

  deinit {
    Memory.giveBack(runs, runBytes)
    firsts.deallocate()
  }

  /// Takes patches of fewer than `area` pixels away, and those that have no pixel in row `lowestRow` or below.
  func drop(from plane: BitPlane, smallerThan area: Int, endingAbove lowestRow: Int = 0, _ neighbours: Neighbours) {
    find(in: plane, reach: neighbours == .eight ? 1 : 0)
    for index in 0..<Int(firsts[size.height]) {
      let root = root(of: index)
      if root != index {
        runs[root].area += runs[index].area
        runs[root].lastRow = max(runs[root].lastRow, runs[index].lastRow)
      }
    }
    for y in 0..<size.height {
      let row = plane.base + y * plane.words
      for index in Int(firsts[y])..<Int(firsts[y + 1]) {
        let root = root(of: index)
        guard Int(runs[root].area) < area || Int(runs[root].lastRow) < lowestRow else { continue }
        plane.clear(row, from: Int(runs[index].start), to: Int(runs[index].end))
      }
    }
  }

  private func find(in plane: BitPlane, reach: Int) {
    precondition(plane.size == size, "a plane of \(plane.size), planned for \(size)")
    var count = 0
    for y in 0..<size.height {
      let row = plane.base + y * plane.words
      firsts[y] = Int32(truncatingIfNeeded: count)
      var above = y == 0 ? 0 : Int(firsts[y - 1])
      let endAbove = count
      var start = plane.column(of: true, from: 0, in: row)
      while start < size.width {
        let end = plane.column(of: false, from: start, in: row)
        (runs + count).initialize(
          to: Run(
            start: UInt16(start), end: UInt16(end), lastRow: UInt16(y), parent: Int32(truncatingIfNeeded: count),
            area: Int32(end - start)))
        // Runs above that end before this one begins cannot meet a later one either.
        while above < endAbove, Int(runs[above].end) + reach <= start { above += 1 }
        var other = above
        while other < endAbove, Int(runs[other].start) < end + reach {
          join(other, count)
          other += 1
        }
        count += 1
        start = plane.column(of: true, from: end, in: row)
      }
    }
    firsts[size.height] = Int32(truncatingIfNeeded: count)
  }

  private func join(_ first: Int, _ second: Int) {
    let (a, b) = (root(of: first), root(of: second))
    if a < b { runs[b].parent = Int32(truncatingIfNeeded: a) } else { runs[a].parent = Int32(truncatingIfNeeded: b) }
  }

  private func root(of run: Int) -> Int {
    var index = run
    while Int(runs[index].parent) != index {
      runs[index].parent = runs[Int(runs[index].parent)].parent
      index = Int(runs[index].parent)
    }
    return index
  }
}
