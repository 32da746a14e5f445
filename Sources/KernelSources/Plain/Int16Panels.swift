internal import CThreadMemory
internal import CVectorUnit
import RoadKernelContract

// Shared source: each instruction-set target compiles its own copy (a linked folder) around its own `Vector`.

/// ``Int16PackedArguments``: the windows of some pixels are written out as rows of 16-bit numbers, with the zero-point
/// where they leave the picture; four at a time meet a panel of output channels.
@inline(__always)
func int16Panels(_ pointer: UnsafePointer<Int16PackedArguments>, _ firstRow: Int, _ endRow: Int) {
  if pointer.pointee.groupInputs == 1, pointer.pointee.groupOutputs == 1, pointer.pointee.groups > 1 {
    return int16Columns(pointer, firstRow, endRow)
  }
  WindowProduct(pointer.pointee).run(firstRow, endRow)
}

private struct WindowProduct {
  /// Bytes of windows that stay in the first-level cache.
  @inline(__always) static var blockBytes: Int { 1 << 14 }
  /// Pixels that meet a panel at a time.
  @inline(__always) static var tile: Int { 4 }
  /// Two vectors of sums.
  @inline(__always) static var lanes: Int { vectorBytes / 2 }

  private let arguments: Int16PackedArguments
  private let layout: Int16PanelLayout
  /// Numbers of a window, and the same made even.
  private let depth: Int
  private let pitch: Int
  /// Pixels of a block.
  private let blockPixels: Int
  /// Of the block's pixels, `pitch` numbers each.
  private let windows: UnsafeMutablePointer<Int16>
  /// Of a tile, `lanes` numbers a pixel: of one stretch, and of those before it.
  private let sums: UnsafeMutablePointer<Int32>
  private let totals: UnsafeMutablePointer<Int64>
  private let zeros: UnsafePointer<Int32>

  @inline(__always)
  init(_ arguments: Int16PackedArguments) {
    self.arguments = arguments
    depth = arguments.window.kernelHeight &* arguments.window.kernelWidth &* arguments.groupInputs
    pitch = (depth &+ 1) & ~1
    layout = Int16PanelLayout(lanes: Self.lanes, pairs: pitch / 2)
    blockPixels = max(min(Self.blockBytes / (2 &* pitch), 64) & ~3, Self.tile)
    windows = rv_thread_tiles().assumingMemoryBound(to: Int16.self)
    let scratch = rv_thread_scratch()
    totals = scratch.assumingMemoryBound(to: Int64.self)
    sums = (scratch + 8 &* Self.tile &* Self.lanes).assumingMemoryBound(to: Int32.self)
    let behind = sums + Self.tile &* Self.lanes
    fill(behind, 0, Self.lanes)
    zeros = UnsafePointer(behind)
  }

  @inline(__always)
  func run(_ firstRow: Int, _ endRow: Int) {
    var y = firstRow
    while y < endRow {
      var x = 0
      while x < arguments.destination.width {
        let count = min(blockPixels, arguments.destination.width &- x)
        block(y, x, count)
        x &+= count
      }
      y &+= 1
    }
  }

  @inline(__always)
  private func block(_ y: Int, _ x: Int, _ count: Int) {
    let panels = (arguments.groupOutputs &+ Self.lanes &- 1) / Self.lanes
    var group = 0
    while group < arguments.groups {
      var pixel = 0
      while pixel < count {
        write(y, x &+ pixel, group &* arguments.groupInputs, windows + pixel &* pitch)
        pixel &+= 1
      }
      var panel = 0
      while panel < panels {
        let first = panel &* Self.lanes
        let packed = arguments.packed + (group &* panels &+ panel) &* layout.byteCount
        let channels = min(Self.lanes, arguments.groupOutputs &- first)
        tiles(y, x, count, packed, group &* arguments.groupOutputs &+ first, channels)
        panel &+= 1
      }
      group &+= 1
    }
  }

