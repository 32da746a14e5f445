import RoadBase

/// Hands slot numbers from one stage's thread to the next one's, first in, first out; waiting threads sleep.
///
/// A mutex and a condition: at the rate of frames (below 1000 a second) their microsecond is nothing, and a sleeping
/// thread leaves its core to the network. Nothing is allocated after `init`.
package final class HandOver: @unchecked Sendable {
  package let capacity: Int

  private let monitor = Monitor()
  private let ring: UnsafeMutablePointer<Int>
  private var first = 0
  private var count = 0
  private var isClosed = false

  package init(capacity: Int) {
    precondition(capacity > 0, "a hand-over of capacity \(capacity)")
    self.capacity = capacity
    ring = .allocate(capacity: capacity)
    ring.initialize(repeating: -1, count: capacity)
  }

  deinit { ring.deallocate() }

  /// Slots that nobody has taken yet.
  package var waiting: Int { monitor.locked { count } }

  /// Waits while full: the reader sets the pace.
  package func put(_ slot: Int) {
    monitor.locked {
      precondition(!isClosed, "slot \(slot) put after close")
      while count == capacity { monitor.wait() }
      append(slot)
    }
  }

  /// Never waits: when full, the oldest slot makes room.
  ///
  /// - Returns: the superseded slot, the caller's again.
  package func putNewest(_ slot: Int) -> Int? {
    monitor.locked {
      precondition(!isClosed, "slot \(slot) put after close")
      let superseded = count == capacity ? removeFirst() : nil
      append(slot)
      return superseded
    }
  }

  package enum Taken {
    case slot(Int)
    case nothingYet
    /// Closed and empty.
    case ended
  }

  /// Waits for a slot, but no longer than so many nanoseconds.
  package func take(timeout nanoseconds: UInt64) -> Taken {
    let deadline = MonotonicClock.now() + nanoseconds
    return monitor.locked {
      while count == 0 && !isClosed {
        if !monitor.wait(until: deadline) { break }
      }
      guard count > 0 else { return isClosed ? .ended : .nothingYet }
      defer { monitor.wakeAll() }
      return .slot(removeFirst())
    }
  }

  /// Waits for a slot; nil once closed and empty.
  package func take() -> Int? {
    monitor.locked {
      while count == 0 && !isClosed { monitor.wait() }
      guard count > 0 else { return nil }
      defer { monitor.wakeAll() }
      return removeFirst()
    }
  }

  /// Nothing more will be put; what is there can still be taken.
  package func close() {
    monitor.locked {
      isClosed = true
      monitor.wakeAll()
    }
  }

  private func append(_ slot: Int) {
    ring[(first + count) % capacity] = slot
    count += 1
    monitor.wakeAll()
  }

  private func removeFirst() -> Int {
    let slot = ring[first]
    first = (first + 1) % capacity
    count -= 1
    return slot
  }
}
