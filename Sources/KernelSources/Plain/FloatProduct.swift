import RoadKernelContract

// Shared source: each instruction-set target compiles its own copy (a linked folder) for its own width.

/// Four rows against sixteen columns at a time: each column vector is loaded once for four products.
@inline(__always)
func floatProduct(_ arguments: UnsafePointer<FloatProductArguments>) {
  let a = arguments.pointee
  var column = 0
  while column < a.columnCount {
    if a.rowCount == 1 { oneRow(a, column) } else { fourRows(a, column) }
    column &+= FloatProductArguments.block
  }
}

/// Rows that are not there repeat the first and are not stored.
@inline(__always)
private func fourRows(_ a: FloatProductArguments, _ column: Int) {
  let w0 = a.rows
  let w1 = a.rows + a.depth
  let w2 = a.rowCount > 2 ? a.rows + 2 &* a.depth : w0
  let w3 = a.rowCount > 3 ? a.rows + 3 &* a.depth : w0
  var s0 = SIMD16<Float>(repeating: a.start[0])
  var s1 = SIMD16<Float>(repeating: a.start[1])
  var s2 = SIMD16<Float>(repeating: a.rowCount > 2 ? a.start[2] : 0)
  var s3 = SIMD16<Float>(repeating: a.rowCount > 3 ? a.start[3] : 0)
  var source = UnsafeRawPointer(a.columns + column)
  var k = 0
  while k < a.depth {
    let vector = source.loadUnaligned(as: SIMD16<Float>.self)
    s0 += vector * w0[k]
    s1 += vector * w1[k]
    s2 += vector * w2[k]
    s3 += vector * w3[k]
    source += 4 &* a.pitch
    k &+= 1
  }
  store(s0, a, 0, column)
  store(s1, a, 1, column)
  if a.rowCount > 2 { store(s2, a, 2, column) }
  if a.rowCount > 3 { store(s3, a, 3, column) }
}

@inline(__always)
private func oneRow(_ a: FloatProductArguments, _ column: Int) {
  var sum = SIMD16<Float>(repeating: a.start[0])
  var source = UnsafeRawPointer(a.columns + column)
  var k = 0
  while k < a.depth {
    sum += source.loadUnaligned(as: SIMD16<Float>.self) * a.rows[k]
    source += 4 &* a.pitch
    k &+= 1
  }
  store(sum, a, 0, column)
}

@inline(__always)
private func store(_ sum: SIMD16<Float>, _ a: FloatProductArguments, _ row: Int, _ column: Int) {
  let target = a.output + (row &* a.outputPitch &+ column)
  let lanes = a.columnCount &- column
  if lanes >= FloatProductArguments.block {
    UnsafeMutableRawPointer(target).storeBytes(of: sum, as: SIMD16<Float>.self)
  } else {
    var lane = 0
    while lane < lanes {
      target[lane] = sum[lane]
      lane &+= 1
    }
  }
}
