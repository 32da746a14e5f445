import Glibc
import RoadBase

/// The bytes of a stream that were read and not yet used: a window that slides through memory allocated once.
struct StreamBuffer {
  enum Fill {
    case more
    /// The window is as large as the memory.
    case full
    case timedOut
    case ended
  }

  private let memory: UnsafeMutableRawBufferPointer
  private let descriptor: Int32
  private var window = 0..<0

  /// - Parameter capacity: more than the largest frame.
  init(descriptor: Int32, capacity: Int) {
    self.descriptor = descriptor
    memory = .allocate(byteCount: capacity, alignment: 64)
  }

  func deallocate() { memory.deallocate() }

  /// The bytes in hand; index 0 is the oldest.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[window]) }

  mutating func consume(_ count: Int) {
    window = window.lowerBound + count..<window.upperBound
    if window.isEmpty { window = 0..<0 }
  }

  /// Takes over bytes that another buffer had read.
  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    UnsafeMutableRawBufferPointer(rebasing: memory[window.upperBound...]).copyMemory(from: bytes)
    window = window.lowerBound..<window.upperBound + bytes.count
  }

  /// Reads what is there, waiting for the first byte for at most `timeout` nanoseconds.
  mutating func fill(timeout: UInt64) -> Fill {
    if window.upperBound == memory.count {
      guard window.lowerBound > 0 else { return .full }
      memory.copyMemory(from: bytes)
      window = 0..<window.count
    }
    let deadline = Deadline.after(timeout)
    while true {
      var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let ready = poll(&waiting, 1, Deadline.milliseconds(deadline))
      if ready == 0 {
        if Deadline.remaining(deadline) == 0 { return .timedOut }
        continue
      }
      if ready < 0 {
        if errno == EINTR { continue }
        return .ended
      }
      let room = UnsafeMutableRawBufferPointer(rebasing: memory[window.upperBound...])
      switch System.read(descriptor, into: room) {
      case .done(0): return .ended
      case .done(let got):
        window = window.lowerBound..<window.upperBound + got
        return .more
      case .failed(EAGAIN): break
      case .failed: return .ended
      }
    }
  }
}
