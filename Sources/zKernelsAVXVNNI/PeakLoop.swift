internal import CVectorUnit

/// 12 independent chains of vpdpbusd on registers of 32 bytes. 32 products an instruction.
///
/// - Returns: the multiply-accumulates done.
@inline(never)
public func peakLoopAVXVNNI(_ turns: Int) -> Int {
  let bytes = rv_set8(UInt8(truncatingIfNeeded: turns))
  let weights = rv_set8(UInt8(truncatingIfNeeded: turns | 1))
  var (a, b) = (Chains(bytes), Chains(weights))
  var turn = 0
  while turn < turns {
    a.step(bytes, weights)
    b.step(bytes, weights)
    turn &+= 1
  }
  // The comparison keeps the loop from being removed.
  return rv_add32(a.sum(), b.sum())[0] == .min ? 0 : turns &* 12 &* 32
}

private struct Chains {
  var s0: Vector
  var s1: Vector
  var s2: Vector
  var s3: Vector
  var s4: Vector
  var s5: Vector

  @inline(__always)
  init(_ start: Vector) {
    s0 = start
    s1 = rv_add32(s0, start)
    s2 = rv_add32(s1, start)
    s3 = rv_add32(s2, start)
    s4 = rv_add32(s3, start)
    s5 = rv_add32(s4, start)
  }

  @inline(__always)
  mutating func step(_ bytes: Vector, _ weights: Vector) {
    s0 = rv_dpbusd(s0, bytes, weights)
    s1 = rv_dpbusd(s1, bytes, weights)
    s2 = rv_dpbusd(s2, bytes, weights)
    s3 = rv_dpbusd(s3, bytes, weights)
    s4 = rv_dpbusd(s4, bytes, weights)
    s5 = rv_dpbusd(s5, bytes, weights)
  }

  @inline(__always)
  func sum() -> Vector {
    rv_add32(rv_add32(rv_add32(s0, s1), rv_add32(s2, s3)), rv_add32(s4, s5))
  }
}
