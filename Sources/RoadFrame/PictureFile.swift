import RoadBase

/// A photograph in a file, JPEG or PNG by its first bytes, whatever its name.
public enum PictureFile {
  /// - Throws: `.picture`: unreadable, neither JPEG nor PNG, truncated, damaged.
  public static func read(_ path: String) throws(RoadError) -> Picture {
    try decode(try FileInput.read(path, as: .picture), name: path)
  }

  /// - Parameter name: the file, for messages.
  public static func decode(_ bytes: [UInt8], name: String) throws(RoadError) -> Picture {
    if PNGChunks.isPNG(bytes) { return try PNG.picture(bytes, name: name) }
    let decoder = try JPEGDecoder()
    let outcome: Result<Picture, RoadError> = bytes.withUnsafeBytes { buffer in
      guard JPEGDecoder.startsAsJPEG(buffer) else {
        return .failure(RoadError(.picture, "\(name): is neither a JPEG nor a PNG file", remedy: "convert it first"))
      }
      guard let size = decoder.size(of: buffer) else {
        return .failure(RoadError(.picture, "\(name): is a damaged JPEG file", remedy: "copy it again from its source"))
      }
      let picture = Picture(size: size)
      switch decoder.decode(buffer, into: picture) {
      case .decoded: return .success(picture)
      case .corrupt(let reason):
        let what = reason == .truncated ? "a truncated" : "a damaged"
        return .failure(RoadError(.picture, "\(name): is \(what) JPEG file", remedy: "copy it again from its source"))
      }
    }
    return try outcome.get()
  }
}
