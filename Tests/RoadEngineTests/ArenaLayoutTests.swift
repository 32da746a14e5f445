import RoadEngine
import RoadTestSupport
import Testing

@Suite struct ArenaLayoutTests {
  @Test("tensors that are alive together never share a byte", arguments: 0..<200 as Range<UInt64>)
  func noOverlap(seed: UInt64) {
    var random = SplitMix(state: seed)
    let requests = (0..<Int.random(in: 1...40, using: &random)).map { _ in
      let first = Int.random(in: 0...30, using: &random)
      return ArenaLayout.Request(
        bytes: Int.random(in: 0...5000, using: &random), life: first...(first + Int.random(in: 0...6, using: &random)))
    }
    let layout = ArenaLayout(requests)
    for a in requests.indices {
      #expect(layout.offsets[a] % ArenaLayout.alignment == 0)
      #expect(layout.offsets[a] + requests[a].bytes <= layout.size)
      for b in requests.indices where a < b && requests[a].life.overlaps(requests[b].life) {
        let disjoint =
          layout.offsets[a] + requests[a].bytes <= layout.offsets[b]
          || layout.offsets[b] + requests[b].bytes <= layout.offsets[a]
        #expect(disjoint || requests[a].bytes == 0 || requests[b].bytes == 0, "\(requests[a]) and \(requests[b])")
      }
    }
    #expect(layout.size >= ArenaLayout.lowerBound(requests))
  }

  @Test("a chain of equal tensors takes the room of two")
  func chainTakesTwo() {
    let requests = (0..<10).map { ArenaLayout.Request(bytes: 640, life: $0...($0 + 1)) }
    #expect(ArenaLayout(requests).size == 1280)
    #expect(ArenaLayout.lowerBound(requests) == 1280)
  }

  @Test("no tensors, no memory")
  func empty() {
    #expect(ArenaLayout([]).size == 0)
    #expect(ArenaLayout.lowerBound([]) == 0)
  }
}
