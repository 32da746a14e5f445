internal import CVectorUnit
import RoadKernelContract

/// Weights of 16 output channels for 4 input channels.
private struct Weights {
  let w0: Vector
  let w1: Vector
  let w2: Vector
  let w3: Vector

  @inline(__always)
  init(_ pointer: UnsafeRawPointer) {
    w0 = rv_load(pointer)
    w1 = rv_load(pointer + 16)
    w2 = rv_load(pointer + 32)
    w3 = rv_load(pointer + 48)
  }
}

extension FourSums {
  // Input channels 0 to 3, 4 to 7, 8 to 11 and 12 to 15 of a group.

  @inline(__always)
  fileprivate mutating func add0(_ bytes: Vector, _ weights: Weights) {
    c0 = rv_sdot_0(c0, bytes, weights.w0)
    c1 = rv_sdot_0(c1, bytes, weights.w1)
    c2 = rv_sdot_0(c2, bytes, weights.w2)
    c3 = rv_sdot_0(c3, bytes, weights.w3)
  }

  @inline(__always)
  fileprivate mutating func add1(_ bytes: Vector, _ weights: Weights) {
    c0 = rv_sdot_1(c0, bytes, weights.w0)
    c1 = rv_sdot_1(c1, bytes, weights.w1)
    c2 = rv_sdot_1(c2, bytes, weights.w2)
    c3 = rv_sdot_1(c3, bytes, weights.w3)
  }

  @inline(__always)
  fileprivate mutating func add2(_ bytes: Vector, _ weights: Weights) {
    c0 = rv_sdot_2(c0, bytes, weights.w0)
    c1 = rv_sdot_2(c1, bytes, weights.w1)
    c2 = rv_sdot_2(c2, bytes, weights.w2)
    c3 = rv_sdot_2(c3, bytes, weights.w3)
  }

  @inline(__always)
  fileprivate mutating func add3(_ bytes: Vector, _ weights: Weights) {
    c0 = rv_sdot_3(c0, bytes, weights.w0)
    c1 = rv_sdot_3(c1, bytes, weights.w1)
    c2 = rv_sdot_3(c2, bytes, weights.w2)
    c3 = rv_sdot_3(c3, bytes, weights.w3)
  }
}

/// 16 output channels, 16 input channels at a time: 4 pixels in 16 registers.
enum WidePanel: Panel {
  static var channels: Int { 16 }
  static var tableBytes: Int { FourSums.tableBytes }
  static var groupBytes: Int { 256 }
  static var tile: Int { 4 }

  @inline(__always)
  static func bigTile(_ walk: ConvolutionWalk, _ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer) {
    let (table, step, pitch) = (walk.panelStart, walk.sourcePixelStep, walk.pixelPitch)
    var p0 = FourSums(bias: table)
    var p1 = FourSums(bias: table)
    var p2 = FourSums(bias: table)
    var p3 = FourSums(bias: table)
    walk.forEachGroup(from, groupBytes, table + tableBytes) { bytes, group in
      let (a, b) = (sourceBytes(bytes), sourceBytes(bytes + step))
      let (c, d) = (sourceBytes(bytes + 2 &* step), sourceBytes(bytes + 3 &* step))
      let first = Weights(group)
      p0.add0(a, first)
      p1.add0(b, first)
      p2.add0(c, first)
      p3.add0(d, first)
      let second = Weights(group + 64)
      p0.add1(a, second)
      p1.add1(b, second)
      p2.add1(c, second)
      p3.add1(d, second)
      let third = Weights(group + 128)
      p0.add2(a, third)
      p1.add2(b, third)
      p2.add2(c, third)
      p3.add2(d, third)
      let fourth = Weights(group + 192)
      p0.add3(a, fourth)
      p1.add3(b, fourth)
      p2.add3(c, fourth)
      p3.add3(d, fourth)
    }
    rv_store(to, p0.requantized(table, walk.requantizer))
    rv_store(to + pitch, p1.requantized(table, walk.requantizer))
    rv_store(to + 2 &* pitch, p2.requantized(table, walk.requantizer))
    rv_store(to + 3 &* pitch, p3.requantized(table, walk.requantizer))
  }

  @inline(__always)
  static func smallTile(_ walk: ConvolutionWalk, _ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer) {
    bigTile(walk, from, to)
  }

  @inline(__always)
  static func onePixel(_ walk: ConvolutionWalk, _ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer) {
    let table = walk.panelStart
    var sums = FourSums(bias: table)
    walk.forEachGroup(from, groupBytes, table + tableBytes) { pointer, group in
      let bytes = sourceBytes(pointer)
      sums.add0(bytes, Weights(group))
      sums.add1(bytes, Weights(group + 64))
      sums.add2(bytes, Weights(group + 128))
      sums.add3(bytes, Weights(group + 192))
    }
    rv_store(to, sums.requantized(table, walk.requantizer))
  }
}
