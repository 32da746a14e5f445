import CFileSystem
import Glibc
import RoadBase

/// A segment that is being written. What is appended is there whole or not at all.
package struct SegmentFile: ByteOutput {
  /// Closes itself with its last owner; the lock on it tells others that it is being recorded to.
  package final class Handle: Sendable {
    let descriptor: Int32
    init(_ descriptor: Int32) { self.descriptor = descriptor }
    deinit { System.close(descriptor) }
  }

  package let handle: Handle
  package private(set) var path: String
  package private(set) var bytes: UInt64 = 0

  /// A new, empty file under a temporary name, with `reserved` bytes of the disk set aside for it where that is
  /// possible.
  package init(temporary path: String, reserving reserved: UInt64) throws(RoadError) {
    unlink(path)
    let descriptor = try System.open(path, O_RDWR | O_CREAT | O_EXCL, mode: 0o644) { SegmentFolder.failure(path, $0) }
    handle = Handle(descriptor)
    self.path = path
    _ = flock(descriptor, LOCK_EX | LOCK_NB)
    // Without changing its size: a file that breaks off must end where its bytes end.
    if reserved > 0, file_reserve(descriptor, Int(reserved)) != 0 { _ = ftruncate(descriptor, 0) }
  }

  package mutating func append(_ bytes: [UInt8]) throws(RoadError) {
    let code = bytes.withUnsafeBytes { System.writeAll(handle.descriptor, $0) }
    guard code == 0 else {
      _ = ftruncate(handle.descriptor, off_t(self.bytes))
      lseek(handle.descriptor, off_t(self.bytes), SEEK_SET)
      throw SegmentFolder.failure(path, code)
    }
    self.bytes += UInt64(bytes.count)
  }

  /// Waits until all bytes are on the disk.
  package func sync() throws(RoadError) {
    guard fdatasync(handle.descriptor) == 0 else { throw SegmentFolder.failure(path, errno) }
  }

  package mutating func rename(to name: String) throws(RoadError) {
    guard Glibc.rename(path, name) == 0 else { throw SegmentFolder.failure(name, errno) }
    path = name
  }

  /// Gives back what was set aside and not used.
  package func trim() { _ = ftruncate(handle.descriptor, off_t(bytes)) }

  /// Whether the file still stands under its name; else it was deleted, or its disk taken away.
  package var isInPlace: Bool {
    var (own, named) = (stat(), stat())
    return fstat(handle.descriptor, &own) == 0 && stat(path, &named) == 0 && own.st_dev == named.st_dev
      && own.st_ino == named.st_ino
  }
}
