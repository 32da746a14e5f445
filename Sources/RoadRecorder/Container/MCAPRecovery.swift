import Glibc
import RoadBase

/// Mends a file that was never closed, or that a disk damaged, in its place.
///
/// A torn tail is cut off and the missing summary written. Damaged ranges before whole chunks become private records,
/// which every reader skips: of a chunk whose checksum fails one byte is changed, so that nothing is lost that a person
/// could still read. Each step leaves a file that can be mended again.
public enum MCAPRecovery {
  public struct Report: Hashable, Sendable {
    /// Nothing had to be done.
    public var wasWhole: Bool
    public var chunks: Int
    public var messages: UInt64
    /// Cut off at the end.
    public var tornBytes: UInt64
    /// Ranges that are skipped now, and their bytes.
    public var damagedRanges: Int
    public var damagedBytes: UInt64
  }

  /// - Throws: `.recording` for what is no MCAP file, is being recorded to, or cannot be written.
  public static func mend(_ path: String) throws(RoadError) -> Report { try mend(path, isDurable: true) }

  /// - Parameter isDurable: waits until all is on the disk.
  package static func mend(_ path: String, isDurable: Bool) throws(RoadError) -> Report {
    try mend(ReadableFile(path: path, writing: true), isDurable: isDurable)
  }

  package static func mend(_ file: ReadableFile, isDurable: Bool) throws(RoadError) -> Report {
    let path = file.path
    guard lock(file) else {
      throw RoadError(.recording, "\(path): is being recorded to", remedy: "stop the recorder first")
    }
    // A recorder may have written its last chunks and closed the file while the lock was waited for.
    try file.measure()
    let scan = try MCAPScan(file, verifies: true)
    var summary = MCAPSummary(schemas: [], channels: [])
    let contents = try MCAPContents(file, scan).summarize(into: &summary)
    let report = Report(
      wasWhole: scan.isFinished && scan.damage.isEmpty, chunks: scan.chunks.count, messages: contents,
      tornBytes: scan.tornBytes, damagedRanges: scan.damage.count,
      damagedBytes: scan.damage.reduce(0) { $0 + UInt64($1.range.count) })
    if report.wasWhole {
      // Blocks that were set aside for a longer recording.
      _ = ftruncate(file.descriptor, off_t(file.size))
      return report
    }
    for damage in scan.damage where damage.range.lowerBound < scan.dataEnd { try mask(damage, in: file) }
    guard ftruncate(file.descriptor, off_t(scan.dataEnd)) == 0 else { throw ReadableFile.failure(path, errno) }
    try write(summary.bytes(at: scan.dataEnd, dataCRC: 0), to: file, at: scan.dataEnd)
    guard !isDurable || fsync(file.descriptor) == 0 else { throw ReadableFile.failure(path, errno) }
    return report
  }

  /// Waits a little: a process that is just being started may still hold its parent's files.
  private static func lock(_ file: ReadableFile) -> Bool {
    for _ in 0..<100 {
      if flock(file.descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
      usleep(10_000)
    }
    return false
  }

  private static func mask(_ damage: MCAPScan.Damage, in file: ReadableFile) throws(RoadError) {
    var writer = ByteWriter()
    if damage.isFramed {
      writer.put(MCAPOpcode.firstPrivate | MCAPOpcode.chunk)
    } else {
      precondition(damage.range.count >= MCAP.prefixBytes, "a damaged range of \(damage.range.count) bytes")
      writer.put(MCAPOpcode.firstPrivate)
      writer.put(UInt64(damage.range.count - MCAP.prefixBytes))
    }
    try write(writer.bytes, to: file, at: damage.range.lowerBound)
  }

  private static func write(_ bytes: [UInt8], to file: ReadableFile, at offset: UInt64) throws(RoadError) {
    var done = 0
    while done < bytes.count {
      let written = bytes[done...].withUnsafeBytes {
        pwrite(file.descriptor, $0.baseAddress, $0.count, off_t(offset) + off_t(done))
      }
      if written > 0 {
        done += written
      } else if written < 0, errno != EINTR {
        throw ReadableFile.failure(file.path, errno)
      }
    }
  }
}
