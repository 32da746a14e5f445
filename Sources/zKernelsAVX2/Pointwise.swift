internal import CThreadMemory
internal import CVectorUnit
import RoadKernelContract

// 1x1 convolutions: bytes are widened once for all output channels. Split where they are multiplied, as in
// `PixelSums32`, they take three of 19 instructions again for every panel.

struct PointwiseWalk {
  /// Channels of the source with their padding, and pairs of real ones.
  let inputs: Int
  let pairs: Int
  let outputPanels: Int
  /// Pixels that are computed together, a multiple of 6.
  let capacity: Int
  private let width: Int
  private let source: TensorView
  private let destination: TensorView
  let pixels: UnsafeMutableRawPointer
  let requantizer: Requantizer

  /// Widened pixels that stay in the first-level cache beside a panel's weights, where sums are not too long.
  private static var cacheBytes: Int { 24576 }

  @inline(__always)
  init(_ arguments: UnsafePointer<ConvolutionArguments>) {
    source = arguments.pointee.source
    destination = arguments.pointee.destination
    inputs = source.storedChannels
    pairs = (source.channels &+ 1) / 2
    outputPanels = destination.storedChannels / 16
    capacity = max(min(Self.cacheBytes / (12 &* inputs), 32), 4) &* 6
    width = destination.width
    pixels = rv_thread_tiles()
    requantizer = Requantizer(arguments)
  }

  @inline(__always)
  var panelBytes: Int { Sums16.tableBytes &+ 64 &* pairs }

  /// Bytes of `count` pixels from a place in the picture on become Int16.
  @inline(__always)
  func widen(_ place: PixelPlace, _ count: Int) {
    var place = place
    var to = pixels
    var left = count
    while left > 0 {
      let from = UnsafeRawPointer(source.base + (place.row &* source.rowPitch &+ place.column &* source.pixelPitch))
      var channel = 0
      while channel < inputs {
        rv_store(to, rv_widenu8to16(rv_load128(from + channel)))
        to += 32
        channel &+= 16
      }
      place.advance(1, width)
      left &-= 1
    }
  }

  @inline(__always)
  private func pointer(_ place: PixelPlace, _ panel: Int) -> UnsafeMutableRawPointer {
    UnsafeMutableRawPointer(
      destination.base + (place.row &* destination.rowPitch &+ place.column &* destination.pixelPitch &+ panel &* 16))
  }

  @inline(__always)
  private func store(_ sums: Sums16, _ place: PixelPlace, _ panel: Int, _ table: UnsafeRawPointer) {
    rv_store128(pointer(place, panel), sums.requantized(table, requantizer))
  }

  /// Two pixels, and on to the next.
  @inline(__always)
  private func store(
    _ first: Sums16, _ second: Sums16, _ place: inout PixelPlace, _ panel: Int, _ table: UnsafeRawPointer
  ) {
    let bytes = Sums16.requantized(first, second, table, requantizer)
    rv_store128(pointer(place, panel), rv_low128(bytes))
    place.advance(1, width)
    rv_store128(pointer(place, panel), rv_high128(bytes))
    place.advance(1, width)
  }

  /// One panel of output channels over `count` pixels; beyond them the memory holds others, whose sums are dropped.
  @inline(__always)
  func multiply(_ start: PixelPlace, _ count: Int, _ panel: Int, _ table: UnsafeRawPointer) {
    let pitch = inputs &* 2
    let weights = table + Sums16.tableBytes
    var place = start
    var slot = 0
    while slot < count {
      var six = SixPixels(from: Sums16(bias: table))
      six.add(UnsafeRawPointer(pixels + slot &* pitch), pitch, pairs: pairs, weights)
      let left = count &- slot
      if left >= 6 {
        store(six.t0, six.t1, &place, panel, table)
        store(six.t2, six.t3, &place, panel, table)
        store(six.t4, six.t5, &place, panel, table)
      } else {
        store(six.t0, place, panel, table)
        if left > 1 { store(six.t1, place.after(1, width), panel, table) }
        if left > 2 { store(six.t2, place.after(2, width), panel, table) }
        if left > 3 { store(six.t3, place.after(3, width), panel, table) }
        if left > 4 { store(six.t4, place.after(4, width), panel, table) }
      }
      slot &+= 6
    }
  }
}

struct PixelPlace {
  var row: Int
  var column: Int

  @inline(__always)
  mutating func advance(_ count: Int, _ width: Int) {
    column &+= count
    while column >= width {
      column &-= width
      row &+= 1
    }
  }

  @inline(__always)
  func after(_ count: Int, _ width: Int) -> PixelPlace {
    var place = self
    place.advance(count, width)
    return place
  }
}

/// 1x1 of stride 1, without padding.
@inline(never)
public func pointwiseAVX2(_ arguments: UnsafePointer<ConvolutionArguments>, _ firstRow: Int, _ endRow: Int) {
  let walk = PointwiseWalk(arguments)
  let width = arguments.pointee.destination.width
  var place = PixelPlace(row: firstRow, column: 0)
  var left = (endRow &- firstRow) &* width
  while left > 0 {
    let count = min(walk.capacity, left)
    widenPixels(walk, place, count)
    var panel = 0
    var packed = arguments.pointee.packed
    while panel < walk.outputPanels {
      multiplyPixels(walk, place, count, panel, packed)
      packed += walk.panelBytes
      panel &+= 1
    }
    place.advance(count, width)
    left &-= count
  }
}

@inline(never)
func widenPixels(_ walk: PointwiseWalk, _ place: PixelPlace, _ count: Int) { walk.widen(place, count) }

@inline(never)
func multiplyPixels(
  _ walk: PointwiseWalk, _ place: PixelPlace, _ count: Int, _ panel: Int, _ packed: UnsafeRawPointer
) {
  walk.multiply(place, count, panel, packed)
}
