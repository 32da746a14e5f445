internal import CVectorUnit

/// Sums of 6 pixels (or tiles) of Int16 by 16 output channels: 12 registers.
struct SixPixels {
  static var count: Int { 6 }

  var t0: Sums16
  var t1: Sums16
  var t2: Sums16
  var t3: Sums16
  var t4: Sums16
  var t5: Sums16

  @inline(__always)
  init(from start: Sums16) {
    t0 = start
    t1 = start
    t2 = start
    t3 = start
    t4 = start
    t5 = start
  }

  /// - Parameters:
  ///   - pitch: bytes from one pixel to the next.
  ///   - pairs: pairs of input channels.
  ///   - weights: for each pair 16 pairs of Int16.
  @inline(__always)
  mutating func add(_ pixels: UnsafeRawPointer, _ pitch: Int, pairs: Int, _ weights: UnsafeRawPointer) {
    var pair = pixels
    let end = pixels + 4 &* pairs
    let far = 3 &* pitch
    var group = weights
    repeat {
      let w0 = rv_load(group)
      let w1 = rv_load(group + 32)
      t0.add(pair, w0, w1)
      t1.add(pair + pitch, w0, w1)
      t2.add(pair + 2 &* pitch, w0, w1)
      t3.add(pair + far, w0, w1)
      t4.add(pair + far + pitch, w0, w1)
      t5.add(pair + far + 2 &* pitch, w0, w1)
      pair += 4
      group += 64
    } while pair != end
  }

  @inline(__always)
  func store(_ pointer: UnsafeMutableRawPointer) {
    t0.store(pointer)
    t1.store(pointer + 64)
    t2.store(pointer + 128)
    t3.store(pointer + 192)
    t4.store(pointer + 256)
    t5.store(pointer + 320)
  }
}

extension Sums16 {
  @inline(__always)
  static var zero: Sums16 { Sums16(c0: rv_zero(), c1: rv_zero()) }

  /// Two channels of a tile by their weights.
  @inline(__always)
  mutating func add(_ pair: UnsafeRawPointer, _ w0: Vector, _ w1: Vector) {
    let both = rv_broadcast32(pair)
    c0 = rv_add32(c0, rv_madd16(both, w0))
    c1 = rv_add32(c1, rv_madd16(both, w1))
  }

  @inline(__always)
  func store(_ pointer: UnsafeMutableRawPointer) {
    rv_store(pointer, c0)
    rv_store(pointer + 32, c1)
  }
}
