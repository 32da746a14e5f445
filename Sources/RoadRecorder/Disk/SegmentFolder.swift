import Glibc
import RoadBase
import RoadFrame

/// The folder of a recording: its segments, their marks, and the space around them.
public struct SegmentFolder: Sendable {
  public let path: String

  /// Behind a segment's name: a file that keeps it from being deleted.
  public static let protectionMark = ".protected"

  public init(_ path: String) { self.path = path }

  public func path(of name: SegmentName) -> String { "\(path)/\(name.text)" }

  /// In the order of their making.
  ///
  /// - Throws: `.output` where the folder cannot be read.
  public func segments() throws(RoadError) -> [Segment] {
    let names = try fileNames()
    let marks = Set(names.filter { $0.hasSuffix(Self.protectionMark) })
    return names.compactMap { file in
      var status = stat()
      guard let name = SegmentName(file), stat("\(path)/\(file)", &status) == 0 else { return nil }
      // What it takes on the disk: blocks set aside for a running segment count, too.
      return Segment(
        name: name, bytes: max(UInt64(status.st_size), UInt64(status.st_blocks) * 512),
        isProtected: marks.contains(file + Self.protectionMark), isOpen: false)
    }.sorted { $0.name < $1.name }
  }

  func fileNames() throws(RoadError) -> [String] {
    guard let folder = opendir(path) else { throw Self.failure(path, errno) }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      names.append(
        withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
    }
    return names
  }

  /// Bytes that this user may still write; nil where the file system does not say.
  public func freeBytes() -> UInt64? {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return nil }
    let (bytes, overflows) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
    return overflows ? .max : bytes
  }

  func delete(_ name: SegmentName) throws(RoadError) {
    guard unlink(path(of: name)) == 0 || errno == ENOENT else { throw Self.failure(path(of: name), errno) }
  }

  /// Marks a segment so that retention never deletes it, or takes the mark away.
  public static func protect(_ file: String, _ isProtected: Bool) throws(RoadError) {
    guard access(file, F_OK) == 0 else { throw ReadableFile.failure(file, errno) }
    let mark = file + protectionMark
    if isProtected { return try FileOutput.write("", to: mark, durable: true) }
    guard unlink(mark) == 0 || errno == ENOENT else { throw failure(mark, errno) }
  }

  static func failure(_ path: String, _ code: Int32) -> RoadError {
    let remedy =
      switch code {
      case ENOSPC, EDQUOT: "free some space there, or limit the recording (--max-size, --min-free)"
      case EACCES, EPERM: "choose a folder that you may write to"
      case EROFS: "mount it for writing"
      case ENOENT, ENOTDIR, ENODEV, ENXIO: "put the disk back or make the folder"
      default: "check the disk"
      }
    return RoadError(.output, "\(path): \(System.words(code))", remedy: remedy, code: code)
  }
}
