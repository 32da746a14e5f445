/// Paths one behind the other in memory that is not counted or checked. Pixels that a part of the car hides are -1.
final class PathTable {
  let count: Int
  private let starts: UnsafeMutablePointer<Int>
  private let pixels: UnsafeMutablePointer<Int32>
  private let edges: UnsafeMutablePointer<Int32>

  /// - Parameter hidden: by pixel; empty where nothing is.
  init(_ paths: [GroundPath], hidden: [Bool]) {
    count = paths.count
    starts = .allocate(capacity: count + 1)
    let total = paths.reduce(0) { $0 + $1.pixels.count }
    pixels = .allocate(capacity: max(1, total))
    // A path has an edge more than it has pixels, if it has any.
    edges = .allocate(capacity: total + count + 1)
    var place = 0
    for (index, path) in paths.enumerated() {
      (starts + index).initialize(to: place)
      let seen = hidden.isEmpty ? path.pixels : path.pixels.map { hidden[Int($0)] ? -1 : $0 }
      (pixels + place).initialize(from: seen, count: seen.count)
      (edges + place + index).initialize(repeating: 0, count: path.pixels.count + 1)
      if !path.pixels.isEmpty { (edges + place + index).update(from: path.edges, count: path.edges.count) }
      place += path.pixels.count
    }
    (starts + count).initialize(to: place)
  }

  typealias Path = (pixels: UnsafePointer<Int32>, edges: UnsafePointer<Int32>, count: Int)

  deinit {
    starts.deallocate()
    pixels.deallocate()
    edges.deallocate()
  }

  subscript(index: Int) -> Path {
    let start = starts[index]
    return (UnsafePointer(pixels + start), UnsafePointer(edges + start + index), starts[index + 1] - start)
  }

  /// The last pixel of a path, of one at least, that begins at a place or before it; the first where none does.
  ///
  /// - Parameter place: as the path's edges, millimetres.
  static func pixel(of path: Path, at place: Int32) -> Int {
    var (low, high) = (0, path.count - 1)
    while low < high {
      let middle = (low + high + 1) / 2
      if path.edges[middle] <= place { low = middle } else { high = middle - 1 }
    }
    return low
  }
}
