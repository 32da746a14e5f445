import RoadBase
import RoadMask
import RoadSink
import Synchronization

/// What some recordings say of their masks: hashes by run and ordinal.
public struct RecordedMasks: Sendable {
  /// The last 32 bits of the ordinal, as messages carry them.
  private var hashes: [String: [UInt32: String]] = [:]

  /// - Parameter files: all segments of interest: a frame's picture and its record may lie in two of them.
  public init(files: [String]) throws(RoadError) {
    for file in files {
      let reader = try RecordingReader(path: file)
      let run = reader.runID
      while let message = try reader.next() {
        guard let record = message.frameRecord(), let hash = record.maskHash else { continue }
        hashes[run, default: [:]][message.sequence] = hash
      }
    }
  }

  public var count: Int { hashes.values.reduce(0) { $0 + $1.count } }

  public subscript(run: String, ordinal: UInt32) -> String? { hashes[run]?[ordinal] }
}

/// Compares masks that are computed now with those that were recorded; a sink of the pipeline that replays one file.
public final class MaskVerifier: FrameSink, @unchecked Sendable {
  public struct Difference: Hashable, Sendable {
    public var file: String
    public var ordinal: UInt32
    public var recorded: String
    /// Nil for a picture that could not be decoded now.
    public var computed: String?
  }

  public let name = "verifier"
  public let interest: SinkInterest = [.map]

  private let masks: RecordedMasks
  private let file: String
  private let run: String
  private let state = Mutex((same: Set<UInt32>(), differences: [Difference]()))

  public init(_ masks: RecordedMasks, file: String, run: String) {
    self.masks = masks
    self.file = file
    self.run = run
  }

  public func receive(_ frame: ShownFrame) throws(RoadError) {
    let ordinal = UInt32(truncatingIfNeeded: frame.stamp.sequence)
    guard let recorded = masks[run, ordinal] else { return }
    let computed = ClassMap.text(ofHash: frame.map.hash)
    state.withLock { state in
      if computed == recorded {
        state.same.insert(ordinal)
      } else {
        state.differences.append(Difference(file: file, ordinal: ordinal, recorded: recorded, computed: computed))
      }
    }
  }

  public var differences: [Difference] { state.withLock { $0.differences } }
  public var same: Int { state.withLock { $0.same.count } }

  /// To be called after the run: pictures of frames with a recorded mask that gave none now.
  ///
  /// - Parameter pictures: ordinals of the file's pictures.
  public func missing(of pictures: [UInt32]) -> [Difference] {
    state.withLock { state in
      let seen = state.same.union(state.differences.map(\.ordinal))
      return pictures.compactMap { ordinal in
        guard !seen.contains(ordinal), let recorded = masks[run, ordinal] else { return nil }
        return Difference(file: file, ordinal: ordinal, recorded: recorded, computed: nil)
      }
    }
  }
}

extension RecordingReader {
  /// Of the run that recorded it; ordinals count within it.
  public var runID: String { run["run"] ?? path }

  /// Ordinals of all pictures, from here on.
  public func pictureOrdinals() throws(RoadError) -> [UInt32] {
    var ordinals: [UInt32] = []
    while let message = try next() {
      if message.isImage { ordinals.append(message.sequence) }
    }
    return ordinals
  }
}
