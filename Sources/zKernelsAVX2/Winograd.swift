internal import CThreadMemory
internal import CVectorUnit
import RoadKernelContract

// Dense 3x3 of stride 1 as Winograd's F(2x2, 3x3) in integers: 16 products where the sum has 36, and the same bytes.
// The bounds are in Arithmetic.md.

/// Some tiles of 2x2 output pixels, and where their transformed bytes and products lie in the thread's memory.
struct WinogradWalk {
  /// Channels of the source with their padding.
  let inputs: Int
  let outputPanels: Int
  /// Tiles that are computed together, a multiple of ``SixPixels/count``.
  let capacity: Int
  let tilesAcross: Int
  let endTile: Int
  private let firstRow: Int
  private let endRow: Int
  private let width: Int
  private let source: UnsafeRawPointer
  private let destination: UnsafeMutableRawPointer
  private let sourcePitch: Int
  private let sourceRowPitch: Int
  private let pitch: Int
  private let rowPitch: Int
  /// 16 positions, each with `capacity` tiles of `inputs` Int16.
  let transformed: UnsafeMutableRawPointer
  let positionBytes: Int
  /// 16 positions, each with `capacity` tiles of 16 sums.
  let products: UnsafeMutableRawPointer
  let requantizer: Requantizer

  /// Bytes of the thread's memory, and what lies between two positions so that not all of them share the same sets of
  /// the cache.
  private static var memoryBytes: Int { 262144 }
  private static var gap: Int { 64 }

  @inline(__always)
  init(_ arguments: UnsafePointer<ConvolutionArguments>, _ firstRow: Int, _ endRow: Int) {
    let from = arguments.pointee.source
    let to = arguments.pointee.destination
    let window = arguments.pointee.window
    inputs = from.storedChannels
    outputPanels = to.storedChannels / 16
    let fitting = (Self.memoryBytes &- 16 &* Self.gap) / (inputs &* 32 &+ 1024)
    capacity = min(fitting / SixPixels.count, 8) &* SixPixels.count
    width = to.width
    tilesAcross = (to.width &+ 1) / 2
    endTile = (endRow &- firstRow &+ 1) / 2 &* tilesAcross
    self.firstRow = firstRow
    self.endRow = endRow
    source = UnsafeRawPointer(from.base - (window.padTop &* from.rowPitch &+ window.padLeft &* from.pixelPitch))
    destination = UnsafeMutableRawPointer(to.base)
    sourcePitch = from.pixelPitch
    sourceRowPitch = from.rowPitch
    pitch = to.pixelPitch
    rowPitch = to.rowPitch
    transformed = rv_thread_tiles()
    positionBytes = capacity &* inputs &* 2 &+ Self.gap
    products = transformed + 16 &* positionBytes
    requantizer = Requantizer(arguments)
  }

  /// Bytes of the packed weights of 16 output channels.
  @inline(__always)
  var panelBytes: Int { Sums16.tableBytes &+ 512 &* inputs }

  /// B'dB of one tile, all channels. Where the tile has one row or column only, its last source row or column, which
  /// may lie beyond the halo, is not read: nothing that is stored depends on it.
  @inline(__always)
  func transform(_ tile: Int, _ slot: Int) {
    let row = firstRow &+ 2 &* (tile / tilesAcross)
    let column = 2 &* (tile % tilesAcross)
    let from = source + (row &* sourceRowPitch &+ column &* sourcePitch)
    let lastRow = (row &+ 1 < endRow ? 3 : 2) &* sourceRowPitch
    let lastColumn = (column &+ 1 < width ? 3 : 2) &* sourcePitch
    var to = transformed + slot &* inputs &* 2
    var channel = 0
    while channel < inputs {
      let pixel = from + channel
      let c0 = TileColumn(pixel, sourceRowPitch, lastRow)
      let c1 = TileColumn(pixel + sourcePitch, sourceRowPitch, lastRow)
      let c2 = TileColumn(pixel + 2 &* sourcePitch, sourceRowPitch, lastRow)
      let c3 = TileColumn(pixel + lastColumn, sourceRowPitch, lastRow)
      store(c0.d0, c1.d0, c2.d0, c3.d0, to)
      store(c0.d1, c1.d1, c2.d1, c3.d1, to + 4 &* positionBytes)
      store(c0.d2, c1.d2, c2.d2, c3.d2, to + 8 &* positionBytes)
      store(c0.d3, c1.d3, c2.d3, c3.d3, to + 12 &* positionBytes)
      to += 32
      channel &+= 16
    }
  }

  @inline(__always)
  private func store(_ a: Vector, _ b: Vector, _ c: Vector, _ d: Vector, _ to: UnsafeMutableRawPointer) {
    rv_store(to, rv_sub16(a, c))
    rv_store(to + positionBytes, rv_add16(b, c))
    rv_store(to + 2 &* positionBytes, rv_sub16(c, b))
    rv_store(to + 3 &* positionBytes, rv_sub16(b, d))
  }

  /// A'MA of one tile, 16 output channels: at most four pixels.
  @inline(__always)
  func finish(_ tile: Int, _ slot: Int, _ panel: Int, _ table: UnsafeRawPointer) {
    let row = firstRow &+ 2 &* (tile / tilesAcross)
    let column = 2 &* (tile % tilesAcross)
    let from = UnsafeRawPointer(products + slot &* 64)
    let left = TileSums(from, from + 32, capacity &* 64)
    let to = destination + (row &* rowPitch &+ column &* pitch &+ panel &* 16)
    left.upperLeft.store(to, table, requantizer)
    let hasRight = column &+ 1 < width
    if hasRight { left.upperRight.store(to + pitch, table, requantizer) }
    if row &+ 1 < endRow {
      left.lowerLeft.store(to + rowPitch, table, requantizer)
      if hasRight { left.lowerRight.store(to + rowPitch + pitch, table, requantizer) }
    }
  }
}

