import RoadBase
import RoadCamera
import RoadFrame

/// Pictures in files, of one size: what one pipeline takes.
public struct PictureBatch: Sendable {
  public var size: PictureSize
  public var files: [String]
  /// What their results are called: the files' names without folder and ending.
  public var names: [String]
}

/// A file that should have been a picture, and what is wrong with it.
public struct UnusablePicture: Sendable {
  public var file: String
  public var error: RoadError

  public init(file: String, error: RoadError) {
    self.file = file
    self.error = error
  }
}

extension PictureBatch {
  /// Sorts the pictures of files, folders and lists into runs of one size, in order.
  ///
  /// - Returns: the runs, and the files of which not even the size can be told.
  /// - Throws: for a path that is not there, a folder without pictures, two pictures whose results would have one name.
  public static func sort(
    _ paths: [String]
  ) throws(RoadError) -> (batches: [PictureBatch], unusable: [UnusablePicture]) {
    let decoder = try JPEGDecoder()
    var batches: [PictureBatch] = []
    var unusable: [UnusablePicture] = []
    var owners: [String: String] = [:]
    for path in paths {
      for file in try PictureFolder.files(at: path) {
        let name = Self.name(of: file)
        if let owner = owners.updateValue(file, forKey: name) {
          throw RoadError(
            .output, "\(owner) and \(file): both results would be called '\(name)'",
            remedy: "run them one after the other, each with its own --output")
        }
        do throws(RoadError) {
          let size = try Self.size(of: file, decoder)
          if batches.last?.size != size { batches.append(PictureBatch(size: size, files: [], names: [])) }
          batches[batches.count - 1].files.append(file)
          batches[batches.count - 1].names.append(name)
        } catch {
          unusable.append(UnusablePicture(file: file, error: error))
        }
      }
    }
    return (batches, unusable)
  }

  private static func size(of file: String, _ decoder: JPEGDecoder) throws(RoadError) -> PictureSize {
    let bytes = try FileInput.read(file, as: .picture)
    if let size = bytes.withUnsafeBytes({ decoder.size(of: $0) }) { return size }
    return try PictureFile.decode(bytes, name: file).size
  }

  /// "drive/frame.0001.jpg" → "frame.0001"
  private static func name(of file: String) -> String {
    let last = file.split(separator: "/").last.map(String.init) ?? file
    guard let dot = last.lastIndex(of: "."), dot != last.startIndex else { return last }
    return String(last[..<dot])
  }
}
