internal import CVectorUnit

/// Six independent chains of vpdpbusd.
struct DotChains {
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
