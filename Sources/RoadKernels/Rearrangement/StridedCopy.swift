import Glibc
import RoadKernelContract

/// Moves by nested loops where the rearrangement has such, else by its definition.
@Sendable
func rearrangementPortable(_ pointer: UnsafePointer<RearrangementArguments>, firstRow: Int, endRow: Int) {
  let arguments = pointer.pointee
  guard let loops = arguments.loops, !arguments.carries || arguments.source.hasNoGaps else {
    return rearrangementReference(pointer, firstRow: firstRow, endRow: endRow)
  }
  let (column, channel) = (arguments.columns[0], arguments.runs[0].source)
  var y = firstRow
  while y < endRow {
    let end = min((y / loops.rowLoopRows + 1) * loops.rowLoopRows, endRow)
    let row = arguments.rows[y]
    let from = arguments.source.pixel(
      Int(row.row &+ column.row &+ channel.row), Int(row.column &+ column.column &+ channel.column))
    StridedCopy(arguments, loops, rows: end - y).run(
      from + Int(row.channel &+ column.channel &+ channel.channel), arguments.destination.pixel(y, 0))
    y = end
  }
}

/// One loop over elements: how many, and the bytes to the next one on both sides.
private struct Stride {
  var count = 1
  var source = 0
  var destination = 0
}

/// Nested loops whose two innermost are taken together: the elements that follow each other in the destination, and
/// those that do so in the source. Where these are not the same, they are a transposition.
private struct StridedCopy {
  private let arguments: RearrangementArguments
  private let loops: RearrangementLoops
  private let rows: Int
  private let elementSize: Int
  private var inner = Stride()
  private var across = Stride()
  private var innerIndex = -1
  private var acrossIndex = -1

  init(_ arguments: RearrangementArguments, _ loops: RearrangementLoops, rows: Int) {
    self.arguments = arguments
    self.loops = loops
    self.rows = rows
    elementSize = loops.elementSize
    if loops.withinCount > 0 {
      innerIndex = 0
      inner = stride(0)
    }
    for index in 0...loops.withinCount where index != innerIndex {
      let stride = stride(index)
      let (isDense, wasDense) = (stride.source == elementSize, across.source == elementSize)
      if acrossIndex < 0 || (isDense != wasDense ? isDense : stride.count > across.count) {
        acrossIndex = index
        across = stride
      }
    }
  }

  /// A loop by its number; the last is that over rows.
  private func stride(_ index: Int) -> Stride {
    func bytes(_ step: SIMD3<Int>, _ view: TensorView) -> Int {
      step.x &* view.rowPitch &+ step.y &* view.pixelPitch &+ step.z
    }
    guard index < loops.withinCount else {
      return Stride(
        count: rows, source: bytes(loops.rowStride, arguments.source), destination: arguments.destination.rowPitch)
    }
    let loop = loops.within[index]
    return Stride(
      count: loop.count, source: bytes(loop.source, arguments.source),
      destination: bytes(loop.destination, arguments.destination))
  }

  func run(_ from: UnsafePointer<UInt8>, _ to: UnsafeMutablePointer<UInt8>) { walk(loops.withinCount, from, to) }

  private func walk(_ index: Int, _ from: UnsafePointer<UInt8>, _ to: UnsafeMutablePointer<UInt8>) {
    if index < 0 { return move(from, to) }
    if index == innerIndex || index == acrossIndex { return walk(index - 1, from, to) }
    let stride = stride(index)
    for turn in 0..<stride.count { walk(index - 1, from + turn * stride.source, to + turn * stride.destination) }
  }

  private func move(_ from: UnsafePointer<UInt8>, _ to: UnsafeMutablePointer<UInt8>) {
    if innerIndex >= 0, inner.source == elementSize, inner.destination == elementSize {
      for turn in 0..<across.count {
        memcpy(to + turn * across.destination, from + turn * across.source, inner.count * elementSize)
      }
      return
    }
    switch elementSize {
    case 1: transposeBytes(from, to)
    case 2: moveEach(UInt16.self, from, to, inner, across)
    case 4: moveEach(UInt32.self, from, to, inner, across)
    default: moveEach(UInt64.self, from, to, inner, across)
    }
  }

