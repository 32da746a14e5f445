import Glibc
import RoadBase

/// Bytes into a file, pipe or terminal, one after the other.
final class OutputStream {
  let name: String
  private let descriptor: Int32
  private let isOwned: Bool

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
  }

  func write(_ bytes: [UInt8]) throws(RoadError) {
    var failure: RoadError?
    bytes.withUnsafeBytes { buffer in
      do throws(RoadError) { try write(buffer) } catch { failure = error }
    }
    if let failure { throw failure }
  }
}
