internal import CVectorUnit
import RoadKernelContract

/// Dense convolution without an 8-bit dot product: panels of 4 output channels, 16 input channels at a time. smull,
/// smlal and sadalp are 16 products; the two that share 16 bits cannot overflow them, since the bytes have their top
/// bit flipped (-128...127) and weights are -127...127. The packed bias makes up for the flip.
@inline(never)
public func convolutionNEON(_ arguments: UnsafePointer<ConvolutionArguments>, _ firstRow: Int, _ endRow: Int) {
  if arguments.pointee.source.channels <= 4 { return narrowConvolution(arguments, firstRow, endRow) }
  var walk = ConvolutionWalk(arguments, groupInputs: 16)
  var block = walk.firstBlock(firstRow, endRow)
  while block.rows > 0 {
    var channels = walk.channels
    walk.startBlock(block)
    while channels > 0 {
      panel4(&walk)
      channels -= 4
    }
    block = walk.block(after: block, endRow)
  }
}

/// Up to 4 input channels, a packed picture as a rule: panels of 16 output channels, products of 16 bits.
@inline(__always)
private func narrowConvolution(_ arguments: UnsafePointer<ConvolutionArguments>, _ firstRow: Int, _ endRow: Int) {
  var walk = ConvolutionWalk(arguments)
  var block = walk.firstBlock(firstRow, endRow)
  while block.rows > 0 {
    var channels = walk.storedChannels
    walk.startBlock(block)
    while channels > 0 {
      narrowPanel(&walk)
      channels -= 16
    }
    block = walk.block(after: block, endRow)
  }
}

// A local copy of the walk, so that stores of pixels cannot change it in the eyes of the compiler.

@inline(never)
func panel4(_ walk: inout ConvolutionWalk) {
  let local = walk
  local.panel(Panel4.self)
  walk.endPanel(Panel4.self)
}

@inline(never)
func narrowPanel(_ walk: inout ConvolutionWalk) {
  let local = walk
  local.panel(NarrowPanel.self)
  walk.endPanel(NarrowPanel.self)
}

/// Weights of 4 output channels for 16 input channels.
struct FourRows {
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

/// The sums of 4 output channels of one pixel, each in four parts.
struct PartialSums {
  private var c0: Vector
  private var c1: Vector
  private var c2: Vector
  private var c3: Vector

  @inline(__always)
  init() {
    c0 = rv_zero()
    c1 = rv_zero()
    c2 = rv_zero()
    c3 = rv_zero()
  }

  @inline(__always)
  mutating func add(_ pointer: UnsafeRawPointer, _ weights: FourRows) {
    let bytes = rv_xor(rv_load(pointer), rv_set8(0x80))
    c0 = rv_mull8_padal(c0, bytes, weights.w0)
    c1 = rv_mull8_padal(c1, bytes, weights.w1)
    c2 = rv_mull8_padal(c2, bytes, weights.w2)
    c3 = rv_mull8_padal(c3, bytes, weights.w3)
  }

  @inline(__always)
  func total(_ bias: Vector) -> Vector { rv_add32(rv_add_across32(c0, c1, c2, c3), bias) }
}

/// 4 output channels. The table is bias and shift (or 31-bit multiplier), 4 Int32 each, and 4 multipliers (or
/// roundings) of 16 bits.
enum Panel4: Panel {
  static var channels: Int { 4 }
  static var tableBytes: Int { 64 }
  static var groupBytes: Int { 64 }
  static var tile: Int { 4 }

  @inline(__always)
  static func bigTile(_ walk: ConvolutionWalk, _ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer) {
    let (table, step, pitch) = (walk.panelStart, walk.sourcePixelStep, walk.pixelPitch)
    var p0 = PartialSums()
    var p1 = PartialSums()
    var p2 = PartialSums()
    var p3 = PartialSums()
    walk.forEachGroup(from, groupBytes, table + tableBytes) { bytes, group in
      let weights = FourRows(group)
      p0.add(bytes, weights)
      p1.add(bytes + step, weights)
      p2.add(bytes + 2 &* step, weights)
      p3.add(bytes + 3 &* step, weights)
    }
    let bias = rv_load(table)
    let first = scaled(p0.total(bias), p1.total(bias), table, walk.requantizer)
    let second = scaled(p2.total(bias), p3.total(bias), table, walk.requantizer)
    var bytes = rv_packus16(first, second)
    if !walk.requantizer.saturationIsClamp { bytes = walk.requantizer.clamp(bytes) }
    rv_store4(to, bytes)
    rv_store_lane32_1(to + pitch, bytes)
    rv_store_lane32_2(to + 2 &* pitch, bytes)
    rv_store_lane32_3(to + 3 &* pitch, bytes)
  }

