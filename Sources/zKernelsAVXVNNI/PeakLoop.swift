internal import CVectorUnit

/// 12 independent chains of vpdpbusd on registers of 32 bytes. 32 products an instruction.
///
/// - Returns: the multiply-accumulates done.
@inline(never)
public func peakLoopAVXVNNI(_ turns: Int) -> Int {
  let bytes = rv_set8(UInt8(truncatingIfNeeded: turns))
  let weights = rv_set8(UInt8(truncatingIfNeeded: turns | 1))
  var (a, b) = (DotChains(bytes), DotChains(weights))
  var turn = 0
  while turn < turns {
    a.step(bytes, weights)
    b.step(bytes, weights)
    turn &+= 1
  }
  // The comparison keeps the loop from being removed.
  return rv_add32(a.sum(), b.sum())[0] == .min ? 0 : turns &* 12 &* 32
}
