internal import CVectorUnit
import RoadKernelContract

/// The walk over lines of pixels, panels and tiles.
///
/// A line is a row of the picture; where rows of the source follow each other without a gap and the window is one
/// pixel, all rows make one line, so that narrow pictures fill tiles, too. A line ends with a tile that overlaps the
/// one before it: writing a pixel twice writes the same bytes.
struct TileWalk {
  /// Destination channels, padded.
  let storedChannels: Int
  private let source: UnsafeRawPointer
  private let destination: UnsafeMutableRawPointer
  /// Pixels of a destination row, and of a line.
  private let width: Int
  private let lineWidth: Int
  private let endLine: Int
  private let sourcePixelStep: Int
  private let sourceLineStep: Int
  private let pixelPitch: Int
  private let rowPitch: Int
  /// Kernel rows, and stretches of contiguous bytes in each.
  private let kernelRows: Int
  private let stretches: Int
  private let kernelRowStep: Int
  private let stretchStep: Int
  /// Groups of 4 bytes that a tile takes of a stretch, and how many tiles that makes.
  private let tileGroups: Int
  private let chunks: Int
  /// Pixels that a tile takes.
  private let tilePixels: Int
  private let weights: UnsafeRawPointer
  private let requantizer: Requantizer
  private let scratch: UnsafeMutableRawPointer
  /// The block: pixels `first..<end` of a line.
  private var line: Int
  private var first: Int
  private var end: Int
  private var panelStart: UnsafeRawPointer
  private var panelDestination: UnsafeMutableRawPointer

  /// Pixels of a block: their source stays in the first-level cache while all panels pass over it.
  private static var blockPixels: Int { 192 }

  @inline(__always)
  init(_ arguments: UnsafePointer<ConvolutionArguments>, _ firstRow: Int, _ endRow: Int) {
    let window = arguments.pointee.window
    let from = arguments.pointee.source
    let to = arguments.pointee.destination
    let pixelGroups = (from.channels &+ 3) >> 2
    // Pixels without gaps and taps without dilation: a kernel row is one stretch of bytes (the stem's 3 RGBX pixels).
    let isDense = from.pixelPitch == pixelGroups &* 4 && window.dilationWidth == 1
    let isPixel =
      window.kernelHeight == 1 && window.kernelWidth == 1 && window.strideHeight == 1 && window.strideWidth == 1
      && window.padTop == 0 && window.padLeft == 0
    let isOneLine = isPixel && from.rowPitch == to.width &* from.pixelPitch
    let groups = isDense ? pixelGroups &* window.kernelWidth : pixelGroups
    storedChannels = to.storedChannels
    width = to.width
    lineWidth = isOneLine ? to.width &* (endRow &- firstRow) : to.width
    endLine = isOneLine ? 1 : endRow &- firstRow
    sourcePixelStep = window.strideWidth &* from.pixelPitch
    sourceLineStep = window.strideHeight &* from.rowPitch
    let corner = window.padTop &* from.rowPitch &+ window.padLeft &* from.pixelPitch
    source = UnsafeRawPointer(from.base) + (firstRow &* sourceLineStep &- corner)
    destination = UnsafeMutableRawPointer(to.base) + firstRow &* to.rowPitch
    pixelPitch = to.pixelPitch
    rowPitch = to.rowPitch
    kernelRows = window.kernelHeight
    stretches = isDense ? 1 : window.kernelWidth
    kernelRowStep = window.dilationHeight &* from.rowPitch
    stretchStep = window.dilationWidth &* from.pixelPitch
    chunks = Self.chunks(groups)
    tileGroups = groups / chunks
    tilePixels = min(16, lineWidth)
    weights = arguments.pointee.packed
    requantizer = Requantizer(arguments)
    scratch = rv_tile_scratch()
    line = 0
    first = 0
    end = 0
    panelStart = weights
    panelDestination = destination
  }

  /// Whether tiles beat vectors. For a panel of 64 channels and 16 pixels a core with both takes about 115 + 38 × tiles
  /// of weights (requantization through memory, then products) against 40 + 11 × groups nanoseconds.
  @inline(__always)
  var isWorthwhile: Bool {
    let tiles = kernelRows &* stretches &* chunks
    return 11 &* tiles &* tileGroups > 75 &+ 38 &* tiles
  }

  /// The fewest equal parts of at most 16 groups: all tiles then have one shape, and no byte beyond a stretch is read.
  @inline(__always)
  private static func chunks(_ groups: Int) -> Int {
    var chunks = (groups &+ 15) >> 4
    while groups % chunks != 0 { chunks &+= 1 }
    return chunks
  }

