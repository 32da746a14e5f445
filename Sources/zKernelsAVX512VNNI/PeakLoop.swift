internal import CVectorUnit

/// 24 independent chains of vpdpbusd on registers: nothing this core does with bytes is faster. 64 products an
/// instruction.
///
/// - Returns: the multiply-accumulates done.
@inline(never)
public func peakLoopAVX512VNNI(_ turns: Int) -> Int {
  let bytes = rv_set8(UInt8(truncatingIfNeeded: turns))
  let weights = rv_set8(UInt8(truncatingIfNeeded: turns | 1))
  var (a, b, c, d) = (DotChains(bytes), DotChains(weights), DotChains(bytes), DotChains(weights))
  var turn = 0
  while turn < turns {
    a.step(bytes, weights)
    b.step(bytes, weights)
    c.step(bytes, weights)
    d.step(bytes, weights)
    turn &+= 1
  }
  let sum = rv_add32(rv_add32(a.sum(), b.sum()), rv_add32(c.sum(), d.sum()))
  // The comparison keeps the loop from being removed.
  return sum[0] == .min ? 0 : turns &* 24 &* 64
}
