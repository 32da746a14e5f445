internal import CVectorUnit

/// Sums of four left rows of 16-bit numbers with a panel of pairs, two vectors each.
struct FourLeftRows {
  private var a0: Vector
  private var a1: Vector
  private var b0: Vector
  private var b1: Vector
  private var c0: Vector
  private var c1: Vector
  private var d0: Vector
  private var d1: Vector

  @inline(__always)
  init(_ start: UnsafeRawPointer) {
    (a0, a1) = (rv_load(start), rv_load(start + vectorBytes))
    (b0, b1, c0, c1, d0, d1) = (a0, a1, a0, a1, a0, a1)
  }

  @inline(__always)
  mutating func add(_ from: UnsafeRawPointer) {
    let bytes = vectorBytes
    (a0, a1) = (rv_add32(a0, rv_load(from)), rv_add32(a1, rv_load(from + bytes)))
    (b0, b1) = (rv_add32(b0, rv_load(from + 2 &* bytes)), rv_add32(b1, rv_load(from + 3 &* bytes)))
    (c0, c1) = (rv_add32(c0, rv_load(from + 4 &* bytes)), rv_add32(c1, rv_load(from + 5 &* bytes)))
    (d0, d1) = (rv_add32(d0, rv_load(from + 6 &* bytes)), rv_add32(d1, rv_load(from + 7 &* bytes)))
  }

  /// - Parameter pitch: bytes from one left row to the next.
  @inline(__always)
  mutating func multiply(_ left: UnsafeRawPointer, _ pitch: Int, _ panel: UnsafeRawPointer, _ pairs: Int) {
    var (from, right) = (left, panel)
    let end = left + pairs &* 4
    while from != end {
      let (low, high) = (rv_load(right), rv_load(right + vectorBytes))
      let a = rv_broadcast32(from)
      (a0, a1) = (rv_addmadd16(a0, a, low), rv_addmadd16(a1, a, high))
      let b = rv_broadcast32(from + pitch)
      (b0, b1) = (rv_addmadd16(b0, b, low), rv_addmadd16(b1, b, high))
      let c = rv_broadcast32(from + 2 &* pitch)
      (c0, c1) = (rv_addmadd16(c0, c, low), rv_addmadd16(c1, c, high))
      let d = rv_broadcast32(from + 3 &* pitch)
      (d0, d1) = (rv_addmadd16(d0, d, low), rv_addmadd16(d1, d, high))
      from += 4
      right += 2 &* vectorBytes
    }
  }

  @inline(__always)
  func store(_ to: UnsafeMutableRawPointer) {
    let bytes = vectorBytes
    rv_store(to, a0)
    rv_store(to + bytes, a1)
    rv_store(to + 2 &* bytes, b0)
    rv_store(to + 3 &* bytes, b1)
    rv_store(to + 4 &* bytes, c0)
    rv_store(to + 5 &* bytes, c1)
    rv_store(to + 6 &* bytes, d0)
    rv_store(to + 7 &* bytes, d1)
  }
}
