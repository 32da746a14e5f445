import Foundation
import RoadBase
import RoadCamera
import RoadFrame

/// Files made by make_goldens.sh.
enum Goldens {
  static func path(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Goldens/\(name)").path
  }

  static func bytes(_ name: String) throws -> [UInt8] { try FileInput.read(path(name), as: .picture) }

  /// The three frames that ffmpeg cut itself.
  static func jpegs() throws -> [[UInt8]] { try (1...3).map { try bytes("frame-\($0).jpg") } }

  static let size = PictureSize(width: 34, height: 18)
}

/// A folder that is gone when the test is over.
func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("roadseg-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try body(folder)
}

/// A pipe whose writing end is fed by the test: bytes in pieces, then its end.
final class TestPipe: @unchecked Sendable {
  let reader: Int32
  private let writer: Int32

  init() {
    var ends: [Int32] = [0, 0]
    precondition(pipe(&ends) == 0)
    (reader, writer) = (ends[0], ends[1])
  }

  func write(_ bytes: some Collection<UInt8>) {
    let bytes = Array(bytes)
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes { Glibc.write(writer, $0.baseAddress! + done, bytes.count - done) }
      if count <= 0 { return }
      done += count
    }
  }

  func closeWriter() { close(writer) }

  /// Writes from a thread of its own, `piece` bytes at a time, and closes.
  func feed(_ bytes: [UInt8], piece: Int) {
    Thread.detachNewThread { [self] in
      var at = 0
      while at < bytes.count {
        write(bytes[at..<min(at + piece, bytes.count)])
        at += piece
      }
      closeWriter()
    }
  }

  deinit { close(reader) }
}

extension FrameSource {
  /// Everything until the end: outcomes, and the bytes of the good frames. Stops after 1000 outcomes, so that a source
  /// that never ends fails the test rather than hangs it.
  func readAll() throws -> (outcomes: [ReadOutcome], frames: [[UInt8]]) {
    let frame = Frame(capacity: properties.maximumFrameBytes)
    var outcomes: [ReadOutcome] = []
    var frames: [[UInt8]] = []
    try start()
    while outcomes.last != .ended, outcomes.count < 1000 {
      let outcome = read(into: frame, timeout: 5_000_000_000)
      outcomes.append(outcome)
      if case .frame = outcome { frames.append(Array(frame.bytes.prefix(frame.byteCount))) }
    }
    stop()
    return (outcomes, frames)
  }
}

/// The error that `body` throws, if it is one of ours.
func roadError(_ body: () throws -> Void) -> RoadError? {
  do {
    try body()
    return nil
  } catch { return error as? RoadError }
}

let good = ReadOutcome.frame(skipped: 0, lost: 0)
