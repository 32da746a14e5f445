import Glibc
import RoadBase

/// Bytes into a file, pipe or terminal, one after the other; a file's beginning can be written again.
final class OutputStream {
  let name: String
  private let descriptor: Int32
  private let isOwned: Bool
  private(set) var position: UInt64 = 0

  /// - Parameter path: "-" for standard output.
  init(_ path: String) throws(RoadError) {
    name = path == "-" ? "standard output" : path
    isOwned = path != "-"
    descriptor = path == "-" ? STDOUT_FILENO : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw SegmentFolder.failure(path, errno) }
  }

  deinit { if isOwned { close(descriptor) } }

  func write(_ bytes: UnsafeRawBufferPointer) throws(RoadError) {
    var done = 0
    while done < bytes.count {
      let written = Glibc.write(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
      if written > 0 {
        done += written
      } else if written < 0, errno != EINTR {
        throw SegmentFolder.failure(name, errno)
      }
    }
    position += UInt64(bytes.count)
  }

  func write(_ bytes: [UInt8]) throws(RoadError) {
    var failure: RoadError?
    bytes.withUnsafeBytes { buffer in
      do throws(RoadError) { try write(buffer) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// Over what stands at `offset`; of files only.
  func overwrite(_ bytes: [UInt8], at offset: UInt64) throws(RoadError) {
    let written = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, off_t(offset)) }
    guard written == bytes.count else { throw SegmentFolder.failure(name, errno) }
  }
}
