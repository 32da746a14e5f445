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
    descriptor =
      path == "-"
      ? STDOUT_FILENO
      : try System.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644) { SegmentFolder.failure(path, $0) }
  }

  deinit { if isOwned { System.close(descriptor) } }

  func write(_ bytes: UnsafeRawBufferPointer) throws(RoadError) {
    let code = System.writeAll(descriptor, bytes)
    guard code == 0 else { throw SegmentFolder.failure(name, code) }
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
