import Foundation
import RoadBase
import RoadRecorder
import Testing

/// Damaged recordings through everything that reads them. A trap or an endless loop is the failure.
///
/// `Tests/fuzz-recordings` runs multiples of this.
@Suite(.serialized) struct RecordingFuzzTests {
  private static let factor = ProcessInfo.processInfo.environment["ROADSEG_FUZZ_FACTOR"].flatMap(Int.init) ?? 1

  @Test(arguments: [false, true])
  func mutatedRecordingsAreReadMendedAndReadAgain(compresses: Bool) throws {
    try withFolder { folder in
      let path = "\(folder)/a.mcap"
      try SampleRecording.write(to: path, frames: 6, framesInChunk: 2, compresses: compresses)
      let whole = [UInt8](try Data(contentsOf: URL(filePath: path)))
      var random = SeededRandom(seed: compresses ? 2 : 1)
      var (read, refused) = (0, 0)
      for _ in 0..<1500 * Self.factor {
        let mutated = Self.mutate(whole, &random)
        overwrite(path, mutated)
        if Self.readAll(path) { read += 1 } else { refused += 1 }
        guard (try? MCAPRecovery.mend(path, isDurable: false)) != nil else { continue }
        // What was mended is whole, and mending it again changes nothing.
        #expect(try MCAPRecovery.mend(path, isDurable: false).wasWhole)
        let reader = try RecordingReader(path: path, verifies: true)
        #expect(reader.isFinished && reader.damagedRanges == 0)
      }
      // The mutations are worth something: some files stay readable, some do not.
      #expect(read > 0 && refused > 0)
    }
  }

  /// - Returns: false for a file that was refused with an error.
  private static func readAll(_ path: String) -> Bool {
    do {
      let summary = try RecordingSummary(paths: [path])
      let reader = try RecordingReader(path: path)
      while let message = try reader.next() {
        if message.isImage { _ = RecordedPicture(message) }
        _ = message.mask()
        _ = message.frameRecord()
      }
      _ = try JSONEncoder().encode(summary)
      _ = try RecordedMasks(files: [path])
      return true
    } catch { return false }
  }

  /// One to four changes: bytes, runs of bytes, lengths, whole pieces doubled, moved or cut.
  static func mutate(_ bytes: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
    var bytes = bytes
    for _ in 0...random.below(4) where !bytes.isEmpty {
      let place = random.below(bytes.count)
      let length = min(1 + random.below(64), bytes.count - place)
      switch random.below(8) {
      case 0: bytes[place] ^= 1 << UInt8(random.below(8))
      case 1: bytes[place] = [0, 1, 0x7F, 0x80, 0xFF][random.below(5)]
      case 2: for index in place..<place + length { bytes[index] = UInt8(random.below(256)) }
      case 3: bytes.removeSubrange(place..<place + length)
      case 4: bytes.insert(contentsOf: bytes[place..<place + length], at: random.below(bytes.count))
      case 5: bytes.removeLast(bytes.count - place)
      case 6: bytes.append(contentsOf: (0..<length).map { _ in UInt8(random.below(256)) })
      default:
        // A length or offset: eight bytes of an extreme or a near value.
        let value = [UInt64.max, UInt64.max >> 1, 1 << 32, UInt64(bytes.count), 0, 9][random.below(6)]
        for index in 0..<min(8, bytes.count - place) { bytes[place + index] = UInt8(value >> UInt64(8 * index) & 0xFF) }
      }
    }
    return bytes
  }
}

/// SplitMix64: the same numbers on every machine.
struct SeededRandom {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func below(_ bound: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Int((z ^ (z >> 31)) % UInt64(bound))
  }
}
