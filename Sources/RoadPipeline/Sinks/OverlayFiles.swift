import RoadBase
import RoadFrame

/// Overlays as numbered JPEGs in a folder: `frame-000042.jpg` is the source's frame 42, whatever became of the others.
public final class OverlayFiles: FrameSink {
  private let folder: String
  private let encoder: JPEGEncoder

  /// - Parameter largest: the size of the frames.
  /// - Throws: `.output` when the folder cannot be made or written to.
  public init(folder: String, largest: PictureSize) throws(RoadError) {
    try FileOutput.makeFolder(folder)
    self.folder = folder
    encoder = try JPEGEncoder(largest: largest)
  }

  public func receive(_ frame: ShownFrame) throws(RoadError) {
    try encoder.write(frame.picture, to: "\(folder)/\(FrameName.of(frame.ordinal)).jpg")
  }
}

enum FrameName {
  /// "frame-000042"
  static func of(_ ordinal: Int) -> String {
    let digits = String(ordinal)
    return "frame-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
  }
}
