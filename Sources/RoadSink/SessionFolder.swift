import Glibc
import RoadBase
import RoadFrame
import RoadTelemetry

/// A folder that one run writes to and no other: what an earlier run left is neither overwritten nor mixed with, and
/// two runs at once never share one.
///
/// The folder itself is taken where it is empty or not there, else a new one in it, named by the time:
/// `2026-11-29T14-05-33Z`.
/// It is held by a lock (flock(2)) that goes with the process, however it ends.
public final class SessionFolder: Sendable {
  /// Of the run's own folder.
  public let path: String
  private let lock: Int32
  private let device: dev_t

  /// - Parameter second: since 1970, for a folder named by the time.
  /// - Throws: `.output` when no folder can be made or written to there.
  public init(in folder: String, at second: Int = time(nil)) throws(RoadError) {
    try FileOutput.makeFolder(folder)
    if let lock = try Self.claimEmpty(folder) {
      (path, self.lock) = (folder, lock)
    } else {
      (path, lock) = try Self.makeFolder(in: folder, at: second)
    }
    device = Self.device(of: path) ?? 0
  }

  deinit { System.close(lock) }

  /// Makes the folder again where someone removed it, and checks that it is the disk that was there before: a mount
  /// point whose disk was pulled out is an empty folder on another disk, which must not be filled.
  ///
  /// - Throws: `.output` when the disk is gone or the folder cannot be written to.
  public func reopen() throws(RoadError) {
    let isSameDisk = Self.device(ofNearest: path) == device
    guard isSameDisk || !Self.isEmpty(path) else {
      throw RoadError(
        .output, "\(path): the disk that it was on is gone", remedy: "plug the disk in again", code: ENODEV)
    }
    try FileOutput.makeFolder(path)
  }

  // MARK: - Claiming

  private static func claimEmpty(_ path: String) throws(RoadError) -> Int32? {
    guard let lock = try claim(path) else { return nil }
    if isEmpty(path) { return lock }
    System.close(lock)
    return nil
  }

  /// The lock's descriptor; nil when another process holds the folder.
  private static func claim(_ path: String) throws(RoadError) -> Int32? {
    let descriptor: Int32
    switch System.open(path, O_RDONLY | O_DIRECTORY) {
    case .done(let number): descriptor = Int32(number)
    case .failed(let code):
      throw RoadError(
        .output, "\(path): cannot be opened: \(System.words(code))", remedy: "choose a folder that you may write to",
        code: code)
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      System.close(descriptor)
      return nil
    }
    return descriptor
  }

  /// A folder of its own: `mkdir` succeeds for one process only.
  private static func makeFolder(in folder: String, at second: Int) throws(RoadError) -> (String, Int32) {
    // No colons: a memory card's FAT refuses them.
    let name = WallClock.text(ofSecond: second).replacing(":", with: "-")
    for attempt in 1...1000 {
      let path = "\(folder)/\(name)\(attempt > 1 ? "-\(attempt)" : "")"
      let code = mkdir(path, 0o755) == 0 ? 0 : errno
      if code == 0, let lock = try claim(path) { return (path, lock) }
      guard code == 0 || code == EEXIST else {
        throw RoadError(
          .output, "\(path): cannot be made: \(System.words(code))", remedy: "choose another folder",
          code: code)
      }
    }
    throw RoadError(.output, "\(folder)/\(name): exists a thousand times", remedy: "choose another folder")
  }

  // MARK: - Looking

  private static func isEmpty(_ path: String) -> Bool {
    guard let entries = opendir(path) else { return true }
    defer { closedir(entries) }
    while let entry = readdir(entries) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != "..", name != "lost+found" { return false }
    }
    return true
  }

  private static func device(of path: String) -> dev_t? {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_dev : nil
  }

  /// Of the path, or of the lowest folder above it that is there.
  private static func device(ofNearest path: String) -> dev_t? {
    var path = path
    while true {
      if let device = device(of: path) { return device }
      guard let slash = path.lastIndex(of: "/") else { return device(of: ".") }
      path = slash == path.startIndex ? "/" : String(path[..<slash])
    }
  }
}
