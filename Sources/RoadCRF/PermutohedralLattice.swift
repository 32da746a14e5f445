import Glibc

/// Gaussian filtering of values at scattered points in O(points): the permutohedral lattice of Adams, Baek and Davis
/// (Eurographics 2010), as Kraehenbuehl and Koltun use it.
///
/// Points are lifted into a lattice of simplices; each value is splatted to the corners of its simplex, the lattice is
/// blurred along each of its axes, and read at the points again. It is an approximation: within some percent of the
/// exact sums.
final class PermutohedralLattice {
  let points: Int
  private let dimensions: Int
  /// Corners of each point's simplex, `dimensions + 1` a point: vertices from 1 on, and barycentric weights.
  private var corners: [Int32] = []
  private var weights: [Float] = []
  /// Vertices before and behind each vertex along each axis; 0 for none.
  private var before: [Int32] = []
  private var behind: [Int32] = []
  private var vertices = 0

  /// - Parameter features: of `dimensions` numbers a point, in standard deviations.
  init(features: [Float], dimensions: Int) {
    precondition(features.count % dimensions == 0 && dimensions > 0, "\(features.count) numbers for \(dimensions)")
    self.dimensions = dimensions
    points = features.count / dimensions
    var table = VertexTable(dimensions: dimensions, expected: points)
    locate(features, &table)
    vertices = table.count
    connect(&table)
  }

  private func locate(_ features: [Float], _ table: inout VertexTable) {
    let d = dimensions
    let canonical = (0...d).map { r in (0...d).map { $0 <= d - r ? r : r - (d + 1) } }
    let deviation = Float(2.0 / 3).squareRoot() * Float(d + 1)
    let scales = (0..<d).map { deviation / Float(($0 + 2) * ($0 + 1)).squareRoot() }
    corners = [Int32](repeating: 0, count: points * (d + 1))
    weights = [Float](repeating: 0, count: points * (d + 1))
    var simplex = Simplex(dimensions: d)
    var key = [Int16](repeating: 0, count: d)
    for point in 0..<points {
      for i in 0..<d { simplex.scaled[i] = features[point * d + i] * scales[i] }
      simplex.find()
      for r in 0...d {
        for i in 0..<d { key[i] = Int16(truncatingIfNeeded: simplex.nearest[i] + canonical[r][simplex.rank[i]]) }
        corners[point * (d + 1) + r] = Int32(table.vertex(key, adds: true))
        weights[point * (d + 1) + r] = simplex.weights[r]
      }
    }
  }

  private func connect(_ table: inout VertexTable) {
    let d = dimensions
    before = [Int32](repeating: 0, count: (d + 1) * vertices)
    behind = before
    for vertex in 0..<vertices {
      let key = table.key(of: vertex)
      for axis in 0...d {
        var (low, high) = (key.map { $0 &- 1 }, key.map { $0 &+ 1 })
        if axis < d {
          low[axis] = key[axis] &+ Int16(d)
          high[axis] = key[axis] &- Int16(d)
        }
        before[axis * vertices + vertex] = Int32(table.vertex(low, adds: false))
        behind[axis * vertices + vertex] = Int32(table.vertex(high, adds: false))
      }
    }
  }

  /// - Parameter values: `count` side by side for each point.
  /// - Returns: the same shape: sums over all points, weighted by the Gaussian of the distance.
  func filter(_ values: [Float], count: Int) -> [Float] {
    precondition(values.count == points * count, "\(values.count) values for \(points) points of \(count)")
    let d = dimensions
    var now = [Float](repeating: 0, count: (vertices + 1) * count)
    var next = now
    now.withUnsafeMutableBufferPointer { now in
      values.withUnsafeBufferPointer { values in
        for point in 0..<points {
          for corner in point * (d + 1)..<(point + 1) * (d + 1) {
            let (place, weight) = (Int(corners[corner]) * count, weights[corner])
            for c in 0..<count { now[place + c] += weight * values[point * count + c] }
          }
        }
      }
    }
    for axis in 0...d {
      now.withUnsafeBufferPointer { now in
        next.withUnsafeMutableBufferPointer { next in
          for vertex in 0..<vertices {
            let left = Int(before[axis * vertices + vertex]) * count
            let right = Int(behind[axis * vertices + vertex]) * count
            let place = (vertex + 1) * count
            for c in 0..<count { next[place + c] = now[place + c] + 0.5 * (now[left + c] + now[right + c]) }
          }
        }
      }
      swap(&now, &next)
    }
    return slice(now, count: count)
  }

