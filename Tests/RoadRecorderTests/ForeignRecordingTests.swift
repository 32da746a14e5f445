import Foundation
import RoadBase
import RoadRecorder
import RoadTestSupport
import Testing

/// Files that PyPI's `mcap` wrote, packed in each of the ways that MCAP knows.
@Suite(.enabled(if: PythonReader.isThere)) struct ForeignRecordingTests {
  private func withFiles(_ body: (String) throws -> Void) throws {
    try withFolder { folder in
      let python = try #require(PythonReader.python)
      let (status, output) = Programs.run(python, ["\(PythonReader.folder)/write_foreign.py", folder])
      try #require(status == 0, "\(output)")
      try body(folder)
    }
  }

  private static func messages(_ path: String) throws -> [[UInt8]] {
    let reader = try RecordingReader(path: path, verifies: true)
    #expect(reader.isFinished && reader.damagedRanges == 0 && reader.unreadableChunks == 0)
    var messages: [[UInt8]] = []
    while let message = try reader.next() { messages.append(Array(message.data)) }
    return messages
  }

  @Test func everyPackingGivesTheSameMessages() throws {
    try withFiles { folder in
      let plain = try Self.messages("\(folder)/none.mcap")
      #expect(plain.count == 50 && plain[7].prefix(3000).allSatisfy { $0 == 7 })
      for name in ["zstd", "lz4"] { #expect(try Self.messages("\(folder)/\(name).mcap") == plain, "\(name)") }
    }
  }

  /// Of a file that was cut off each whole chunk stays, however it is packed.
  @Test func foreignFilesAreMendedToo() throws {
    try withFiles { folder in
      for name in ["none", "zstd", "lz4"] {
        let path = "\(folder)/\(name).mcap"
        let whole = try Data(contentsOf: URL(filePath: path))
        overwrite(path, whole.prefix(whole.count * 3 / 4))
        let report = try MCAPRecovery.mend(path, isDurable: false)
        #expect(!report.wasWhole && report.messages > 10, "\(name): \(report)")
        #expect(try Self.messages(path).count == Int(report.messages))
      }
    }
  }

  /// Bytes of a packed chunk that are changed: never a trap, never more than the target.
  @Test func damagedPackingIsRefused() throws {
    try withFiles { folder in
      let whole = [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/lz4.mcap")))
      var random = SeededRandom(seed: 3)
      for _ in 0..<300 {
        overwrite("\(folder)/a.mcap", RecordingFuzzTests.mutate(whole, &random))
        guard let reader = try? RecordingReader(path: "\(folder)/a.mcap") else { continue }
        while (try? reader.next()) ?? nil != nil {}
      }
    }
  }

  @Test func anUnknownPackingIsADamagedChunk() throws {
    try withFolder { folder in
      let path = "\(folder)/a.mcap"
      let written = try SampleRecording.write(to: path, frames: 6, framesInChunk: 2, compresses: true)
      var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
      // Behind prefix, times, size, CRC and the length of the name "zstd".
      bytes[Int(written.chunkEnds[1]) + 9 + 8 + 8 + 8 + 4 + 4] = UInt8(ascii: "q")
      overwrite(path, bytes)
      let report = try MCAPRecovery.mend(path, isDurable: false)
      #expect(report.chunks == 2 && report.damagedRanges == 1)
      #expect(try MCAPRecovery.mend(path, isDurable: false).wasWhole)
      #expect(try RecordingReader(path: path, verifies: true).pictureOrdinals() == [0, 1, 4, 5])
    }
  }
}