  @inline(__always)
  static func smallTile(_ walk: ConvolutionWalk, _ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer) {
    bigTile(walk, from, to)
  }

  @inline(__always)
  static func onePixel(_ walk: ConvolutionWalk, _ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer) {
    let table = walk.panelStart
    var sums = PartialSums()
    walk.forEachGroup(from, groupBytes, table + tableBytes) { bytes, group in sums.add(bytes, FourRows(group)) }
    let total = sums.total(rv_load(table))
    let words = scaled(total, total, table, walk.requantizer)
    rv_store4(to, walk.requantizer.clamp(rv_packus16(words, words)))
  }

  /// Two pixels' sums as 16 bits in one vector, zero-point added.
  @inline(__always)
  private static func scaled(
    _ a: Vector, _ b: Vector, _ table: UnsafeRawPointer, _ requantizer: Requantizer
  ) -> Vector {
    let (factors, narrow) = (rv_load(table + 16), rv_load_half(table + 32))
    var words: Vector
    if requantizer.roundsToNearest {
      words = rv_packs_nearest(a, b, table + 16, table + 16)
    } else if requantizer.roundsAsONNXRuntime {
      let rounding = rv_unpacklo16(rv_zero(), narrow)
      words = rv_packs32(rv_muladdhi32(a, factors, rounding), rv_muladdhi32(b, factors, rounding))
    } else {
      words = rv_packs32(rv_srav32(a, factors), rv_srav32(b, factors))
      words = rv_mulhrs16(words, rv_twice_low64(narrow))
    }
    return requantizer.saturationIsClamp ? words : rv_adds16(words, requantizer.zeroPoint)
  }
}

/// 16 output channels, 4 input channels at a time: one input channel's byte by 16 weights of 16 bits.
enum NarrowPanel: Panel {
  static var channels: Int { 16 }
  static var tableBytes: Int { FourSums.tableBytes }
  static var groupBytes: Int { 128 }
  static var tile: Int { 4 }

  @inline(__always)
  private static func add(_ sums: inout FourSums, _ bytes: UnsafeRawPointer, _ weights: UnsafeRawPointer) {
    let inputs = rv_widenu8to16(rv_load4(bytes))
    let (a0, a1) = (rv_load(weights), rv_load(weights + 16))
    sums.c0 = rv_mlal16lo_0(sums.c0, inputs, a0)
    sums.c1 = rv_mlal16hi_0(sums.c1, inputs, a0)
    sums.c2 = rv_mlal16lo_0(sums.c2, inputs, a1)
    sums.c3 = rv_mlal16hi_0(sums.c3, inputs, a1)
    let (b0, b1) = (rv_load(weights + 32), rv_load(weights + 48))
    sums.c0 = rv_mlal16lo_1(sums.c0, inputs, b0)
    sums.c1 = rv_mlal16hi_1(sums.c1, inputs, b0)
    sums.c2 = rv_mlal16lo_1(sums.c2, inputs, b1)
    sums.c3 = rv_mlal16hi_1(sums.c3, inputs, b1)
    let (c0, c1) = (rv_load(weights + 64), rv_load(weights + 80))
    sums.c0 = rv_mlal16lo_2(sums.c0, inputs, c0)
    sums.c1 = rv_mlal16hi_2(sums.c1, inputs, c0)
    sums.c2 = rv_mlal16lo_2(sums.c2, inputs, c1)
    sums.c3 = rv_mlal16hi_2(sums.c3, inputs, c1)
    let (d0, d1) = (rv_load(weights + 96), rv_load(weights + 112))
    sums.c0 = rv_mlal16lo_3(sums.c0, inputs, d0)
    sums.c1 = rv_mlal16hi_3(sums.c1, inputs, d0)
    sums.c2 = rv_mlal16lo_3(sums.c2, inputs, d1)
    sums.c3 = rv_mlal16hi_3(sums.c3, inputs, d1)
  }

  @inline(__always)
  static func bigTile(_ walk: ConvolutionWalk, _ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer) {
    let (table, step, pitch) = (walk.panelStart, walk.sourcePixelStep, walk.pixelPitch)
    var p0 = FourSums(bias: table)
    var p1 = FourSums(bias: table)
    var p2 = FourSums(bias: table)
    var p3 = FourSums(bias: table)
    walk.forEachGroup(from, groupBytes, table + tableBytes) { bytes, group in
      add(&p0, bytes, group)
      add(&p1, bytes + step, group)
      add(&p2, bytes + 2 &* step, group)
      add(&p3, bytes + 3 &* step, group)
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
    walk.forEachGroup(from, groupBytes, table + tableBytes) { bytes, group in add(&sums, bytes, group) }
    rv_store(to, sums.requantized(table, walk.requantizer))
  }
}
