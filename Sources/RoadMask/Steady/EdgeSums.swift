/// What ``PictureHealth`` adds up, row by row, in loops that compilers turn into vectors on every board: on SIMD types,
/// of which a plain x86-64 lacks operations, the same sums took eight times as long.
struct EdgeSums {
  /// Pixels with |gx| + |gy| ≥ 16, and Σ of that and of |l| over them.
  var edges = 0
  var gradients = 0
  var bends = 0

  private static let leastEdge: Int32 = 16

  static func light(_ row: UnsafePointer<UInt8>, count: Int) -> Int {
    var sum: UInt32 = 0
    for x in 0..<count { sum &+= UInt32(row[x]) }
    return Int(sum)
  }

  /// All pixels of a row but the first and the last; the rows above and below it follow and precede it in memory.
  mutating func add(_ row: UnsafePointer<UInt8>, width: Int) {
    guard width > 2 else { return }
    let (above, below) = (row - width, row + width)
    var (count, slopes, curves) = (Int32(0), Int32(0), Int32(0))
    for x in 1..<width &- 1 {
      let (left, right) = (Int32(row[x &- 1]), Int32(row[x &+ 1]))
      let (upper, lower) = (Int32(above[x]), Int32(below[x]))
      let gradient = Self.magnitude(right &- left) &+ Self.magnitude(lower &- upper)
      let bend = Self.magnitude(Int32(row[x]) &<< 2 &- left &- right &- upper &- lower)
      count &+= gradient >= Self.leastEdge ? 1 : 0
      slopes &+= gradient >= Self.leastEdge ? gradient : 0
      curves &+= gradient >= Self.leastEdge ? bend : 0
    }
    edges &+= Int(count)
    gradients &+= Int(slopes)
    bends &+= Int(curves)
  }

  @inline(__always)
  private static func magnitude(_ difference: Int32) -> Int32 { difference < 0 ? 0 &- difference : difference }
}