  /// For this thread, until `rv_tile_release`.
  @inline(__always)
  func configureTiles() {
    let (pixels, groups) = (UInt8(truncatingIfNeeded: tilePixels), UInt8(truncatingIfNeeded: tileGroups))
    var shapes = rv_tile_shapes()
    shapes.palette = 1
    (shapes.row_bytes0, shapes.row_bytes1, shapes.row_bytes2, shapes.row_bytes3) = (64, 64, 64, 64)
    (shapes.rows0, shapes.rows1, shapes.rows2, shapes.rows3) = (pixels, pixels, pixels, pixels)
    (shapes.row_bytes4, shapes.row_bytes5) = (UInt16(groups) &* 4, UInt16(groups) &* 4)
    (shapes.rows4, shapes.rows5) = (pixels, pixels)
    (shapes.row_bytes6, shapes.row_bytes7) = (64, 64)
    (shapes.rows6, shapes.rows7) = (groups, groups)
    rv_tile_configure(&shapes)
  }

  /// Moves on to the next block, left to right, then down; false at the end.
  @inline(__always)
  mutating func nextBlock() -> Bool {
    first = end
    if first == lineWidth {
      line &+= 1
      first = 0
    }
    if line == endLine || lineWidth == 0 { return false }
    let left = lineWidth &- first
    // A last block that would be narrow joins the one before it.
    end = first &+ (left < Self.blockPixels &* 3 / 2 ? left : Self.blockPixels)
    panelStart = weights
    panelDestination = destination + line &* rowPitch
    return true
  }

  /// Moves on to the next panel.
  @inline(__always)
  mutating func endPanel<Sums: PixelSums>(_: Sums.Type) {
    panelStart += Sums.tableBytes &+ kernelRows &* stretches &* chunks &* tileGroups &* Sums.groupBytes
    panelDestination += Sums.channels
  }

  /// Which of the two orders of tiles suits a panel of 64 channels.
  @inline(__always)
  var readsWeightsOnce: Bool {
    kernelRows &* stretches &* chunks &* tileGroups &* PixelSums64.groupBytes > Self.cachedWeightBytes
  }

  /// Weights of a panel beyond which reading them once for two tiles of pixels pays: half a first-level cache.
  private static var cachedWeightBytes: Int { 24 << 10 }

  // Each order of tiles computes the current panel of output channels over the block. The sums of one step are
  // requantized after the products of the next are under way: the tile unit computes while the vector unit narrows.
  // They leave the tiles only after that: a load waits for an earlier store to an address that differs by a multiple of
  // 4096 as if it were the same.

  /// One tile of pixels, four of channels.
  @inline(__always)
  func quads() {
    let last = end &- tilePixels
    var waiting = -1
    var pixel = first
    while pixel < end {
      let step = min(pixel, last)
      quadProducts(step)
      if waiting >= 0 { requantize(PixelSums64.self, waiting, scratch) }
      rv_tile_store0(scratch, 256)
      rv_tile_store1(scratch + 64, 256)
      rv_tile_store2(scratch + 128, 256)
      rv_tile_store3(scratch + 192, 256)
      waiting = step
      pixel &+= 16
    }
    requantize(PixelSums64.self, waiting, scratch)
  }

  @inline(__always)
  private func quadProducts(_ pixel: Int) {
    let from = source + (line &* sourceLineStep &+ pixel &* sourcePixelStep)
    rv_tile_load0(panelStart, 0)
    rv_tile_load1(panelStart + 64, 0)
    rv_tile_load2(panelStart + 128, 0)
    rv_tile_load3(panelStart + 192, 0)
    forEachChunk(PixelSums64.groupBytes, panelStart + PixelSums64.tableBytes) { offset, weights in
      rv_tile_load4(from + offset, sourcePixelStep)
      rv_tile_load6(weights, PixelSums64.groupBytes)
      rv_tile_dpbusd046()
      rv_tile_load7(weights + 64, PixelSums64.groupBytes)
      rv_tile_dpbusd147()
      rv_tile_load6(weights + 128, PixelSums64.groupBytes)
      rv_tile_dpbusd246()
      rv_tile_load7(weights + 192, PixelSums64.groupBytes)
      rv_tile_dpbusd347()
    }
  }

  /// Two tiles of pixels, one or two of channels.
  @inline(__always)
  func pairs<Sums: PixelSums>(_: Sums.Type) {
    let rowBytes = Sums.channels &* 4
    var waiting = Pair(first: -1, second: -1)
    var pixel = first
    while pixel < end {
      let pair = pair(at: pixel)
      pairProducts(Sums.self, pair, tile: 0)
      requantize(Sums.self, waiting, scratch, 16 &* rowBytes)
      pairStore(Sums.self, scratch, 16 &* rowBytes)
      waiting = pair
      pixel &+= 32
    }
    requantize(Sums.self, waiting, scratch, 16 &* rowBytes)
  }

  /// Two tiles of pixels, four of channels, in two turns.
  @inline(__always)
  func widePairs() {
    var pixel = first
    while pixel < end {
      let pair = pair(at: pixel)
      pairProducts(PixelSums64.self, pair, tile: 0)
      pairStore(PixelSums64.self, scratch, 4096)
      pairProducts(PixelSums64.self, pair, tile: 128)
      pairStore(PixelSums64.self, scratch + 128, 4096)
      requantize(PixelSums64.self, pair, scratch, 4096)
      pixel &+= 32
    }
  }

