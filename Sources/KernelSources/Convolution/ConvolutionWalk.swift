import RoadKernelContract

// The walk over pixels and panels that every convolution shares; each instruction-set target compiles its own copy
// (a linked folder) around its own `PixelSums` and `Requantizer`.

/// Some rows and columns of the destination, small enough that their source stays in the first-level cache.
struct PixelBlock {
  var row: Int
  var rows: Int
  var column: Int
  var columns: Int
}

struct ConvolutionWalk {
  /// Destination channels, and the same padded.
  let channels: Int
  let storedChannels: Int
  private let source: UnsafeRawPointer
  private let destination: UnsafeMutableRawPointer
  private let width: Int
  let sourcePixelStep: Int
  private let sourceRowStep: Int
  let pixelPitch: Int
  private let rowPitch: Int
  /// Kernel rows, and stretches of contiguous bytes in each.
  private let kernelRows: Int
  private let stretches: Int
  private let kernelRowStep: Int
  private let stretchStep: Int
  /// Bytes of a group of input channels, and groups in a stretch.
  private let groupInputs: Int
  private let groups: Int
  private let weights: UnsafeRawPointer
  let requantizer: Requantizer
  private var block: PixelBlock
  private(set) var panelStart: UnsafeRawPointer
  private var panelDestination: UnsafeMutableRawPointer

  /// Pixels of a block: 192 of 128 channels are half of a 48 KB first-level cache.
  private static var blockPixels: Int { 192 }

  /// - Parameter groupInputs: input channels that weights come in groups of, 4 or 16.
  @inline(__always)
  init(_ arguments: UnsafePointer<ConvolutionArguments>, groupInputs: Int = 4) {
    let window = arguments.pointee.window
    let from = arguments.pointee.source
    let to = arguments.pointee.destination
    let pixelGroups = (from.channels &+ groupInputs &- 1) / groupInputs
    // Pixels without gaps and taps without dilation: a kernel row is one stretch of bytes (the stem's 3 RGBX pixels).
    let isDense = from.pixelPitch == pixelGroups &* groupInputs && window.dilationWidth == 1
    channels = to.channels
    storedChannels = to.storedChannels
    self.groupInputs = groupInputs
    source = UnsafeRawPointer(from.base - (window.padTop &* from.rowPitch &+ window.padLeft &* from.pixelPitch))
    destination = UnsafeMutableRawPointer(to.base)
    width = to.width
    sourcePixelStep = window.strideWidth &* from.pixelPitch
    sourceRowStep = window.strideHeight &* from.rowPitch
    pixelPitch = to.pixelPitch
    rowPitch = to.rowPitch
    kernelRows = window.kernelHeight
    stretches = isDense ? 1 : window.kernelWidth
    kernelRowStep = window.dilationHeight &* from.rowPitch
    stretchStep = window.dilationWidth &* from.pixelPitch
    groups = isDense ? pixelGroups &* window.kernelWidth : pixelGroups
    weights = arguments.pointee.packed
    requantizer = Requantizer(arguments)
    block = PixelBlock(row: 0, rows: 0, column: 0, columns: 0)
    panelStart = weights
    panelDestination = destination
  }

  @inline(__always)
  func firstBlock(_ firstRow: Int, _ endRow: Int) -> PixelBlock { cut(firstRow, 0, endRow) }

  /// The next block, left to right, then down; one with no rows at the end.
  @inline(__always)
  func block(after last: PixelBlock, _ endRow: Int) -> PixelBlock {
    let column = last.column &+ last.columns
    return column < width ? cut(last.row, column, endRow) : cut(last.row &+ last.rows, 0, endRow)
  }

  @inline(__always)
  private func cut(_ row: Int, _ column: Int, _ endRow: Int) -> PixelBlock {
    if row >= endRow { return PixelBlock(row: row, rows: 0, column: 0, columns: 0) }
    let left = width &- column
    // A last block that would be narrow joins the one before it.
    let columns = left < Self.blockPixels &* 3 / 2 ? left : Self.blockPixels
    let fitting = columns >= Self.blockPixels ? 1 : Self.blockPixels / columns
    let isWhole = columns == width
    let rows = isWhole ? min(fitting, endRow &- row) : 1
    return PixelBlock(row: row, rows: rows, column: column, columns: columns)
  }

  @inline(__always)
  mutating func startBlock(_ block: PixelBlock) {
    self.block = block
    panelStart = weights
    panelDestination = destination
  }

  /// Computes the current panel of output channels over the block.
  @inline(__always)
  func panel<Sums: Panel>(_: Sums.Type) {
    var row = block.row
    while row < block.row &+ block.rows {
      let from = source + (row &* sourceRowStep &+ block.column &* sourcePixelStep)
      let to = panelDestination + (row &* rowPitch &+ block.column &* pixelPitch)
      self.row(Sums.self, from, to)
      row &+= 1
    }
  }

  /// Moves on to the next panel.
  @inline(__always)
  mutating func endPanel<Sums: Panel>(_: Sums.Type) {
    panelStart += Sums.tableBytes &+ kernelRows &* stretches &* groups &* Sums.groupBytes
    panelDestination += Sums.channels
  }

  /// One row of the block in tiles. The last tile overlaps the one before it: no pixel needs other code, and writing a
  /// pixel twice writes the same bytes.
  @inline(__always)
  private func row<Sums: Panel>(
    _: Sums.Type, _ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer
  ) {
    let count = block.columns
    let small = min(4, Sums.tile)
    var x = 0
    while count &- x >= Sums.tile {
      Sums.bigTile(self, from + x &* sourcePixelStep, to + x &* pixelPitch)
      x &+= Sums.tile
    }
    let left = count &- x
    if left == 0 { return }
    // Two small tiles do not cost less than a big one of 6.
    if count >= Sums.tile, left > (Sums.tile > 2 &* small ? 2 &* small : small) {
      x = count &- Sums.tile
      return Sums.bigTile(self, from + x &* sourcePixelStep, to + x &* pixelPitch)
    }
    while count &- x > small && count >= small {
      Sums.smallTile(self, from + x &* sourcePixelStep, to + x &* pixelPitch)
      x &+= small
    }
    if count >= small {
      x = count &- small
      return Sums.smallTile(self, from + x &* sourcePixelStep, to + x &* pixelPitch)
    }
    while x < count {
      Sums.onePixel(self, from + x &* sourcePixelStep, to + x &* pixelPitch)
      x &+= 1
    }
  }

  /// Calls `body` with the address of each group of bytes of the first pixel and of the weights that belong to it.
  @inline(__always)
  func forEachGroup(
    _ from: UnsafeRawPointer, _ groupBytes: Int, _ start: UnsafeRawPointer,
    _ body: (UnsafeRawPointer, UnsafeRawPointer) -> Void
  ) {
    var weights = start
    var kernelRow = 0
    while kernelRow < kernelRows {
      var stretch = 0
      while stretch < stretches {
        var bytes = from + (kernelRow &* kernelRowStep &+ stretch &* stretchStep)
        let end = bytes + groups &* groupInputs
        repeat {
          body(bytes, weights)
          bytes += groupInputs
          weights += groupBytes
        } while bytes != end
        stretch &+= 1
      }
      kernelRow &+= 1
    }
  }
}
