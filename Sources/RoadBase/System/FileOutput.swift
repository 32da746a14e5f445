import Glibc

/// Files that are there whole or not at all: written under a temporary name in the same folder, then renamed.
public enum FileOutput {
  /// Writes `bytes` to `path`, replacing a file of that name.
  ///
  /// - Parameter durable: also wait until the bytes are on the disk, so that a power cut cannot undo them.
  /// - Throws: `.output` with cause and remedy; the temporary file is then gone and an older file is untouched.
  public static func write(_ bytes: UnsafeRawBufferPointer, to path: String, durable: Bool = false) throws(RoadError) {
    let temporary = temporaryName(for: path)
    let descriptor: Int32
    switch System.open(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: 0o644) {
    case .done(let number): descriptor = Int32(number)
    case .failed(let code): throw failure(path, code)
    }
    var code = System.writeAll(descriptor, bytes)
    if code == 0, durable, fsync(descriptor) != 0 { code = errno }
    let late = System.close(descriptor)
    if code == 0 { code = late }
    if code == 0, rename(temporary, path) != 0 { code = errno }
    guard code == 0 else {
      unlink(temporary)
      throw failure(path, code)
    }
  }

  public static func write(_ bytes: [UInt8], to path: String, durable: Bool = false) throws(RoadError) {
    let outcome: Result<Void, RoadError> = bytes.withUnsafeBytes { buffer in
      Result { () throws(RoadError) in try write(buffer, to: path, durable: durable) }
    }
    try outcome.get()
  }

  public static func write(_ text: String, to path: String, durable: Bool = false) throws(RoadError) {
    try write(Array(text.utf8), to: path, durable: durable)
  }

  /// Makes a folder and those above it, where they are missing, and checks that files can be made in it.
  public static func makeFolder(_ path: String) throws(RoadError) {
    var prefix = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      prefix += part
      // Asking for a folder's state sets errno, too.
      let code = mkdir(prefix, 0o755) == 0 ? 0 : errno
      if code != 0, code != EEXIST, !isFolder(prefix) { throw failure(path, code) }
      prefix += "/"
    }
    guard isFolder(path) else {
      throw RoadError(.output, "\(path): is a file, not a folder", remedy: "choose another name for the output folder")
    }
    guard access(path, W_OK | X_OK) == 0 else { throw failure(path, errno) }
  }

  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// "/a/mask.png" → "/a/.mask.png.4711-1a2b.tmp": hidden, in the same file system, no other writer's.
  private static func temporaryName(for path: String) -> String {
    let slash = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    let unique = String(MonotonicClock.now() & 0xFFFF_FFFF, radix: 16)
    return "\(path[..<slash]).\(path[slash...]).\(getpid())-\(unique).tmp"
  }

  private static func failure(_ path: String, _ code: Int32) -> RoadError {
    let remedy =
      switch code {
      case ENOSPC, EDQUOT: "free some space there or choose another folder"
      case EACCES, EPERM: "choose a folder that you may write to"
      case EROFS: "the disk is mounted read-only: choose another folder, or mount it for writing"
      case ENOENT: "make the folder first"
      case ENOTDIR, EISDIR: "choose another name"
      case ENAMETOOLONG: "choose a shorter name"
      default: "check the disk"
      }
    return RoadError(
      .output, "\(path): cannot be written: \(System.words(code))", remedy: remedy, code: code)
  }
}
