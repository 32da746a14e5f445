internal import CVectorUnit

/// Four source rows of one column, interleaved: each Int32 holds one channel's four bytes, top to bottom, in the order
/// in which the sums hold channels.
struct Column {
  let v0: Vector
  let v1: Vector
  let v2: Vector
  let v3: Vector

  @inline(__always)
  init(_ a: Vector, _ b: Vector, _ c: Vector, _ d: Vector) {
    let (low, high) = (rv_unpacklo8(a, b), rv_unpackhi8(a, b))
    let (lowBelow, highBelow) = (rv_unpacklo8(c, d), rv_unpackhi8(c, d))
    v0 = rv_unpacklo16(low, lowBelow)
    v1 = rv_unpackhi16(low, lowBelow)
    v2 = rv_unpacklo16(high, highBelow)
    v3 = rv_unpackhi16(high, highBelow)
  }
}

extension BlockSums {
  /// Weights of one kernel column for a block of channels: four taps each.
  static var columnBytes: Int { 4 &* vectorBytes }

  @inline(__always)
  mutating func add(_ column: Column, _ weights: UnsafeRawPointer) {
    c0 = rv_dpbusd(c0, column.v0, rv_load(weights))
    c1 = rv_dpbusd(c1, column.v1, rv_load(weights + vectorBytes))
    c2 = rv_dpbusd(c2, column.v2, rv_load(weights + 2 &* vectorBytes))
    c3 = rv_dpbusd(c3, column.v3, rv_load(weights + 3 &* vectorBytes))
  }

  /// The upper three rows, or the lower three; weights of the latter lie three columns behind.
  @inline(__always)
  mutating func addUpper(_ column: Column, _ weights: UnsafeRawPointer) { add(column, weights) }

  @inline(__always)
  mutating func addLower(_ column: Column, _ weights: UnsafeRawPointer) {
    add(column, weights + 3 &* Self.columnBytes)
  }
}
