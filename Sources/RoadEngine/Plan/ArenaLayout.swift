/// Where each tensor lies in the one block of memory that a plan allocates.
///
/// Tensors whose lives do not overlap share bytes. Placement is greedy by size: the largest first, each at the lowest
/// offset that is free during its whole life (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net
/// Inference", 2020).
package struct ArenaLayout: Equatable {
  /// What one tensor asks for: bytes, and the first and last step that touch it.
  package struct Request: Equatable {
    package var bytes: Int
    package var life: ClosedRange<Int>

    package init(bytes: Int, life: ClosedRange<Int>) {
      self.bytes = bytes
      self.life = life
    }
  }

  package static let alignment = PlanMemory.alignment

  package var offsets: [Int]
  package var size: Int

  package init(_ requests: [Request]) {
    var offsets = [Int](repeating: 0, count: requests.count)
    var placed: [Int] = []
    var size = 0
    let order = requests.indices.sorted { (requests[$0].bytes, $1) > (requests[$1].bytes, $0) }
    for index in order {
      let request = requests[index]
      var offset = 0
      let rivals = placed.filter { requests[$0].life.overlaps(request.life) }.sorted { offsets[$0] < offsets[$1] }
      for rival in rivals {
        if offset + request.bytes <= offsets[rival] { break }
        offset = max(offset, PlanMemory.aligned(offsets[rival] + requests[rival].bytes))
      }
      offsets[index] = offset
      size = max(size, PlanMemory.aligned(offset + request.bytes))
      placed.append(index)
    }
    self.offsets = offsets
    self.size = size
  }

  /// Bytes alive at the busiest step: no layout can be smaller.
  package static func lowerBound(_ requests: [Request]) -> Int {
    let steps = requests.map(\.life.upperBound).max() ?? 0
    return (0...steps).map { step in
      requests.reduce(0) { $0 + ($1.life.contains(step) ? $1.bytes : 0) }
    }.max() ?? 0
  }
}
