internal import CVectorUnit
import RoadKernelContract

// Shared source of the NEON targets with a dot product, around their own `WidePanel`.

/// Panels of 16 output channels, 16 input channels at a time; up to 4 input channels (a packed picture as a rule) 4 at
/// a time.
@inline(__always)
func convolution(_ arguments: UnsafePointer<ConvolutionArguments>, _ firstRow: Int, _ endRow: Int) {
  let isNarrow = arguments.pointee.source.channels <= 4
  var walk = ConvolutionWalk(arguments, groupInputs: isNarrow ? 4 : 16)
  var block = walk.firstBlock(firstRow, endRow)
  while block.rows > 0 {
    var channels = walk.storedChannels
    walk.startBlock(block)
    while channels > 0 {
      if isNarrow { narrowPanel(&walk) } else { widePanel(&walk) }
      channels -= 16
    }
    block = walk.block(after: block, endRow)
  }
}

// A local copy of the walk, so that stores of pixels cannot change it in the eyes of the compiler.

@inline(never)
func widePanel(_ walk: inout ConvolutionWalk) {
  let local = walk
  local.panel(WidePanel.self)
  walk.endPanel(WidePanel.self)
}

@inline(never)
func narrowPanel(_ walk: inout ConvolutionWalk) {
  let local = walk
  local.panel(NarrowPanel.self)
  walk.endPanel(NarrowPanel.self)
}

/// 16 output channels, 4 input channels at a time.
enum NarrowPanel: Panel {
  static var channels: Int { 16 }
  static var tableBytes: Int { FourSums.tableBytes }
  static var groupBytes: Int { 64 }
  static var tile: Int { 4 }

  @inline(__always)
  private static func add(_ sums: inout FourSums, _ pointer: UnsafeRawPointer, _ weights: UnsafeRawPointer) {
    let bytes = sourceBytes4(pointer)
    sums.c0 = rv_dpbusd(sums.c0, bytes, rv_load(weights))
    sums.c1 = rv_dpbusd(sums.c1, bytes, rv_load(weights + 16))
    sums.c2 = rv_dpbusd(sums.c2, bytes, rv_load(weights + 32))
    sums.c3 = rv_dpbusd(sums.c3, bytes, rv_load(weights + 48))
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
