internal import CThreadMemory
import RoadKernelContract

// Shared source: each instruction-set target compiles its own copy (a linked folder); loops become vectors of its own
// width.

/// ``Int16PackedArguments`` where every output channel sees one input channel: tap by tap, all channels side by side.
@inline(__always)
func int16Columns(_ pointer: UnsafePointer<Int16PackedArguments>, _ firstRow: Int, _ endRow: Int) {
  ColumnSums(pointer.pointee).run(firstRow, endRow)
}

private struct ColumnSums {
  private let arguments: Int16PackedArguments
  private let layout: Int16PanelLayout
  private let weights: UnsafePointer<Int16>
  private let sums: UnsafeMutablePointer<Int32>
  /// A pixel of zero-points, which lies beside the picture.
  private let outside: UnsafeRawPointer

  @inline(__always)
  init(_ arguments: Int16PackedArguments) {
    self.arguments = arguments
    let (window, channels) = (arguments.window, arguments.groups)
    layout = Int16PanelLayout(channels: channels, taps: window.kernelHeight &* window.kernelWidth)
    weights = (arguments.packed + layout.weights).assumingMemoryBound(to: Int16.self)
    sums = rv_thread_scratch().assumingMemoryBound(to: Int32.self)
    let pixel = rv_thread_tiles()
    switch arguments.sourceElement {
    case .int16:
      fill(pixel.assumingMemoryBound(to: Int16.self), Int16(truncatingIfNeeded: arguments.sourceZeroPoint), channels)
    case .uint8:
      fill(pixel.assumingMemoryBound(to: UInt8.self), UInt8(truncatingIfNeeded: arguments.sourceZeroPoint), channels)
    }
    outside = UnsafeRawPointer(pixel)
  }

  @inline(__always)
  func run(_ firstRow: Int, _ endRow: Int) {
    let rescaling = Int16LaneRescaling(arguments, arguments.packed, layout)
    let channels = arguments.groups
    var y = firstRow
    while y < endRow {
      var x = 0
      while x < arguments.destination.width {
        pixel(y, x)
        let to = UnsafeMutableRawPointer(arguments.destination.pixel(y, x))
        switch arguments.destinationElement {
        case .int16: rescaling.store(UnsafePointer(sums), to.assumingMemoryBound(to: Int16.self), channels)
        case .uint8: rescaling.store(UnsafePointer(sums), to.assumingMemoryBound(to: UInt8.self), channels)
        }
        x &+= 1
      }
      y &+= 1
    }
  }

  @inline(__always)
  private func pixel(_ y: Int, _ x: Int) {
    let width = arguments.window.kernelWidth
    fill(sums, 0, arguments.groups)
    var tap = 0
    var row = 0
    while row < arguments.window.kernelHeight {
      let above = arguments.window.sourceRow(y, row)
      var column = 0
      while column < width {
        add(taps(above, arguments.window.sourceColumn(x, column)), weights + tap &* layout.lanes)
        tap &+= 1
        column &+= 1
      }
      row &+= 1
    }
  }

  @inline(__always)
  private func taps(_ above: Int, _ left: Int) -> UnsafeRawPointer {
    let source = arguments.source
    if above < 0 || above >= source.height || left < 0 || left >= source.width { return outside }
    return UnsafeRawPointer(source.pixel(above, left))
  }

  @inline(__always)
  private func add(_ pixel: UnsafeRawPointer, _ weights: UnsafePointer<Int16>) {
    let channels = arguments.groups
    var channel = 0
    switch arguments.sourceElement {
    case .int16:
      let from = pixel.assumingMemoryBound(to: Int16.self)
      while channel < channels {
        sums[channel] = sums[channel] &+ Int32(from[channel]) &* Int32(weights[channel])
        channel &+= 1
      }
    case .uint8:
      let from = pixel.assumingMemoryBound(to: UInt8.self)
      while channel < channels {
        sums[channel] = sums[channel] &+ Int32(from[channel]) &* Int32(weights[channel])
        channel &+= 1
      }
    }
  }
}
