/// Why a frame is unusable.
public enum CorruptFrame: String, Hashable, Sendable, Codable, CaseIterable {
  /// The driver set its error flag.
  case driverError
  /// Fewer bytes than the format needs, a JPEG without its end, or a stream that ends within a frame.
  case truncated
  /// No JPEG start marker, or the decoder refused.
  case undecodable
  /// Another size than the stream's.
  case wrongSize
}
