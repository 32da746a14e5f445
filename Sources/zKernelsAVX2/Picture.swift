internal import CThreadMemory
internal import CVectorUnit
import RoadKernelContract

// Convolutions over pictures of at most three channels: the stem. Rows are widened once for all output channels, three
// numbers a pixel, so that neither splitting bytes nor a fourth channel is multiplied again for every panel.

struct PictureWalk {
  /// Pairs of numbers of a kernel row.
  let pairs: Int
  let outputPanels: Int
  private let window: WindowGeometry
  private let source: TensorView
  private let destination: TensorView
  /// As many widened rows as the kernel has: row r of the source is in slot r modulo them.
  private let rows: UnsafeMutableRawPointer
  private let rowBytes: Int
  private let requantizer: Requantizer

  /// Output columns that are computed together, a multiple of 6: their source stays in the first-level cache.
  private static var blockColumns: Int { 240 }

  @inline(__always)
  init(_ arguments: UnsafePointer<ConvolutionArguments>) {
    window = arguments.pointee.window
    source = arguments.pointee.source
    destination = arguments.pointee.destination
    pairs = (3 &* window.kernelWidth &+ 1) / 2
    outputPanels = destination.storedChannels / 16
    rows = rv_thread_tiles()
    // The last six pixels of a block may be computed beyond it; 32 bytes are stored at once.
    let pixels = (Self.blockColumns &+ 5) &* window.strideWidth &+ window.kernelWidth
    rowBytes = (6 &* pixels &+ 95) / 64 &* 64
    requantizer = Requantizer(arguments)
  }

  @inline(__always)
  var panelBytes: Int { Sums16.tableBytes &+ 64 &* pairs &* window.kernelHeight }

  @inline(__always)
  func columns(from column: Int) -> Int { min(Self.blockColumns, destination.width &- column) }

  /// Source rows `first..<end`, counted from the highest that the window reaches.
  @inline(__always)
  func widen(_ first: Int, _ end: Int, _ column: Int, _ columns: Int) {
    let pixels = (columns &- 1) &* window.strideWidth &+ window.kernelWidth
    var row = first
    while row < end {
      var from = UnsafeRawPointer(
        source.base
          + ((row &- window.padTop) &* source.rowPitch
            &+ (column &* window.strideWidth &- window.padLeft) &* source.pixelPitch))
      var to = rows + row % window.kernelHeight &* rowBytes
      var left = pixels
      while left >= 4 && source.isPacked4 {
        let numbers = rv_drop_fourths16(rv_widenu8to16(rv_load128(from)))
        rv_store128(to, rv_low128(numbers))
        rv_store128(to + 12, rv_high128(numbers))
        from += 16
        to += 24
        left &-= 4
      }
      while left > 0 {
        rv_store128(to, rv_low128(rv_drop_fourths16(rv_widenu8to16(rv_load4(from)))))
        from += source.pixelPitch
        to += 6
        left &-= 1
      }
      row &+= 1
    }
  }

  /// One panel of output channels over some columns of a row.
  @inline(__always)
  func multiply(_ row: Int, _ column: Int, _ columns: Int, _ panel: Int, _ table: UnsafeRawPointer) {
    let step = 6 &* window.strideWidth
    let to = destination.base + (row &* destination.rowPitch &+ column &* destination.pixelPitch &+ panel &* 16)
    var done = 0
    while done < columns {
      var six = SixPixels(from: Sums16(bias: table))
      var weights = table + Sums16.tableBytes
      var kernelRow = 0
      while kernelRow < window.kernelHeight {
        let slot = (row &* window.strideHeight &+ kernelRow) % window.kernelHeight
        six.add(UnsafeRawPointer(rows + slot &* rowBytes + done &* step), step, pairs: pairs, weights)
        weights += 64 &* pairs
        kernelRow &+= 1
      }
      let pointer = UnsafeMutableRawPointer(to + done &* destination.pixelPitch)
      store(six, pointer, min(columns &- done, 6), table)
      done &+= 6
    }
  }

  @inline(__always)
  private func store(_ six: SixPixels, _ to: UnsafeMutableRawPointer, _ count: Int, _ table: UnsafeRawPointer) {
    let pitch = destination.pixelPitch
    if count == 6 {
      six.t0.store(with: six.t1, to, pitch, table, requantizer)
      six.t2.store(with: six.t3, to + 2 &* pitch, pitch, table, requantizer)
      six.t4.store(with: six.t5, to + 4 &* pitch, pitch, table, requantizer)
      return
    }
    rv_store128(to, six.t0.requantized(table, requantizer))
    if count > 1 { rv_store128(to + pitch, six.t1.requantized(table, requantizer)) }
    if count > 2 { rv_store128(to + 2 &* pitch, six.t2.requantized(table, requantizer)) }
    if count > 3 { rv_store128(to + 3 &* pitch, six.t3.requantized(table, requantizer)) }
    if count > 4 { rv_store128(to + 4 &* pitch, six.t4.requantized(table, requantizer)) }
  }
}

/// At most three input channels, a kernel and strides that the packing takes, dilation 1.
@inline(never)
public func pictureAVX2(_ arguments: UnsafePointer<ConvolutionArguments>, _ firstRow: Int, _ endRow: Int) {
  let walk = PictureWalk(arguments)
  let window = arguments.pointee.window
  let width = arguments.pointee.destination.width
  var column = 0
  while column < width {
    let columns = walk.columns(from: column)
    var widened = 0
    var row = firstRow
    while row < endRow {
      let first = row &* window.strideHeight
      let end = first &+ window.kernelHeight
      widenRows(walk, max(first, widened), end, column, columns)
      widened = end
      var panel = 0
      var packed = arguments.pointee.packed
      while panel < walk.outputPanels {
        multiplyRow(walk, row, column, columns, panel, packed)
        packed += walk.panelBytes
        panel &+= 1
      }
      row &+= 1
    }
    column &+= columns
  }
}

@inline(never)
func widenRows(_ walk: PictureWalk, _ first: Int, _ end: Int, _ column: Int, _ columns: Int) {
  walk.widen(first, end, column, columns)
}

@inline(never)
func multiplyRow(
  _ walk: PictureWalk, _ row: Int, _ column: Int, _ columns: Int, _ panel: Int, _ packed: UnsafeRawPointer
) {
  walk.multiply(row, column, columns, panel, packed)
}
