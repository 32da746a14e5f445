internal import CVectorUnit
import RoadKernelContract

/// 16 output channels of two pixels: element 2i + j of vector v is pixel i, channel 2v + j.
private struct PixelPair {
  private var s0: Vector
  private var s1: Vector
  private var s2: Vector
  private var s3: Vector
  private var s4: Vector
  private var s5: Vector
  private var s6: Vector
  private var s7: Vector

  /// The biases, twice.
  @inline(__always)
  init(bias table: UnsafeRawPointer) {
    let (a, b, c, d) = (rv_load(table), rv_load(table + 16), rv_load(table + 32), rv_load(table + 48))
    s0 = rv_zip64lo(a, a)
    s1 = rv_zip64hi(a, a)
    s2 = rv_zip64lo(b, b)
    s3 = rv_zip64hi(b, b)
    s4 = rv_zip64lo(c, c)
    s5 = rv_zip64hi(c, c)
    s6 = rv_zip64lo(d, d)
    s7 = rv_zip64hi(d, d)
  }

  /// 8 input channels of both pixels.
  @inline(__always)
  mutating func add(_ bytes: Vector, _ weights: EightPairs) {
    s0 = rv_usmmla(s0, bytes, weights.w0)
    s1 = rv_usmmla(s1, bytes, weights.w1)
    s2 = rv_usmmla(s2, bytes, weights.w2)
    s3 = rv_usmmla(s3, bytes, weights.w3)
    s4 = rv_usmmla(s4, bytes, weights.w4)
    s5 = rv_usmmla(s5, bytes, weights.w5)
    s6 = rv_usmmla(s6, bytes, weights.w6)
    s7 = rv_usmmla(s7, bytes, weights.w7)
  }

  @inline(__always)
  var first: FourSums {
    FourSums(rv_zip64lo(s0, s1), rv_zip64lo(s2, s3), rv_zip64lo(s4, s5), rv_zip64lo(s6, s7))
  }

  @inline(__always)
  var second: FourSums {
    FourSums(rv_zip64hi(s0, s1), rv_zip64hi(s2, s3), rv_zip64hi(s4, s5), rv_zip64hi(s6, s7))
  }
}

/// Weights of 16 output channels for 8 input channels: a pair of channels a vector.
private struct EightPairs {
  let w0: Vector
  let w1: Vector
  let w2: Vector
  let w3: Vector
  let w4: Vector
  let w5: Vector
  let w6: Vector
  let w7: Vector

  @inline(__always)
  init(_ pointer: UnsafeRawPointer) {
    w0 = rv_load(pointer)
    w1 = rv_load(pointer + 16)
    w2 = rv_load(pointer + 32)
    w3 = rv_load(pointer + 48)
    w4 = rv_load(pointer + 64)
    w5 = rv_load(pointer + 80)
    w6 = rv_load(pointer + 96)
    w7 = rv_load(pointer + 112)
  }
}

extension FourSums {
  @inline(__always)
  fileprivate init(_ a: Vector, _ b: Vector, _ c: Vector, _ d: Vector) {
    c0 = a
    c1 = b
    c2 = c
    c3 = d
  }
}

/// 16 output channels, 16 input channels at a time: 4 pixels in 16 registers, 32 products an instruction.
enum WidePanel: Panel {
  static var channels: Int { 16 }
  static var tableBytes: Int { FourSums.tableBytes }
  static var groupBytes: Int { 256 }
  static var tile: Int { 4 }

  @inline(__always)
  static func bigTile(_ walk: ConvolutionWalk, _ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer) {
    let (table, step, pitch) = (walk.panelStart, walk.sourcePixelStep, walk.pixelPitch)
    var upper = PixelPair(bias: table)
    var lower = PixelPair(bias: table)
    walk.forEachGroup(from, groupBytes, table + tableBytes) { bytes, group in
      let (a, b) = (rv_load(bytes), rv_load(bytes + step))
      let (c, d) = (rv_load(bytes + 2 &* step), rv_load(bytes + 3 &* step))
      let first = EightPairs(group)
      upper.add(rv_zip64lo(a, b), first)
      lower.add(rv_zip64lo(c, d), first)
      let second = EightPairs(group + 128)
      upper.add(rv_zip64hi(a, b), second)
      lower.add(rv_zip64hi(c, d), second)
    }
    rv_store(to, upper.first.requantized(table, walk.requantizer))
    rv_store(to + pitch, upper.second.requantized(table, walk.requantizer))
    rv_store(to + 2 &* pitch, lower.first.requantized(table, walk.requantizer))
    rv_store(to + 3 &* pitch, lower.second.requantized(table, walk.requantizer))
  }

  @inline(__always)
  static func smallTile(_ walk: ConvolutionWalk, _ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer) {
    bigTile(walk, from, to)
  }

  /// The pixel twice.
  @inline(__always)
  static func onePixel(_ walk: ConvolutionWalk, _ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer) {
    let table = walk.panelStart
    var sums = PixelPair(bias: table)
    walk.forEachGroup(from, groupBytes, table + tableBytes) { pointer, group in
      let bytes = rv_load(pointer)
      sums.add(rv_zip64lo(bytes, bytes), EightPairs(group))
      sums.add(rv_zip64hi(bytes, bytes), EightPairs(group + 128))
    }
    rv_store(to, sums.first.requantized(table, walk.requantizer))
  }
}
