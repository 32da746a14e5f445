import RoadKernelContract

/// A rearrangement's index lists as nested loops with strides; see `RearrangementLoops`.
package struct RearrangementNest: Equatable {
  package typealias Loop = RearrangementLoops.Loop

  package private(set) var rowLoopRows: Int
  package private(set) var rowStride: SIMD3<Int>
  package private(set) var within: [Loop]
  /// Bytes that belong together: 1, 2, 4 or 8.
  package private(set) var elementSize: Int

  /// - Parameters:
  ///   - indices: rows, columns and channels (bytes) of the source, by those of the destination.
  ///   - carried: the source's width and channels where the parts can add up beyond a pixel or a row.
  /// - Returns: nil where something lies outside the source, or in no order that strides give.
  package init?(_ indices: [[SourceIndex]], carrying carried: (width: Int, channels: Int)? = nil) {
    var parts: [[Loop]] = []
    for (axis, part) in indices.enumerated() {
      guard !part.contains(where: \.isOutside),
        let loops = Self.loops(part.map { Self.place($0, carried) }, along: axis)
      else { return nil }
      parts.append(loops)
    }
    let rows = parts[0].first
    rowLoopRows = rows?.count ?? 1
    rowStride = rows?.source ?? .zero
    within = parts[2] + parts[1]
    elementSize = 1
    joinBytes()
  }

  /// With carrying, places count in the plane without padding.
  private static func place(_ index: SourceIndex, _ carried: (width: Int, channels: Int)?) -> SIMD3<Int> {
    guard let carried else { return SIMD3(Int(index.row), Int(index.column), Int(index.channel)) }
    return SIMD3(0, 0, (Int(index.row) * carried.width + Int(index.column)) * carried.channels + Int(index.channel))
  }

  /// Innermost first; nil where no loops give these places.
  private static func loops(_ places: [SIMD3<Int>], along axis: Int) -> [Loop]? {
    var (starts, loops, pitch) = (places, [Loop](), 1)
    while starts.count > 1 {
      let stride = starts[1] &- starts[0]
      let end = starts.indices.dropFirst().first { starts[$0] &- starts[$0 - 1] != stride } ?? starts.count
      guard starts.count % end == 0,
        starts.indices.allSatisfy({ $0 % end == 0 || starts[$0] &- starts[$0 - 1] == stride })
      else { return nil }
      var destination = SIMD3<Int>.zero
      destination[axis] = pitch
      loops.append(Loop(count: end, source: stride, destination: destination))
      pitch *= end
      starts = Swift.stride(from: 0, to: starts.count, by: end).map { [starts] in starts[$0] }
    }
    return loops
  }

  /// Two, four or eight bytes that stay together move as one.
  private mutating func joinBytes() {
    let byte = SIMD3(0, 0, 1)
    guard let first = within.first, first.source == byte, first.destination == byte, [2, 4, 8].contains(first.count)
    else { return }
    elementSize = first.count
    within.removeFirst()
  }
}
