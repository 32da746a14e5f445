import Glibc
import RoadBase
import RoadFrame

/// The files that a user's words stand for.
public enum RecordingFiles {
  /// Whether the word names a recording, by its ending, or a folder that holds recordings and no pictures beside them.
  public static func isRecording(_ path: String) -> Bool {
    if isNamedAsRecording(path) { return true }
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR,
      let names = try? SegmentFolder(path).fileNames().filter({ !$0.hasPrefix(".") })
    else { return false }
    return names.contains(where: isNamedAsRecording) && !names.contains(where: PictureFiles.isNamedAsPicture)
  }

  private static func isNamedAsRecording(_ path: String) -> Bool { path.lowercased().hasSuffix(SegmentName.ending) }

  /// Files as they are; of a folder all segments, in the order of their making, then other recordings by name.
  ///
  /// - Throws: `.recording` where nothing is there.
  public static func files(_ paths: [String]) throws(RoadError) -> [String] {
    var files: [String] = []
    for path in paths {
      var status = stat()
      guard stat(path, &status) == 0 else { throw ReadableFile.failure(path, errno) }
      guard status.st_mode & S_IFMT == S_IFDIR else {
        files.append(path)
        continue
      }
      let names = try SegmentFolder(path).fileNames().filter { isNamedAsRecording($0) && !$0.hasPrefix(".") }
      guard !names.isEmpty else {
        throw RoadError(.recording, "\(path): holds no recordings (.mcap)", remedy: "check the path")
      }
      let segments = names.compactMap(SegmentName.init).sorted().map(\.text)
      files += (segments + names.filter { SegmentName($0) == nil }.sorted()).map { "\(path)/\($0)" }
    }
    return files
  }
}