  /// The first pixels of two tiles; the same where there is but one.
  private struct Pair {
    let first: Int
    let second: Int
  }

  @inline(__always)
  private func pair(at pixel: Int) -> Pair {
    let last = end &- tilePixels
    return Pair(first: min(pixel, last), second: min(pixel &+ 16, last))
  }

  @inline(__always)
  private func pairProducts<Sums: PixelSums>(_: Sums.Type, _ pair: Pair, tile: Int) {
    let start = source + line &* sourceLineStep
    let (upper, lower) = (start + pair.first &* sourcePixelStep, start + pair.second &* sourcePixelStep)
    let isWide = Sums.channels > 16
    let bias = panelStart + tile
    rv_tile_load0(bias, 0)
    if isWide { rv_tile_load1(bias + 64, 0) }
    rv_tile_load2(bias, 0)
    if isWide { rv_tile_load3(bias + 64, 0) }
    forEachChunk(Sums.groupBytes, panelStart + Sums.tableBytes + tile) { offset, weights in
      rv_tile_load4(upper + offset, sourcePixelStep)
      rv_tile_load6(weights, Sums.groupBytes)
      rv_tile_dpbusd046()
      if isWide {
        rv_tile_load7(weights + 64, Sums.groupBytes)
        rv_tile_dpbusd147()
      }
      rv_tile_load5(lower + offset, sourcePixelStep)
      rv_tile_dpbusd256()
      if isWide { rv_tile_dpbusd357() }
    }
  }

  @inline(__always)
  private func pairStore<Sums: PixelSums>(_: Sums.Type, _ sums: UnsafeMutableRawPointer, _ secondOffset: Int) {
    let (isWide, rowBytes) = (Sums.channels > 16, Sums.channels &* 4)
    rv_tile_store0(sums, rowBytes)
    if isWide { rv_tile_store1(sums + 64, rowBytes) }
    rv_tile_store2(sums + secondOffset, rowBytes)
    if isWide { rv_tile_store3(sums + secondOffset + 64, rowBytes) }
  }

  /// Calls `body` with the offset of each chunk of the first pixel's window and the weights that belong to it.
  @inline(__always)
  private func forEachChunk(_ groupBytes: Int, _ start: UnsafeRawPointer, _ body: (Int, UnsafeRawPointer) -> Void) {
    var weights = start
    var kernelRow = 0
    while kernelRow < kernelRows {
      var stretch = 0
      while stretch < stretches {
        var offset = kernelRow &* kernelRowStep &+ stretch &* stretchStep
        var left = chunks
        repeat {
          body(offset, weights)
          offset &+= tileGroups &* 4
          weights += tileGroups &* groupBytes
          left &-= 1
        } while left > 0
        stretch &+= 1
      }
      kernelRow &+= 1
    }
  }

  @inline(__always)
  private func requantize<Sums: PixelSums>(
    _: Sums.Type, _ pair: Pair, _ sums: UnsafeRawPointer, _ secondOffset: Int
  ) {
    if pair.first >= 0 { requantize(Sums.self, pair.first, sums) }
    if pair.second > pair.first { requantize(Sums.self, pair.second, sums + secondOffset) }
  }

  /// Requantizes the sums of a tile of pixels, which may lie in several rows.
  @inline(__always)
  private func requantize<Sums: PixelSums>(_: Sums.Type, _ pixel: Int, _ sums: UnsafeRawPointer) {
    let rowBytes = Sums.channels &* 4
    let row = pixel / width
    let column = pixel &- row &* width
    var to = panelDestination + (row &* rowPitch &+ column &* pixelPitch)
    var from = sums
    var left = tilePixels
    var inRow = min(width &- column, left)
    while left > 0 {
      requantizeRow(Sums.self, from, to, inRow)
      from += inRow &* rowBytes
      to += inRow &* pixelPitch &+ (rowPitch &- width &* pixelPitch)
      left &-= inRow
      inRow = min(width, left)
    }
  }

  @inline(__always)
  private func requantizeRow<Sums: PixelSums>(
    _: Sums.Type, _ sums: UnsafeRawPointer, _ destination: UnsafeMutableRawPointer, _ count: Int
  ) {
    let (table, rowBytes) = (panelStart, Sums.channels &* 4)
    var (from, to, left) = (sums, destination, count)
    while left > 1 {
      Sums.store(Sums(bias: from), Sums(bias: from + rowBytes), to, pixelPitch, table, requantizer)
      from += 2 &* rowBytes
      to += 2 &* pixelPitch
      left &-= 2
    }
    if left > 0 { Sums(bias: from).store(to, table, requantizer) }
  }
}
