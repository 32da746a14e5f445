import RoadBase
import RoadCamera
import RoadEvaluation
import RoadFrame

/// A picture that calibrates: a file, or one of a recording.
enum CalibrationPicture {
  case file(String)
  case recorded(RecordedPictures, Int)

  /// For messages and the manifest.
  var name: String {
    switch self {
    case .file(let path): path
    case .recorded(let recording, let index): recording.places[index].name
    }
  }

  func bytes() throws(RoadError) -> [UInt8] {
    switch self {
    case .file(let path): try FileInput.read(path, as: .picture)
    case .recorded(let recording, let index): try recording.bytes(at: index)
    }
  }

  func picture(maximumPixels: Int) throws(RoadError) -> Picture {
    switch self {
    case .file(let path): try PictureFile.read(path, maximumPixels: maximumPixels)
    case .recorded(let recording, let index): try recording.picture(at: index)
    }
  }
}

/// The pictures that `quantize --calibration` names.
enum CalibrationPictures {
  /// As many from each folder, list or recording, evenly spread.
  static func chosen(
    from paths: [String], count: Int, maximumPixels: Int
  ) throws(RoadError) -> [CalibrationPicture] {
    let share = max(count / max(paths.count, 1), 1)
    var pictures: [CalibrationPicture] = []
    for path in paths {
      if FrameSources.isRecording(path) {
        pictures += try recorded(path, share, maximumPixels)
      } else {
        pictures += try PicturePairs.pictures(path).spread(over: share).map { .file($0) }
      }
    }
    return pictures
  }

  /// A picture that cannot be decoded gives way to the next: one torn frame of a drive is nothing that a user mends.
  private static func recorded(
    _ path: String, _ count: Int, _ maximumPixels: Int
  ) throws(RoadError) -> [CalibrationPicture] {
    let recording = try RecordedPictures(paths: [path], maximumPixels: maximumPixels)
    let places = Array(recording.places.indices)
    let chosen = places.spread(over: count)
    var pictures: [CalibrationPicture] = []
    for (index, start) in chosen.enumerated() {
      let end = index + 1 < chosen.count ? chosen[index + 1] : places.count
      if let whole = (start..<end).first(where: { (try? recording.picture(at: $0)) != nil }) {
        pictures.append(.recorded(recording, whole))
      }
    }
    guard !pictures.isEmpty else {
      throw RoadError(.recording, "\(path): holds no picture that can be read", remedy: "see roadseg inspect")
    }
    return pictures
  }
}

extension Array {
  /// At most `count` elements, evenly spread from the first on.
  func spread(over count: Int) -> [Element] {
    count >= self.count ? self : (0..<count).map { self[$0 * self.count / count] }
  }
}
