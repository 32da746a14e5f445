internal import CThreadMemory
internal import CVectorUnit
import RoadKernelContract

// Shared source: each instruction-set target compiles its own copy (a linked folder) around its own `Vector`.

/// Products of matrices of activations. A panel of right rows is written as pairs of 16-bit numbers without their
/// zero-point, a lane a row; four left rows at a time meet it. Long rows are taken in stretches that the thread's
/// scratch memory holds.
@inline(__always)
func innerProduct(_ pointer: UnsafePointer<InnerProductArguments>, _ firstRow: Int, _ endRow: Int) {
  let product = PanelProduct(pointer.pointee, rv_thread_scratch())
  let leftRows = pointer.pointee.leftRows
  var row = firstRow
  while row < endRow {
    // Left rows of one batch entry share their right rows.
    let entry = row / leftRows
    let end = min(endRow, (entry &+ 1) &* leftRows, row &+ PanelProduct.blockRows)
    product.block(row, end, entry &* pointer.pointee.rightStep)
    row = end
  }
}

private struct PanelProduct {
  /// Left rows whose sums wait in scratch memory for the next stretch.
  @inline(__always) static var blockRows: Int { 128 }
  /// Numbers of a row that are multiplied before the next panel is written.
  @inline(__always) static var stretch: Int { 512 }
  /// Left rows that meet a panel at a time.
  @inline(__always) static var tile: Int { 4 }
  /// Two vectors of sums.
  @inline(__always) static var lanes: Int { vectorBytes / 2 }

  private let arguments: InnerProductArguments
  private let depth: Int
  /// Of the lanes, from what the left zero-point takes away.
  private let starts: UnsafeMutablePointer<Int32>
  /// Of the block's rows, `lanes` numbers each; a tile more, where rows that are not there go.
  private let sums: UnsafeMutablePointer<Int32>
  /// Four left rows of a stretch as 16-bit numbers.
  private let left: UnsafeMutablePointer<Int16>
  private let panel: UnsafeMutablePointer<UInt32>

  @inline(__always)
  init(_ arguments: InnerProductArguments, _ scratch: UnsafeMutableRawPointer) {
    self.arguments = arguments
    depth = arguments.left.channels
    starts = scratch.assumingMemoryBound(to: Int32.self)
    sums = starts + Self.lanes
    let block = sums + (Self.blockRows &+ Self.tile) &* Self.lanes
    left = UnsafeMutableRawPointer(block).assumingMemoryBound(to: Int16.self)
    panel = UnsafeMutableRawPointer(left + Self.tile &* Self.stretch).assumingMemoryBound(to: UInt32.self)
  }

  @inline(__always)
  func block(_ firstRow: Int, _ endRow: Int, _ firstRight: Int) {
    let columns = arguments.destination.channels
    var column = 0
    while column < columns {
      let count = min(Self.lanes, columns &- column)
      var start = 0
      while start < depth {
        let length = min(Self.stretch, depth &- start)
        writePanel(firstRight &+ column, count, start, length)
        multiply(firstRow, endRow, start, length)
        start &+= length
      }
      store(firstRow, endRow, column, count)
      column &+= Self.lanes
    }
  }

  /// Lanes without a row are zeros.
  @inline(__always)
  private func writePanel(_ firstRight: Int, _ count: Int, _ start: Int, _ length: Int) {
    let zero = Int32(arguments.rightZeroPoint)
    let pairs = length / 2
    var lane = 0
    while lane < Self.lanes {
      var sum: Int32 = 0
      var to = panel + lane
      let from = arguments.right.pixel(firstRight &+ min(lane, count &- 1), 0) + start
      var pair = 0
      while pair < pairs {
        let (first, second) = (Int32(from[2 &* pair]) &- zero, Int32(from[2 &* pair &+ 1]) &- zero)
        sum = sum &+ first &+ second
        to.pointee = UInt32(bitPattern: first & 0xFFFF | second &<< 16)
        to += Self.lanes
        pair &+= 1
      }
      if length & 1 == 1 {
        let last = Int32(from[length &- 1]) &- zero
        sum = sum &+ last
        to.pointee = UInt32(bitPattern: last & 0xFFFF)
      }
      starts[lane] = 0 &- sum &* Int32(arguments.leftZeroPoint)
      lane &+= 1
    }
  }

  /// Adds a stretch to the sums of all rows; the first begins them.
  @inline(__always)
  private func multiply(_ firstRow: Int, _ endRow: Int, _ start: Int, _ length: Int) {
    let pairs = (length &+ 1) / 2
    var row = firstRow
    while row < endRow {
      var index = 0
      while index < Self.tile {
        widen(arguments.left.pixel(min(row &+ index, endRow &- 1), 0) + start, length, left + index &* Self.stretch)
        index &+= 1
      }
      let to = UnsafeMutableRawPointer(sums + (row &- firstRow) &* Self.lanes)
      var tile = FourLeftRows(UnsafeRawPointer(starts))
      if start > 0 { tile.add(UnsafeRawPointer(to)) }
      tile.multiply(UnsafeRawPointer(left), Self.stretch &* 2, UnsafeRawPointer(panel), pairs)
      tile.store(to)
      row &+= Self.tile
    }
  }

  @inline(__always)
  private func widen(_ from: UnsafeMutablePointer<UInt8>, _ count: Int, _ to: UnsafeMutablePointer<Int16>) {
    let step = vectorBytes / 2
    var index = 0
    while count &- index >= step {
      rv_store(to + index, rv_widenu8to16(rv_load_half(from + index)))
      index &+= step
    }
    while index < count {
      to[index] = Int16(from[index])
      index &+= 1
    }
    // The second of the last pair, where the count is odd.
    if count & 1 == 1 { to[count] = 0 }
  }

  @inline(__always)
  private func store(_ firstRow: Int, _ endRow: Int, _ column: Int, _ count: Int) {
    let rescaling = arguments.rescaling
    var row = firstRow
    while row < endRow {
      let from = sums + (row &- firstRow) &* Self.lanes
      let to = arguments.destination.pixel(row, 0) + column
      var index = 0
      if rescaling.tiesToEven {
        while index < count {
          to[index] = rescaling.apply(Int(from[index]))
          index &+= 1
        }
      } else {
        while index < count {
          to[index] = rescaling.applyTiesUp(Int(from[index]))
          index &+= 1
        }
      }
      row &+= 1
    }
  }
}