/// B'd: 16 channels of a column of four source pixels.
struct TileColumn {
  let d0: Vector
  let d1: Vector
  let d2: Vector
  let d3: Vector

  @inline(__always)
  init(_ pointer: UnsafeRawPointer, _ rowPitch: Int, _ lastRow: Int) {
    let a = rv_widenu8to16(rv_load128(pointer))
    let b = rv_widenu8to16(rv_load128(pointer + rowPitch))
    let c = rv_widenu8to16(rv_load128(pointer + 2 &* rowPitch))
    let d = rv_widenu8to16(rv_load128(pointer + lastRow))
    d0 = rv_sub16(a, c)
    d1 = rv_add16(b, c)
    d2 = rv_sub16(c, b)
    d3 = rv_sub16(b, d)
  }
}

/// Four times the sums of 16 channels of one output pixel.
struct FourfoldSums {
  let c0: Vector
  let c1: Vector

  @inline(__always)
  func store(_ pointer: UnsafeMutableRawPointer, _ table: UnsafeRawPointer, _ requantizer: Requantizer) {
    var sums = Sums16(bias: table)
    sums.c0 = rv_add32(sums.c0, rv_sra32_2(c0))
    sums.c1 = rv_add32(sums.c1, rv_sra32_2(c1))
    rv_store128(pointer, sums.requantized(table, requantizer))
  }
}

/// A'MA of a tile.
struct TileSums {
  let upperLeft: FourfoldSums
  let upperRight: FourfoldSums
  let lowerLeft: FourfoldSums
  let lowerRight: FourfoldSums

  /// - Parameter step: bytes from one position to the next.
  @inline(__always)
  init(_ first: UnsafeRawPointer, _ second: UnsafeRawPointer, _ step: Int) {
    let a = TileHalf(first, step)
    let b = TileHalf(second, step)
    upperLeft = FourfoldSums(c0: a.upperLeft, c1: b.upperLeft)
    upperRight = FourfoldSums(c0: a.upperRight, c1: b.upperRight)
    lowerLeft = FourfoldSums(c0: a.lowerLeft, c1: b.lowerLeft)
    lowerRight = FourfoldSums(c0: a.lowerRight, c1: b.lowerRight)
  }
}

/// A'MA of 8 channels.
struct TileHalf {
  let upperLeft: Vector
  let upperRight: Vector
  let lowerLeft: Vector
  let lowerRight: Vector

  @inline(__always)
  init(_ pointer: UnsafeRawPointer, _ step: Int) {
    let (left0, right0) = Self.row(pointer, step)
    let (left1, right1) = Self.row(pointer + 4 &* step, step)
    let (left2, right2) = Self.row(pointer + 8 &* step, step)
    let (left3, right3) = Self.row(pointer + 12 &* step, step)
    upperLeft = rv_add32(rv_add32(left0, left1), left2)
    upperRight = rv_add32(rv_add32(right0, right1), right2)
    lowerLeft = rv_sub32(rv_sub32(left1, left2), left3)
    lowerRight = rv_sub32(rv_sub32(right1, right2), right3)
  }

  @inline(__always)
  private static func row(_ pointer: UnsafeRawPointer, _ step: Int) -> (Vector, Vector) {
    let b = rv_load(pointer + step)
    let c = rv_load(pointer + 2 &* step)
    return (
      rv_add32(rv_add32(rv_load(pointer), b), c), rv_sub32(rv_sub32(b, c), rv_load(pointer + 3 &* step))
    )
  }
}

/// Dense 3x3, stride and dilation 1, over channels that ``WinogradPacking`` takes.
@inline(never)
public func winogradAVX2(_ arguments: UnsafePointer<ConvolutionArguments>, _ firstRow: Int, _ endRow: Int) {
  let walk = WinogradWalk(arguments, firstRow, endRow)
  var first = 0
  while first < walk.endTile {
    let count = min(walk.capacity, walk.endTile &- first)
    transformTiles(walk, first, count)
    var panel = 0
    var packed = arguments.pointee.packed
    while panel < walk.outputPanels {
      multiplyTiles(walk, count, packed + Sums16.tableBytes)
      finishTiles(walk, first, count, panel, packed)
      packed += walk.panelBytes
      panel &+= 1
    }
    first &+= count
  }
}

@inline(never)
func transformTiles(_ walk: WinogradWalk, _ first: Int, _ count: Int) {
  var slot = 0
  while slot < count {
    walk.transform(first &+ slot, slot)
    slot &+= 1
  }
}

/// Tiles beyond `count` up to a multiple of 6 are multiplied as they lie there, and dropped.
@inline(never)
func multiplyTiles(_ walk: WinogradWalk, _ count: Int, _ packed: UnsafeRawPointer) {
  let pitch = walk.inputs &* 2
  var weights = packed
  var position = 0
  while position < 16 {
    let tiles = UnsafeRawPointer(walk.transformed + position &* walk.positionBytes)
    let products = walk.products + position &* walk.capacity &* 64
    var slot = 0
    while slot < count {
      var six = SixPixels(from: .zero)
      six.add(tiles + slot &* pitch, pitch, pairs: walk.inputs / 2, weights)
      six.store(products + slot &* 64)
      slot &+= SixPixels.count
    }
    weights += walk.inputs &* 32
    position &+= 1
  }
}

@inline(never)
func finishTiles(_ walk: WinogradWalk, _ first: Int, _ count: Int, _ panel: Int, _ table: UnsafeRawPointer) {
  var slot = 0
  while slot < count {
    walk.finish(first &+ slot, slot, panel, table)
    slot &+= 1
  }
}
