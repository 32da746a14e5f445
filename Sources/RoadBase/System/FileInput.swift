import Glibc

/// Whole files into memory, bounded, with errors that say what to do.
public enum FileInput {
  /// - Parameters:
  ///   - subject: what the file is to the user; the error's subject.
  ///   - limit: bytes above which the file is refused, so that a wrong path cannot fill the memory.
  public static func read(_ path: String, as subject: RoadError.Subject, limit: Int = 1 << 28) throws(RoadError)
    -> [UInt8]
  {
    let descriptor: Int32
    switch System.open(path, O_RDONLY) {
    case .done(let number): descriptor = Int32(number)
    case .failed(let code): throw failure(path, subject, code)
    }
    defer { System.close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure(path, subject, errno) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw RoadError(subject, "\(path): is not a file", remedy: "name a file")
    }
    guard status.st_size <= limit else {
      throw RoadError(
        subject, "\(path): \(status.st_size) bytes are more than the \(limit) expected at most",
        remedy: "check that this is the right file")
    }
    guard Memory.isAvailable(Int(status.st_size)) else {
      throw RoadError(subject, "\(path): no memory for its \(status.st_size) bytes", remedy: "free some memory")
    }
    var code: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: Int(status.st_size)) { buffer, count in
      switch System.readAll(descriptor, into: UnsafeMutableRawBufferPointer(buffer)) {
      case .done(let read): count = read
      case .failed(let number): code = number
      }
    }
    guard code == 0 else { throw failure(path, subject, code) }
    return bytes
  }

  private static func failure(_ path: String, _ subject: RoadError.Subject, _ code: Int32) -> RoadError {
    let remedy =
      switch code {
      case ENOENT, ENOTDIR: "check the path"
      case EACCES, EPERM: "make it readable for this user (chmod a+r)"
      default: "check the disk"
      }
    return RoadError(subject, "\(path): cannot be read: \(System.words(code))", remedy: remedy, code: code)
  }
}