  /// Bytes in blocks of 8x8 where both sides have them one after the other, the rest one by one.
  private func transposeBytes(_ from: UnsafePointer<UInt8>, _ to: UnsafeMutablePointer<UInt8>) {
    let isDense = across.source == 1 && inner.destination == 1
    let blocks = (inner: isDense ? inner.count & ~7 : 0, across: isDense ? across.count & ~7 : 0)
    if blocks.inner > 0 && blocks.across > 0 {
      // A cache line of the destination at a time.
      for line in Swift.stride(from: 0, to: blocks.inner, by: 64) {
        for row in Swift.stride(from: 0, to: blocks.across, by: 8) {
          for column in Swift.stride(from: line, to: min(line + 64, blocks.inner), by: 8) {
            transposeBlock(
              from + (column * inner.source + row), inner.source, to + (row * across.destination + column),
              across.destination)
          }
        }
      }
      var (beside, below) = (inner, across)
      beside.count = inner.count - blocks.inner
      moveEach(
        UInt8.self, from + blocks.inner * inner.source, to + blocks.inner * inner.destination, beside, across)
      below.count = across.count - blocks.across
      beside.count = blocks.inner
      moveEach(
        UInt8.self, from + blocks.across * across.source, to + blocks.across * across.destination, beside, below)
    } else {
      moveEach(UInt8.self, from, to, inner, across)
    }
  }

  /// One by one, the longer of the two loops inside.
  @inline(__always)
  private func moveEach<Element: FixedWidthInteger>(
    _ type: Element.Type, _ from: UnsafePointer<UInt8>, _ to: UnsafeMutablePointer<UInt8>, _ first: Stride,
    _ second: Stride
  ) {
    let (outer, inner) = first.count > second.count ? (second, first) : (first, second)
    for turn in 0..<outer.count {
      var source = UnsafeRawPointer(from + turn * outer.source)
      var destination = UnsafeMutableRawPointer(to + turn * outer.destination)
      for _ in 0..<inner.count {
        destination.storeBytes(of: source.loadUnaligned(as: type), as: type)
        source += inner.source
        destination += inner.destination
      }
    }
  }
}

/// Eight rows of eight bytes to eight columns: halves, quarters and eighths of words change places.
@inline(__always)
private func transposeBlock(
  _ from: UnsafePointer<UInt8>, _ fromPitch: Int, _ to: UnsafeMutablePointer<UInt8>, _ toPitch: Int
) {
  let (source, destination) = (UnsafeRawPointer(from), UnsafeMutableRawPointer(to))
  func row(_ index: Int) -> UInt64 { source.loadUnaligned(fromByteOffset: index * fromPitch, as: UInt64.self) }
  func store(_ word: UInt64, _ index: Int) {
    destination.storeBytes(of: word, toByteOffset: index * toPitch, as: UInt64.self)
  }
  let halves = exchange(
    SIMD4(row(0), row(1), row(2), row(3)), SIMD4(row(4), row(5), row(6), row(7)), 32, 0x0000_0000_FFFF_FFFF)
  let quarters = exchange(
    SIMD4(lowHalf: halves.0.lowHalf, highHalf: halves.1.lowHalf),
    SIMD4(lowHalf: halves.0.highHalf, highHalf: halves.1.highHalf), 16, 0x0000_FFFF_0000_FFFF)
  let (even, odd) = exchange(
    SIMD4(lowHalf: quarters.0.evenHalf, highHalf: quarters.1.evenHalf),
    SIMD4(lowHalf: quarters.0.oddHalf, highHalf: quarters.1.oddHalf), 8, 0x00FF_00FF_00FF_00FF)
  store(even[0], 0)
  store(odd[0], 1)
  store(even[2], 2)
  store(odd[2], 3)
  store(even[1], 4)
  store(odd[1], 5)
  store(even[3], 6)
  store(odd[3], 7)
}

/// The upper parts of each word of `a` and the lower ones of `b` change places.
@inline(__always)
private func exchange(
  _ a: SIMD4<UInt64>, _ b: SIMD4<UInt64>, _ bits: UInt64, _ mask: UInt64
) -> (SIMD4<UInt64>, SIMD4<UInt64>) {
  let shift = SIMD4(repeating: bits)
  let difference = ((a &>> shift) ^ b) & SIMD4(repeating: mask)
  return (a ^ (difference &<< shift), b ^ difference)
}

extension TensorView {
  /// Whether each element lies right behind the one before it.
  fileprivate var hasNoGaps: Bool { pixelPitch == channels && rowPitch == width * pixelPitch }
}
