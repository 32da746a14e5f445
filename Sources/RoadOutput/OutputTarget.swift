import RoadBase

/// Where shown frames go, in the words of `--output`.
public enum OutputTarget: Hashable, Sendable {
  /// Overlays as numbered JPEGs.
  case folder(String)
  /// `/dev/videoN`: other programs see a camera.
  case videoDevice(String)
  /// `-`
  case standardOutput
  /// `drive.avi`
  case movie(String)
  /// `unix:PATH`: masks for those who connect.
  case socket(String)
  /// `shm:/NAME`: masks in shared memory.
  case sharedMemory(String)

  /// - Throws: an option error for a name that no socket or shared memory can have.
  public init(_ text: String) throws(RoadError) {
    if text == "-" {
      self = .standardOutput
    } else if text.hasPrefix("/dev/video") {
      self = .videoDevice(text)
    } else if text.hasPrefix("unix:") {
      let path = String(text.dropFirst(5))
      guard (1...UnixSocket.longestPath).contains(path.utf8.count) else {
        throw RoadError(
          .option, "\(text): the path of a socket has 1 to \(UnixSocket.longestPath) bytes",
          remedy: "choose a shorter one, for example unix:/run/roadseg/masks")
      }
      self = .socket(path)
    } else if text.hasPrefix("shm:") {
      let name = String(text.dropFirst(4))
      guard name.hasPrefix("/"), (2...250).contains(name.utf8.count), !name.dropFirst().contains("/") else {
        throw RoadError(
          .option, "\(text): shared memory has a name of one slash and letters", remedy: "use shm:/roadseg")
      }
      self = .sharedMemory(name)
    } else if text.lowercased().hasSuffix(".avi") {
      self = .movie(text)
    } else if text.isEmpty {
      throw RoadError(.option, "an output without a name", remedy: "name a folder, a device, a file.avi or -")
    } else {
      self = .folder(text)
    }
  }
}
