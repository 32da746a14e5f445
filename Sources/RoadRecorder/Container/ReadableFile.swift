import Glibc
import RoadBase

/// A file that is read at any place, from a window in memory where possible. One thread uses it at a time.
///
/// Not mapped into memory: a file that shrinks or a disk that fails would then be a signal, not an error.
package final class ReadableFile {
  package let path: String
  package let descriptor: Int32
  /// When it was opened, or measured last.
  package private(set) var size: UInt64

  private let window: UnsafeMutableRawBufferPointer
  private var windowStart: UInt64 = 0
  private var windowCount = 0

  private static let windowBytes = 1 << 16

  package init(path: String, writing: Bool = false) throws(RoadError) {
    let descriptor = try System.open(path, writing ? O_RDWR : O_RDONLY) { Self.failure(path, $0) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      System.close(descriptor)
      throw RoadError(.recording, "\(path): is not a file", remedy: "name a recording (.mcap)")
    }
    self.path = path
    self.descriptor = descriptor
    size = UInt64(status.st_size)
    window = .allocate(byteCount: Self.windowBytes, alignment: 16)
  }

  deinit {
    System.close(descriptor)
    window.deallocate()
  }

  /// Takes the size anew, for what others wrote since.
  package func measure() throws(RoadError) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw Self.failure(path, errno) }
    size = UInt64(status.st_size)
    windowCount = 0
  }

  /// Fills `target` from `offset` on.
  package func read(_ target: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(RoadError) {
    let got = try readSome(target, at: offset)
    guard got == target.count else {
      throw RoadError(
        .recording, "\(path): ends at byte \(offset + UInt64(got))", remedy: "it became shorter meanwhile")
    }
  }

  /// A few bytes by way of the window; valid until the next call. Nil beyond the end.
  package func peek(_ count: Int, at offset: UInt64) throws(RoadError) -> UnsafeRawBufferPointer? {
    precondition(count <= Self.windowBytes, "\(count) bytes do not fit the window")
    guard offset <= size, UInt64(count) <= size - offset else { return nil }
    if offset < windowStart || offset + UInt64(count) > windowStart + UInt64(windowCount) {
      windowCount = 0
      windowCount = try readSome(window, at: offset)
      windowStart = offset
      guard windowCount >= count else { return nil }
    }
    let start = Int(offset - windowStart)
    return UnsafeRawBufferPointer(rebasing: window[start..<start + count])
  }

  /// A whole range as an array of its own. The caller has checked that it lies within the file.
  package func bytes(_ range: Range<UInt64>) throws(RoadError) -> [UInt8] {
    var failure: RoadError?
    let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
      do throws(RoadError) {
        try read(UnsafeMutableRawBufferPointer(buffer), at: range.lowerBound)
        count = range.count
      } catch { failure = error }
    }
    if let failure { throw failure }
    return bytes
  }

  private func readSome(_ target: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(RoadError) -> Int {
    var done = 0
    while done < target.count {
      let got = pread(
        descriptor, target.baseAddress.map { $0 + done }, target.count - done, off_t(offset) + off_t(done))
      if got > 0 {
        done += got
      } else if got == 0 {
        break
      } else if errno != EINTR {
        throw Self.failure(path, errno)
      }
    }
    return done
  }

  package static func failure(_ path: String, _ code: Int32) -> RoadError {
    let remedy =
      switch code {
      case ENOENT, ENOTDIR: "check the path"
      case EACCES, EPERM: "make it readable for this user"
      default: "check the disk"
      }
    return RoadError(.recording, "\(path): \(System.words(code))", remedy: remedy)
  }
}