  private func slice(_ lattice: [Float], count: Int) -> [Float] {
    let d = dimensions
    // What the blur along all axes adds to a constant.
    let norm = 1 / (1 + exp2f(Float(-d)))
    var values = [Float](repeating: 0, count: points * count)
    values.withUnsafeMutableBufferPointer { values in
      lattice.withUnsafeBufferPointer { lattice in
        for point in 0..<points {
          for corner in point * (d + 1)..<(point + 1) * (d + 1) {
            let (place, weight) = (Int(corners[corner]) * count, weights[corner] * norm)
            for c in 0..<count { values[point * count + c] += weight * lattice[place + c] }
          }
        }
      }
    }
    return values
  }
}

/// The simplex of the lattice that a point lies in.
private struct Simplex {
  private let d: Int
  /// The point, scaled.
  var scaled: [Float]
  private var elevated: [Float]
  /// The nearest lattice point whose remainder is zero.
  private(set) var nearest: [Int]
  private(set) var rank: [Int]
  /// Barycentric, by remainder; one more than there are corners.
  private(set) var weights: [Float]

  init(dimensions: Int) {
    d = dimensions
    scaled = [Float](repeating: 0, count: d)
    elevated = [Float](repeating: 0, count: d + 1)
    nearest = [Int](repeating: 0, count: d + 1)
    rank = nearest
    weights = [Float](repeating: 0, count: d + 2)
  }

  mutating func find() {
    var sum: Float = 0
    for j in stride(from: d, to: 0, by: -1) {
      elevated[j] = sum - Float(j) * scaled[j - 1]
      sum += scaled[j - 1]
    }
    elevated[0] = sum
    var excess = 0
    for i in 0...d {
      let rounded = Int((elevated[i] / Float(d + 1)).rounded())
      nearest[i] = rounded * (d + 1)
      rank[i] = 0
      excess += rounded
    }
    order()
    for i in 0...d {
      rank[i] += excess
      if rank[i] < 0 {
        rank[i] += d + 1
        nearest[i] += d + 1
      } else if rank[i] > d {
        rank[i] -= d + 1
        nearest[i] -= d + 1
      }
    }
    for i in 0...d + 1 { weights[i] = 0 }
    for i in 0...d {
      let rest = (elevated[i] - Float(nearest[i])) / Float(d + 1)
      weights[d - rank[i]] += rest
      weights[d + 1 - rank[i]] -= rest
    }
    weights[0] += 1 + weights[d + 1]
  }

  private mutating func order() {
    for i in 0..<d {
      let rest = elevated[i] - Float(nearest[i])
      for j in i + 1...d {
        if rest < elevated[j] - Float(nearest[j]) { rank[i] += 1 } else { rank[j] += 1 }
      }
    }
  }
}

/// Vertices by their coordinates, numbered from 1 on; 0 stands for none.
private struct VertexTable {
  private let d: Int
  private var slots: [Int32]
  private var keys: [Int16] = []

  init(dimensions: Int, expected: Int) {
    d = dimensions
    slots = [Int32](repeating: 0, count: Self.power(above: 2 * expected))
    keys.reserveCapacity(expected * d)
  }

  private static func power(above count: Int) -> Int { 1 << (Int.bitWidth - max(count, 1024).leadingZeroBitCount) }

  var count: Int { keys.count / d }

  func key(of vertex: Int) -> [Int16] { Array(keys[vertex * d..<(vertex + 1) * d]) }

  mutating func vertex(_ key: [Int16], adds: Bool) -> Int {
    var slot = place(of: key)
    while slots[slot] != 0 {
      if isSame(Int(slots[slot]) - 1, key) { return Int(slots[slot]) }
      slot = (slot + 1) & (slots.count - 1)
    }
    guard adds else { return 0 }
    keys += key
    slots[slot] = Int32(count)
    if 2 * count > slots.count { grow() }
    return count
  }

  private func place(of key: [Int16]) -> Int {
    var hash: UInt64 = 0
    for part in key { hash = (hash &+ UInt64(UInt16(bitPattern: part))) &* 0x9E37_79B9_7F4A_7C15 }
    return Int(truncatingIfNeeded: hash >> 20) & (slots.count - 1)
  }

  private func isSame(_ vertex: Int, _ key: [Int16]) -> Bool {
    for i in 0..<d where keys[vertex * d + i] != key[i] { return false }
    return true
  }

  private mutating func grow() {
    slots = [Int32](repeating: 0, count: 2 * slots.count)
    for vertex in 0..<count {
      var slot = place(of: key(of: vertex))
      while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = Int32(vertex + 1)
    }
  }
}
