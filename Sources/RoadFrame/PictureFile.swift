import RoadBase

/// A photograph in a file, JPEG or PNG by its first bytes, whatever its name; upright, as its EXIF data says.
public enum PictureFile {
  /// - Parameter maximumPixels: a larger picture is refused before it is decoded.
  /// - Throws: `.picture`: unreadable, neither JPEG nor PNG, truncated, damaged, too large, no memory for it.
  public static func read(_ path: String, maximumPixels: Int = Picture.defaultPixelLimit) throws(RoadError) -> Picture {
    try decode(try FileInput.read(path, as: .picture), name: path, maximumPixels: maximumPixels)
  }

  /// - Parameter name: the file, for messages.
  public static func decode(
    _ bytes: [UInt8], name: String, maximumPixels: Int = Picture.defaultPixelLimit
  ) throws(RoadError) -> Picture {
    let decoder = try FrameDecoder(maximumPixels: maximumPixels)
    let size = try size(of: bytes, name: name, maximumPixels: maximumPixels)
    guard let picture = Picture(ifMemoryFor: size) else { throw error(.noMemory, name, isPNG: false, size) }
    let outcome = bytes.withUnsafeBytes { decoder.decode(file: $0, into: picture) }
    guard case .corrupt(let reason) = outcome else { return picture }
    throw error(reason, name, isPNG: PNGHeader.isPNG(bytes), size)
  }

  /// By its first bytes; else it is taken for a JPEG.
  public static func isPNG(_ bytes: UnsafeRawBufferPointer) -> Bool { PNGHeader.isPNG(bytes) }

  /// The size of the picture as it is shown, from its header alone.
  public static func size(
    of bytes: [UInt8], name: String, maximumPixels: Int = Picture.defaultPixelLimit
  ) throws(RoadError) -> PictureSize {
    let outcome = bytes.withUnsafeBytes { buffer in
      Result { () throws(RoadError) in try size(of: buffer, name: name, maximumPixels: maximumPixels) }
    }
    return try outcome.get()
  }

  private static func size(
    of bytes: UnsafeRawBufferPointer, name: String, maximumPixels: Int
  ) throws(RoadError) -> PictureSize {
    if PNGHeader.isPNG(bytes) {
      guard let header = PNGHeader(bytes) else { throw error(.undecodable, name, isPNG: true, nil) }
      if let reason = header.refusal(maximumPixels: maximumPixels) {
        throw error(reason, name, isPNG: true, header.size)
      }
      return header.orientation.size(of: header.size)
    }
    guard JPEGDecoder.startsAsJPEG(bytes) else {
      throw RoadError(.picture, "\(name): is neither a JPEG nor a PNG file", remedy: "convert it first")
    }
    switch JPEGLayout.of(bytes) {
    case .failure(let flaw): throw error(flaw.reason, name, isPNG: false, nil)
    case .success(let layout):
      if let reason = layout.refusal(maximumPixels: maximumPixels) {
        throw error(reason, name, isPNG: false, layout.size)
      }
      return layout.orientation.size(of: layout.size)
    }
  }

  /// What is wrong with a picture file, for people.
  static func error(_ reason: CorruptFrame, _ name: String, isPNG: Bool, _ size: PictureSize?) -> RoadError {
    let kind = isPNG ? "PNG" : "JPEG"
    let pixels = size.map { "\($0)" } ?? "the picture"
    let (cause, remedy) =
      switch reason {
      case .truncated: ("is a truncated \(kind) file", "copy it again from its source")
      case .cmyk: ("is a CMYK \(kind), made for print", "convert it to RGB")
      case .tooManyBits: ("is a JPEG of more than 8 bits a sample", "convert it to 8 bits")
      case .unsupportedProcess: ("is a JPEG that is neither baseline nor progressive", "convert it")
      case .tooLarge:
        ("\(pixels) are more pixels than allowed", "scale it down, or allow them with --max-pixels (sides to 16384)")
      case .noMemory: ("no memory for \(pixels) pixels", "scale it down or free some memory")
      case .wrongSize: ("changed while it was read", "run again when nothing writes to it")
      case .driverError, .undecodable: ("is a damaged \(kind) file", "copy it again from its source")
      }
    return RoadError(.picture, "\(name): \(cause)", remedy: remedy)
  }
}
