import RoadBase
import RoadFrame

/// What a parser finds at the beginning of the bytes in hand.
enum StreamPiece: Equatable {
  /// A frame in `bytes`; the first `used` bytes are done with.
  case frame(bytes: Range<Int>, used: Int)
  /// Bytes between frames, or header lines: nothing to tell anybody.
  case nothing(used: Int)
  /// A frame that is no use.
  case corrupt(CorruptFrame, used: Int)
  /// Not a whole frame yet.
  case incomplete
  /// The stream is no longer what it said it was; where the next frame begins cannot be known.
  case lost
}

/// Cuts frames out of a byte stream; one kind of stream each. Never reads beyond the bytes given.
protocol StreamParser {
  /// - Parameter bytes: everything in hand, beginning where the last piece ended; grows from call to call while the
  ///   answer is `.incomplete`.
  mutating func next(_ bytes: UnsafeRawBufferPointer) -> StreamPiece

  /// What these bytes are that were left when the stream ended: `.frame`, `.corrupt` or `.nothing`.
  func last(_ bytes: UnsafeRawBufferPointer) -> StreamPiece
}
