/// Closed chunks that wait for a trigger: the last seconds, bounded in bytes.
struct PreRoll {
  private var chunks: [ClosedChunk] = []
  private(set) var bytes = 0
  private let duration: UInt64
  private let capacity: Int

  /// - Parameters:
  ///   - duration: nanoseconds of log time that are kept.
  ///   - capacity: bytes.
  init(duration: UInt64, capacity: Int) {
    self.duration = duration
    self.capacity = capacity
  }

  var isEmpty: Bool { chunks.isEmpty }

  /// - Returns: how many older chunks made room.
  mutating func add(_ chunk: ClosedChunk) -> Int {
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

  mutating func takeAll() -> [ClosedChunk] {
    defer {
      chunks = []
      bytes = 0
    }
    return chunks
  }
}
