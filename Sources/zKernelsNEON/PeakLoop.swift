internal import CVectorUnit

/// 12 independent chains of smull, smlal and sadalp on registers: the fastest exact multiply-accumulate without a dot
/// product. 16 products a chain and turn.
///
/// - Returns: the multiply-accumulates done.
@inline(never)
public func peakLoopNEON(_ turns: Int) -> Int {
  let weights = rv_set8(UInt8(truncatingIfNeeded: turns & 63 | 1))
  var (a, b) = (Chains(1), Chains(7))
  var turn = 0
  while turn < turns {
    a.step(weights)
    b.step(weights)
    turn &+= 1
  }
  // The comparison keeps the loop from being removed.
  return rv_add32(a.sum(), b.sum())[0] == .min ? 0 : turns &* 12 &* 16
}

/// Each chain multiplies its own sum: a product that did not change would be computed once, before the loop.
private struct Chains {
  var s0: Vector
  var s1: Vector
  var s2: Vector
  var s3: Vector
  var s4: Vector
  var s5: Vector

  @inline(__always)
  init(_ first: Int32) {
    s0 = rv_set32(first)
    s1 = rv_set32(first &+ 1)
    s2 = rv_set32(first &+ 2)
    s3 = rv_set32(first &+ 3)
    s4 = rv_set32(first &+ 4)
    s5 = rv_set32(first &+ 5)
  }

  @inline(__always)
  mutating func step(_ weights: Vector) {
    s0 = rv_mull8_padal(s0, s0, weights)
    s1 = rv_mull8_padal(s1, s1, weights)
    s2 = rv_mull8_padal(s2, s2, weights)
    s3 = rv_mull8_padal(s3, s3, weights)
    s4 = rv_mull8_padal(s4, s4, weights)
    s5 = rv_mull8_padal(s5, s5, weights)
  }

  @inline(__always)
  func sum() -> Vector {
    rv_add32(rv_add32(rv_add32(s0, s1), rv_add32(s2, s3)), rv_add32(s4, s5))
  }
}
