import RoadBase
import RoadMask

/// The masks of recordings as PNG files, by frame. Read from the disk each time, forwards without going back. One
/// thread uses it at a time.
public final class RecordedMaskFiles {
  private let files: [String]
  private let runs: [String: String]
  private let indexes: [Key: Int]
  /// What the masks' values mean; nil where no file says it.
  public let classes: ClassTable?

  private struct Key: Hashable {
    var run: String
    var ordinal: UInt32
  }

  private var reader: RecordingReader?
  private var nextFile = 0
  /// Of the mask that is read next.
  private var position = 0

  /// - Parameter paths: recordings, or folders of them.
  public init(paths: [String]) throws(RoadError) {
    files = try RecordingFiles.files(paths)
    var (runs, indexes): ([String: String], [Key: Int]) = ([:], [:])
    var classes: ClassTable?
    var count = 0
    for file in files {
      let reader = try RecordingReader(path: file)
      let run = reader.runID
      runs[file] = run
      if classes == nil { classes = try reader.classes() }
      while let message = try reader.next() {
        guard message.mask() != nil else { continue }
        indexes[Key(run: run, ordinal: message.sequence)] = count
        count += 1
      }
    }
    (self.runs, self.indexes, self.classes) = (runs, indexes, classes)
  }

  /// - Parameter file: that holds the frame's picture; its mask may lie in the next one of the same run.
  public func index(ofFrame ordinal: UInt32, in file: String) -> Int? {
    runs[file].flatMap { indexes[Key(run: $0, ordinal: ordinal)] }
  }

  public func png(at index: Int) throws(RoadError) -> [UInt8] {
    if index < position { (reader, nextFile, position) = (nil, 0, 0) }
    while true {
      if reader == nil {
        guard nextFile < files.count else {
          throw RoadError(.recording, "\(files[0]): changed while it was read", remedy: "run again when it is closed")
        }
        reader = try RecordingReader(path: files[nextFile])
        nextFile += 1
      }
      while let message = try reader?.next() {
        guard let mask = message.mask() else { continue }
        position += 1
        if position == index + 1 { return try mask.png(classes) }
      }
      reader = nil
    }
  }
}
