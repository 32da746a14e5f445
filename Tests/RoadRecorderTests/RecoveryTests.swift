import Foundation
import RoadBase
import RoadRecorder
import Testing

/// Files that a power cut, a crash or a disk left behind.
@Suite struct RecoveryTests {
  /// Cut at every byte of the last chunk and of what follows it: never more than that chunk is missing.
  @Test func cutAtEveryByteLosesOneChunkAtMost() throws {
    try withFolder { folder in
      let path = "\(folder)/whole.mcap"
      let written = try SampleRecording.write(to: path, frames: 6, framesInChunk: 2)
      let whole = [UInt8](try Data(contentsOf: URL(filePath: path)))
      let (lastChunk, lastEnd) = (Int(written.chunkEnds[written.chunks - 1]), Int(written.chunkEnds[written.chunks]))
      let cut = "\(folder)/cut.mcap"
      for length in Array(lastChunk...lastEnd) + Array(stride(from: lastEnd, to: whole.count, by: 5)) + [whole.count] {
        overwrite(cut, whole.prefix(length))
        let ends = written.chunkEnds.dropFirst().filter { $0 <= length }.count
        // Without its indexes a chunk is whole, too.
        let before = try RecordingReader(path: cut)
        #expect(before.scan.chunks.count >= ends && before.scan.chunks.count <= ends + 1, "cut at \(length)")
        let report = try MCAPRecovery.mend(cut, isDurable: false)
        #expect(report.chunks == before.scan.chunks.count && report.wasWhole == (length == whole.count))
        let after = try RecordingReader(path: cut, verifies: true)
        #expect(after.isFinished && after.damagedRanges == 0)
        #expect(try after.pictureOrdinals().count == 2 * report.chunks)
        #expect(try MCAPRecovery.mend(cut, isDurable: false).wasWhole)
      }
    }
  }

  /// Its recorder wrote the rest and closed it between the opening and the lock.
  @Test func whatIsFinishedMeanwhileStaysWhole() throws {
    try withFolder { folder in
      let path = "\(folder)/a.mcap"
      let written = try SampleRecording.write(to: path, frames: 6, framesInChunk: 2)
      let whole = [UInt8](try Data(contentsOf: URL(filePath: path)))
      overwrite(path, whole.prefix(Int(written.chunkEnds[1])))
      let file = try ReadableFile(path: path, writing: true)
      overwrite(path, whole)
      let report = try MCAPRecovery.mend(file, isDurable: false)
      #expect(report.wasWhole && report.chunks == 3)
      #expect([UInt8](try Data(contentsOf: URL(filePath: path))) == whole)
    }
  }

  /// A chunk whose packed records would reach around the end of all numbers.
  @Test(arguments: [UInt64.max, UInt64.max - 31, 1 << 63])
  func aChunkOfAnImpossibleLengthIsDamage(size: UInt64) throws {
    try withFolder { folder in
      let path = "\(folder)/a.mcap"
      let written = try SampleRecording.write(to: path, frames: 6, framesInChunk: 2)
      var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
      // Behind prefix, times, unpacked size, CRC and the empty name of the compression.
      let place = Int(written.chunkEnds[0]) + 9 + 8 + 8 + 8 + 4 + 4
      withUnsafeBytes(of: size.littleEndian) { bytes.replaceSubrange(place..<place + 8, with: $0) }
      overwrite(path, bytes)
      let reader = try RecordingReader(path: path)
      #expect(reader.scan.chunks.count == 2 && reader.damagedRanges == 1 && !reader.isFinished)
    }
  }

  @Test(.enabled(if: PythonReader.isThere)) func anIndependentReaderOpensWhatWasMended() throws {
    try withFolder { folder in
      let path = "\(folder)/whole.mcap"
      let written = try SampleRecording.write(to: path, frames: 12, framesInChunk: 4)
      let whole = try Data(contentsOf: URL(filePath: path))
      let lastChunk = Int(written.chunkEnds[written.chunks - 1])
      let lengths = stride(from: lastChunk, through: whole.count, by: 97).map { $0 } + [whole.count - 1]
      var paths: [String] = []
      for length in lengths {
        paths.append("\(folder)/cut-\(length).mcap")
        overwrite(paths[paths.count - 1], whole.prefix(length))
        _ = try MCAPRecovery.mend(paths[paths.count - 1], isDurable: false)
      }
      for read in try PythonReader.read(paths) {
        #expect([8, 12].contains(read.images.count), "\(read.path): \(read.images.count)")
        #expect(read.images.map(\.crc) == read.images.map { CRC32.of(SampleRecording.picture($0.sequence)) })
      }
    }
  }

  /// A bit that tips in a chunk costs this chunk; the bytes stay in the file.
  @Test(.enabled(if: PythonReader.isThere), arguments: [false, true])
  func aDamagedChunkIsMaskedAndTheOthersStay(framing: Bool) throws {
    try withFolder { folder in
      let path = "\(folder)/a.mcap"
      let written = try SampleRecording.write(to: path, frames: 12, framesInChunk: 4)
      var bytes = try Data(contentsOf: URL(filePath: path))
      // In the middle of the second chunk, or its length.
      let place = Int(written.chunkEnds[1]) + (framing ? 4 : 500)
      bytes[place] ^= 0x10
      overwrite(path, bytes)
      let report = try MCAPRecovery.mend(path, isDurable: false)
      #expect(report.chunks == 2 && report.damagedRanges == 1 && !report.wasWhole)
      let mended = try Data(contentsOf: URL(filePath: path))
      #expect(zip(bytes, mended.prefix(Int(written.chunkEnds[3]))).count { $0 != $1 } <= (framing ? 9 : 1))
      let read = try #require(try PythonReader.read([path]).first)
      #expect(read.images.map(\.sequence) == [0, 1, 2, 3, 8, 9, 10, 11])
      #expect(try MCAPRecovery.mend(path, isDurable: false).wasWhole)
    }
  }

  @Test func zerosBehindTheEndAreCutOff() throws {
    try withFolder { folder in
      let path = "\(folder)/a.mcap"
      try SampleRecording.write(to: path, frames: 8, framesInChunk: 4, finishes: false)
      var bytes = try Data(contentsOf: URL(filePath: path))
      bytes.append(Data(count: 70_000))
      overwrite(path, bytes)
      #expect(try MCAPRecovery.mend(path, isDurable: false).tornBytes == 70_000)
      #expect(try RecordingReader(path: path).pictureOrdinals().count == 8)
    }
  }

  @Test func whatIsNoRecordingIsRefusedAndUntouched() throws {
    try withFolder { folder in
      for bytes in [Data(), Data("hello".utf8), Data(MCAP.magic), Data(repeating: 0, count: 1000)] {
        let path = "\(folder)/a.mcap"
        overwrite(path, bytes)
        #expect(throws: RoadError.self) { try MCAPRecovery.mend(path, isDurable: false) }
        let left = try Data(contentsOf: URL(filePath: path))
        #expect(left == bytes)
      }
    }
  }

  @Test func aFileThatIsBeingRecordedToIsLeftAlone() throws {
    try withFolder { folder in
      let file = try SegmentFile(temporary: "\(folder)/a.mcap", reserving: 1 << 20)
      #expect(throws: RoadError.self) { try MCAPRecovery.mend("\(folder)/a.mcap", isDurable: false) }
      withExtendedLifetime(file) {}
    }
  }
}
