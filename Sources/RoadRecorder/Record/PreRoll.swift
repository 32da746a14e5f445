/// Closed chunks that wait for a trigger: the last seconds, bounded in bytes.
package struct PreRoll {
  private var chunks: [ClosedChunk] = []
  package private(set) var bytes = 0
  private var duration: UInt64
  private var capacity: Int

  /// - Parameters:
  ///   - duration: nanoseconds of log time that are kept.
  ///   - capacity: bytes.
  package init(duration: UInt64, capacity: Int) {
    self.duration = duration
    self.capacity = capacity
  }

  package var isEmpty: Bool { chunks.isEmpty }

  /// - Returns: how many older chunks made room.
  package mutating func add(_ chunk: ClosedChunk) -> Int {
    chunks.append(chunk)
    bytes += chunk.bytes.count
    let end = chunk.place.endTime
    let oldest = end > duration ? end - duration : 0
    var dropped = 0
    while dropped < chunks.count - 1, chunks[dropped].place.endTime < oldest || bytes > capacity {
      bytes -= chunks[dropped].bytes.count
      dropped += 1
    }
    chunks.removeFirst(dropped)
    return dropped
  }

  /// As `init`; what is too much goes with the next chunk.
  package mutating func keep(duration: UInt64, capacity: Int) {
    (self.duration, self.capacity) = (duration, capacity)
  }

  package mutating func takeAll() -> [ClosedChunk] {
    defer {
      chunks = []
      bytes = 0
    }
    return chunks
  }
}
