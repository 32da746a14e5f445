/// Why a frame is unusable.
public enum CorruptFrame: String, Hashable, Sendable, Codable, CaseIterable {
  /// The driver set its error flag.
  case driverError
  /// Fewer bytes than the format needs, a JPEG whose data ends before its pixels do, or a stream that ends within a
  /// frame.
  case truncated
  /// No picture at all, or one whose data is damaged.
  case undecodable
  /// Another size than the stream's.
  case wrongSize
  /// A sound picture of four colours for print (CMYK or YCCK), which no road camera sends.
  case cmyk
  /// A sound JPEG of 12 or 16 bits a sample.
  case tooManyBits
  /// A sound JPEG of a kind that libjpeg-turbo does not decode: lossless, hierarchical, height told at the end.
  case unsupportedProcess
  /// More pixels than allowed, or sides outside ``Picture/sides``.
  case tooLarge
  /// There was no memory to decode it.
  case noMemory
}

extension CorruptFrame {
  /// "drive/0042.jpg: " + these words.
  public var words: String {
    switch self {
    case .driverError: "flagged as damaged by the driver"
    case .truncated: "cut short"
    case .undecodable: "no picture that can be decoded"
    case .wrongSize: "of another size than the first"
    case .cmyk: "a CMYK picture, which is made for print; convert it to RGB"
    case .tooManyBits: "a JPEG of more than 8 bits a sample; convert it to 8 bits"
    case .unsupportedProcess: "a JPEG that is neither baseline nor progressive; convert it"
    case .tooLarge: "larger than allowed (--max-pixels)"
    case .noMemory: "too large for the memory that is left"
    }
  }
}

/// A reason as an error, for `Result`.
struct FrameFlaw: Error {
  let reason: CorruptFrame

  init(_ reason: CorruptFrame) { self.reason = reason }
}
