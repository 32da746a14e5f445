import Foundation
import RoadBase
import RoadRecorder
import Testing

/// The MCAP container against its specification, as PyPI's reader and our own understand it.
@Suite struct ContainerTests {
  @Test(.enabled(if: PythonReader.isThere), arguments: [false, true])
  func anIndependentReaderReadsWhatIsWritten(compresses: Bool) throws {
    try withFolder { folder in
      let file = try SampleRecording.write(to: "\(folder)/a.mcap", frames: 40, compresses: compresses)
      let read = try #require(try PythonReader.read(["\(folder)/a.mcap"]).first)
      #expect(read.messages == ["/camera/image": 40, "/road/mask": 40, "/road/frame": 40, "/roadseg/log": 1])
      #expect(read.chunks == file.chunks)
      #expect(read.compressions == (compresses ? ["zstd"] : [""]))
      #expect(read.metadata["roadseg"]?["model"] == "sample")
      #expect(read.attachments == ["classes.tsv": 12])
      #expect(read.images.map(\.sequence) == Array(0..<40))
      #expect(read.images.map(\.crc) == (0..<40).map { CRC32.of(SampleRecording.picture($0)) })
      #expect(read.images.allSatisfy { $0.encoding == "yuyv" && $0.size == [16, 8] })
      #expect(read.frames.map(\.ordinal) == Array(0..<40))
    }
  }

  @Test func ourReaderReadsWhatIsWritten() throws {
    try withFolder { folder in
      let file = try SampleRecording.write(to: "\(folder)/a.mcap", frames: 40)
      let reader = try RecordingReader(path: "\(folder)/a.mcap", verifies: true)
      #expect(reader.isFinished && reader.damagedRanges == 0 && reader.tornBytes == 0)
      #expect(reader.scan.chunks.count == file.chunks)
      #expect(reader.indexedPictures == 40)
      #expect(reader.run["model"] == "sample")
      #expect(try reader.attachments().map(\.name) == ["classes.tsv"])
      var ordinals: [UInt32] = []
      while let picture = try reader.nextPicture() {
        #expect(picture.bytes.elementsEqual(SampleRecording.picture(Int(picture.ordinal))))
        #expect(picture.format == .yuyv && picture.size == PictureSize(width: 16, height: 8))
        ordinals.append(picture.ordinal)
      }
      #expect(ordinals == Array(0..<40))
    }
  }

  /// Known answers of zlib's own documentation and of the xxHash specification.
  @Test func checksumsAreTheStandardOnes() {
    #expect(CRC32.of(Array("123456789".utf8)) == 0xCBF4_3926)
    #expect(CRC32.of([]) == 0)
  }

  @Test func chunksThatDoNotShrinkStayAsTheyAre() throws {
    var builder = ChunkBuilder()
    var random = SystemRandomNumberGenerator()
    let noise = (0..<5000).map { _ in UInt8.random(in: 0...255, using: &random) }
    noise.withUnsafeBytes {
      builder.append(channel: 1, sequence: 0, logTime: 1, publishTime: 1, data: $0, isPacked: false)
    }
    #expect(builder.close(try ZstdCompressor()).place.compression == "")
    [UInt8](repeating: 7, count: 5000).withUnsafeBytes {
      builder.append(channel: 1, sequence: 0, logTime: 1, publishTime: 1, data: $0, isPacked: true)
    }
    #expect(builder.close(try ZstdCompressor()).place.compression == "")
  }
}

extension CRC32 {
  static func of(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { of($0) } }
}
