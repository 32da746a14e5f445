internal import CVectorUnit
import RoadKernelContract

@inline(never)
public func convolutionNEONI8MM(_ arguments: UnsafePointer<ConvolutionArguments>, _ firstRow: Int, _ endRow: Int) {
  convolution(arguments, firstRow, endRow)
}

@inline(never)
public func depthwiseNEONI8MM(_ arguments: UnsafePointer<DepthwiseArguments>, _ firstRow: Int, _ endRow: Int) {
  depthwise(arguments, firstRow, endRow)
}

// Unsigned bytes by signed weights: no bit is flipped.

@inline(__always)
func sourceBytes(_ pointer: UnsafeRawPointer) -> Vector { rv_load(pointer) }

/// Four bytes, four times.
@inline(__always)
func sourceBytes4(_ pointer: UnsafeRawPointer) -> Vector { rv_broadcast32(pointer) }

/// 24 independent chains of usmmla on registers: nothing this core does with bytes is faster. 32 products an
/// instruction.
///
/// - Returns: the multiply-accumulates done.
@inline(never)
public func peakLoopNEONI8MM(_ turns: Int) -> Int {
  let bytes = rv_set8(UInt8(truncatingIfNeeded: turns))
  let weights = rv_set8(UInt8(truncatingIfNeeded: turns | 1))
  var (a, b, c, d) = (Chains(bytes), Chains(weights), Chains(bytes), Chains(weights))
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
  return sum[0] == .min ? 0 : turns &* 24 &* 32
}

private struct Chains {
  private var s0: Vector
  private var s1: Vector
  private var s2: Vector
  private var s3: Vector
  private var s4: Vector
  private var s5: Vector

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
    s0 = rv_usmmla(s0, bytes, weights)
    s1 = rv_usmmla(s1, bytes, weights)
    s2 = rv_usmmla(s2, bytes, weights)
    s3 = rv_usmmla(s3, bytes, weights)
    s4 = rv_usmmla(s4, bytes, weights)
    s5 = rv_usmmla(s5, bytes, weights)
  }

  @inline(__always)
  func sum() -> Vector { rv_add32(rv_add32(rv_add32(s0, s1), rv_add32(s2, s3)), rv_add32(s4, s5)) }
}