  /// One window; taps outside the picture hold the zero-point.
  @inline(__always)
  private func write(_ y: Int, _ x: Int, _ firstInput: Int, _ window: UnsafeMutablePointer<Int16>) {
    let (source, inputs, geometry) = (arguments.source, arguments.groupInputs, arguments.window)
    let zero = Int16(truncatingIfNeeded: arguments.sourceZeroPoint)
    var to = window
    var row = 0
    while row < geometry.kernelHeight {
      let above = geometry.sourceRow(y, row)
      let isRow = above >= 0 && above < source.height
      var column = 0
      while column < geometry.kernelWidth {
        let left = geometry.sourceColumn(x, column)
        if isRow, left >= 0, left < source.width {
          copy(UnsafeRawPointer(source.pixel(above, left)), firstInput, to)
        } else {
          fill(to, zero, inputs)
        }
        to += inputs
        column &+= 1
      }
      row &+= 1
    }
    // The second of the last pair, where the count is odd.
    if depth & 1 == 1 { to.pointee = 0 }
  }

  @inline(__always)
  private func copy(_ pixel: UnsafeRawPointer, _ firstInput: Int, _ to: UnsafeMutablePointer<Int16>) {
    var index = 0
    switch arguments.sourceElement {
    case .int16:
      let from = pixel.assumingMemoryBound(to: Int16.self) + firstInput
      while index < arguments.groupInputs {
        to[index] = from[index]
        index &+= 1
      }
    case .uint8:
      let from = pixel.assumingMemoryBound(to: UInt8.self) + firstInput
      while index < arguments.groupInputs {
        to[index] = Int16(from[index])
        index &+= 1
      }
    }
  }

  @inline(__always)
  private func tiles(
    _ y: Int, _ x: Int, _ count: Int, _ panel: UnsafeRawPointer, _ firstOutput: Int, _ channels: Int
  ) {
    let rescaling = Int16LaneRescaling(arguments, panel, layout)
    let isShort = layout.rows <= arguments.pairsInInt32
    var pixel = 0
    while pixel < count {
      let left = UnsafeRawPointer(windows + pixel &* pitch)
      if isShort {
        multiply(left, panel + layout.weights, layout.rows)
      } else {
        total(left, panel + layout.weights)
      }
      var index = 0
      while index < Self.tile, pixel &+ index < count {
        let to = UnsafeMutableRawPointer(arguments.destination.pixel(y, x &+ pixel &+ index))
        let from = index &* Self.lanes
        switch arguments.destinationElement {
        case .int16: store(from, isShort, to.assumingMemoryBound(to: Int16.self) + firstOutput, channels, rescaling)
        case .uint8: store(from, isShort, to.assumingMemoryBound(to: UInt8.self) + firstOutput, channels, rescaling)
        }
        index &+= 1
      }
      pixel &+= Self.tile
    }
  }

  /// Of one pixel, from the sums or the totals.
  @inline(__always)
  private func store<Element: FixedWidthInteger>(
    _ from: Int, _ isShort: Bool, _ to: UnsafeMutablePointer<Element>, _ channels: Int, _ rescaling: Int16LaneRescaling
  ) {
    if isShort {
      rescaling.store(UnsafePointer(sums + from), to, channels)
    } else {
      rescaling.store(UnsafePointer(totals + from), to, channels)
    }
  }

  @inline(__always)
  private func multiply(_ left: UnsafeRawPointer, _ weights: UnsafeRawPointer, _ pairs: Int) {
    var tile = FourLeftRows(UnsafeRawPointer(zeros))
    tile.multiply(left, 2 &* pitch, weights, pairs)
    tile.store(UnsafeMutableRawPointer(sums))
  }

  /// In stretches that 32 bits hold.
  @inline(__always)
  private func total(_ left: UnsafeRawPointer, _ weights: UnsafeRawPointer) {
    let lanes = Self.tile &* Self.lanes
    fill(totals, 0, lanes)
    var pair = 0
    while pair < layout.rows {
      let count = min(arguments.pairsInInt32, layout.rows &- pair)
      multiply(left + 4 &* pair, weights + pair &* layout.rowBytes, count)
      var lane = 0
      while lane < lanes {
        totals[lane] = totals[lane] &+ Int64(sums[lane])
        lane &+= 1
      }
      pair &+= count
    }
  }
}
