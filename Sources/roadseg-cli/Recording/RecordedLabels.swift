import RoadBase
import RoadCamera
import RoadEvaluation
import RoadFrame
import RoadMask
import RoadRecorder

/// The pictures of recordings with label files: `frame-000012.png` is the label of frame 12, as `roadseg export` names
/// its pictures and masks. Frames without a label are left out.
struct LabelledRecording: LabelledPictures {
  private let recording: RecordedPictures
  private let pairs: [(picture: Int, label: String)]

  /// - Throws: `.label` where no label names a frame, or one names two.
  init(paths: [String], labels: String, maximumPixels: Int) throws(RoadError) {
    recording = try RecordedPictures(paths: paths, maximumPixels: maximumPixels)
    let names = recording.places.map { RecordingExport.name($0.ordinal) + ".jpg" }
    var pairs: [(picture: Int, label: String)] = []
    for (index, label) in try PicturePairs.labels(in: labels, of: names).enumerated() {
      if let label { pairs.append((index, label)) }
    }
    guard !pairs.isEmpty else {
      throw RoadError(
        .label, "\(labels): no label for any of the \(names.count) frames of \(paths.joined(separator: ", "))",
        remedy: "name the label of frame 12 frame-000012.png, as roadseg export --to pictures names the picture")
    }
    if let twice = Self.repeated(pairs.map { names[$0.picture] }) {
      throw RoadError(
        .label, "\(labels): \(twice) is the name of two frames, of two runs of the recorder",
        remedy: "evaluate the files of one run at a time")
    }
    self.pairs = pairs
  }

  /// "12 of 3000 frames have a label; the others are left out"; nil where all have one.
  var remark: String? {
    let frames = recording.places.count
    return pairs.count < frames ? "\(pairs.count) of \(frames) frames have a label; the others are left out" : nil
  }

  var count: Int { pairs.count }

  func pictureBytes(at index: Int) throws(RoadError) -> [UInt8] { try recording.bytes(at: pairs[index].picture) }

  func picture(at index: Int, maximumPixels: Int) throws(RoadError) -> Picture {
    try recording.picture(at: pairs[index].picture)
  }

  func label(at index: Int) throws(RoadError) -> (bytes: [UInt8], name: String) {
    (try FileInput.read(pairs[index].label, as: .label), pairs[index].label)
  }

  private static func repeated(_ names: [String]) -> String? {
    var seen: Set<String> = []
    return names.first { !seen.insert($0).inserted }
  }
}

/// The pictures of recordings with the masks that were recorded as labels: how far a model agrees with the one that
/// recorded.
struct SelfLabelledRecording: LabelledPictures {
  private let recording: RecordedPictures
  private let masks: RecordedMaskFiles
  private let pairs: [(picture: Int, mask: Int)]
  /// Of the masks; nil where the recording does not say.
  let classes: ClassTable?

  /// - Throws: `.recording` where no picture has a mask.
  init(paths: [String], maximumPixels: Int) throws(RoadError) {
    let pictures = try RecordedPictures(paths: paths, maximumPixels: maximumPixels)
    let masks = try RecordedMaskFiles(paths: paths)
    pairs = pictures.places.enumerated().compactMap { index, place in
      masks.index(ofFrame: place.ordinal, in: place.file).map { (index, $0) }
    }
    (recording, self.masks, classes) = (pictures, masks, masks.classes)
    guard !pairs.isEmpty else {
      throw RoadError(
        .recording, "\(paths.joined(separator: ", ")): holds no masks of its pictures",
        remedy: "give --labels, or record with masks (--masks-every)")
    }
  }

  var count: Int { pairs.count }

  func pictureBytes(at index: Int) throws(RoadError) -> [UInt8] { try recording.bytes(at: pairs[index].picture) }

  func picture(at index: Int, maximumPixels: Int) throws(RoadError) -> Picture {
    try recording.picture(at: pairs[index].picture)
  }

  func label(at index: Int) throws(RoadError) -> (bytes: [UInt8], name: String) {
    (try masks.png(at: pairs[index].mask), "the mask of \(recording.places[pairs[index].picture].name)")
  }
}
