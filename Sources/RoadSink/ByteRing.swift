/// Contiguous pieces of one block of memory, given back in the order in which they were taken.
///
/// One piece never wraps around the end: what is left there is skipped and comes back with the piece.
package struct ByteRing {
  package struct Piece: Hashable, Sendable {
    /// First byte of the piece in the block.
    package var offset = 0
    /// Bytes that it takes from the ring, those skipped at the end included.
    package var span = 0

    package init(offset: Int = 0, span: Int = 0) {
      self.offset = offset
      self.span = span
    }
  }

  package let capacity: Int
  /// Bytes ever taken and ever given back.
  private var taken = 0
  private var returned = 0

  package init(capacity: Int) {
    precondition(capacity >= 0, "a ring of \(capacity) bytes")
    self.capacity = capacity
  }

  package var used: Int { taken - returned }

  /// - Returns: nil when there is no room.
  package mutating func take(_ bytes: Int) -> Piece? {
    guard bytes > 0, bytes <= capacity else { return nil }
    let position = taken % capacity
    let skipped = position + bytes > capacity ? capacity - position : 0
    guard used + skipped + bytes <= capacity else { return nil }
    taken += skipped + bytes
    return Piece(offset: skipped > 0 ? 0 : position, span: skipped + bytes)
  }

  package mutating func giveBack(_ piece: Piece) {
    returned += piece.span
    precondition(returned <= taken, "\(returned) bytes given back of \(taken) taken")
  }
}
