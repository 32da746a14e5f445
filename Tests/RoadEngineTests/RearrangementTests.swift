import RoadEngine
import RoadKernelContract
import RoadKernels
import RoadModel
import RoadTestSupport
import Testing

/// Moves as nested loops against the same moves entry by entry.
@Suite struct RearrangementTests {
  /// Sides at which blocks of eight end, and pixels with and without gaps between them.
  static let shapes = [(3, 5, 16), (8, 9, 32), (17, 24, 16), (1, 70, 48), (64, 1, 16), (5, 3, 19), (2, 2, 1)]

  @Test("permuted, sliced, split and turned axes", arguments: shapes, 0..<12 as Range<UInt64>)
  func loopsMoveWhatTheListsMove(shape: (Int, Int, Int), seed: UInt64) throws {
    var random = SplitMix(state: seed &* 977 &+ UInt64(shape.0))
    let source = Plane.Shape(height: shape.0, width: shape.1, channels: shape.2)
    var view = Self.axes(of: source)
    for axis in view.shape.indices where Bool.random(using: &random) {
      let size = view.shape[axis]
      let step = size > 3 && Bool.random(using: &random) ? 2 : 1
      view = view.sliced(axis: axis, start: size > 1 ? 1 : 0, step: step, count: max((size - 1) / step, 1))
    }
    for axis in view.shape.indices where Int.random(in: 0..<4, using: &random) == 0 {
      view = view.sliced(axis: axis, start: view.shape[axis] - 1, step: -1, count: view.shape[axis])
    }
    view = view.transposed(view.shape.indices.shuffled(using: &random))
    let cuts = (0..<2).map { _ in Int.random(in: 0...view.shape.count, using: &random) }.sorted()
    let parts = [0..<cuts[0], cuts[0]..<cuts[1], cuts[1]..<view.shape.count]
    Self.check(Move(view, parts, source), from: source, &random)
  }

  /// Rows, columns and channels, each in two where they are even.
  private static func axes(of plane: Plane.Shape) -> StridedView {
    var view = StridedView(of: [plane.height, plane.width, plane.channels])
    for axis in view.shape.indices.reversed() where view.shape[axis] % 2 == 0 {
      let stride = view.strides[axis]
      view.shape[axis] /= 2
      view.strides[axis] = stride * 2
      view.shape.insert(2, at: axis + 1)
      view.strides.insert(stride, at: axis + 1)
    }
    return view
  }

  /// Index lists as the engine makes them.
  private struct Move {
    let indices: [[SourceIndex]]
    let carries: Bool
    let nest: RearrangementNest?
    let result: Plane.Shape

    init(_ view: StridedView, _ parts: [Range<Int>], _ source: Plane.Shape) {
      var offsets = parts.map { axes in
        var part = StridedView(of: Array(view.shape[axes]))
        part.strides = Array(view.strides[axes])
        return part.offsets
      }
      var base = view.offset
      for part in offsets.indices {
        let lowest = offsets[part].min() ?? 0
        base += lowest
        offsets[part] = offsets[part].map { $0 - lowest }
      }
      offsets[0] = offsets[0].map { $0 + base }
      let places = offsets.map { $0.map(source.index) }
      func largest(_ part: KeyPath<SourceIndex, Int32>) -> Int {
        places.reduce(0) { $0 + Int($1.map { $0[keyPath: part] }.max() ?? 0) }
      }
      let carries =
        largest(\.row) >= source.height || largest(\.column) >= source.width
        || largest(\.channel) >= source.channels
      (indices, self.carries) = (places, carries)
      nest = RearrangementNest(places, carrying: carries ? (source.width, source.channels) : nil)
      result = Plane.Shape(height: offsets[0].count, width: offsets[1].count, channels: offsets[2].count)
    }
  }

  private static func check(_ move: Move, from: Plane.Shape, _ random: inout SplitMix) {
    let source = Plane(from, &random)
    let expected = moved(move, source, byLoops: false, &random)
    let found = moved(move, source, byLoops: true, &random)
    #expect(found.bytes == expected.bytes)
    #expect(found.rest == 0xA5, "bytes beside the pixels were written")
    if move.carries { #expect(move.nest != nil, "offsets of a view have strides") }
  }

  private static func moved(
    _ move: Move, _ source: Plane, byLoops: Bool, _ random: inout SplitMix
  ) -> (bytes: [UInt8], rest: UInt8) {
    let destination = Plane(move.result, halo: 0, filledWith: 0xA5)
    let runs = move.indices[2].enumerated().map { ChannelRun(channel: Int32($0), count: 1, source: $1) }
    let middle = Int.random(in: 0...move.result.height, using: &random)
    move.indices[0].withUnsafeBufferPointer { rows in
      move.indices[1].withUnsafeBufferPointer { columns in
        runs.withUnsafeBufferPointer { runs in
          ((move.nest?.within ?? []) + [.init(count: 1, source: .zero, destination: .zero)]).withUnsafeBufferPointer {
            within in
            let loops = move.nest.map {
              RearrangementLoops(
                rowLoopRows: $0.rowLoopRows, rowStride: $0.rowStride, within: within.baseAddress!,
                withinCount: within.count - 1, elementSize: $0.elementSize)
            }
            var arguments = RearrangementArguments(
              source: source.view, destination: destination.view, rows: rows.baseAddress!,
              columns: columns.baseAddress!, runs: runs.baseAddress!, runCount: runs.count, padding: 0,
              carries: move.carries, loops: byLoops ? loops : nil)
            // Two chunks that part anywhere.
            KernelSet.of(.reference).rearrangement.run(&arguments, 0, middle)
            KernelSet.of(.reference).rearrangement.run(&arguments, middle, move.result.height)
          }
        }
      }
    }
    return destination.contents()
  }

  /// A plane in memory of its own.
  private final class Plane {
    struct Shape {
      let height: Int
      let width: Int
      let channels: Int

      func index(_ offset: Int) -> SourceIndex {
        let pixel = offset / channels
        return SourceIndex(
          row: Int32(pixel / width), column: Int32(pixel % width), channel: Int32(offset % channels))
      }
    }

    let view: TensorView
    private let memory: UnsafeMutableRawBufferPointer
    private let shape: Shape

    init(_ shape: Shape, halo: Int, filledWith byte: UInt8) {
      self.shape = shape
      let layout = TensorLayout(
        height: shape.height, width: shape.width, channels: shape.channels,
        pixelPitch: (shape.channels + 15) / 16 * 16, halo: halo)
      memory = .allocate(byteCount: layout.byteCount, alignment: 64)
      memory.initializeMemory(as: UInt8.self, repeating: byte)
      view = layout.view(at: memory.baseAddress!)
    }

    /// Without a halo where the channels leave no gap, so that both ways to count are met.
    convenience init(_ shape: Shape, _ random: inout SplitMix) {
      self.init(shape, halo: shape.channels % 16 == 0 ? 0 : 1, filledWith: 0)
      for index in memory.indices { memory[index] = UInt8.random(in: 0...255, using: &random) }
    }

    deinit { memory.deallocate() }

    /// The pixels' bytes, and the one byte that all others hold; 0 where they differ.
    func contents() -> (bytes: [UInt8], rest: UInt8) {
      var (bytes, rest) = ([UInt8](), UInt8(0xA5))
      for y in 0..<shape.height {
        for x in 0..<shape.width {
          for channel in 0..<view.pixelPitch {
            let byte = view.pixel(y, x)[channel]
            if channel < shape.channels { bytes.append(byte) } else if byte != rest { rest = 0 }
          }
        }
      }
      return (bytes, rest)
    }
  }
}
