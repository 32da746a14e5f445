import RoadBase
import RoadCamera
import RoadFrame

/// Pictures in files, of one size: what one pipeline takes.
public struct PictureBatch: Sendable {
  public var size: PictureSize
  public var files: [String]
  /// What their results are called: the files' names without ending, with the subfolder of a folder that was named.
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
  /// - Parameters:
  ///   - maximumPixels: a larger picture is unusable.
  ///   - excluded: a folder below the others whose pictures are not meant: that of the results.
  /// - Returns: the runs, and the files of which not even the size can be told.
  /// - Throws: for a path that is not there, a folder without pictures, two pictures whose results would have one name.
  public static func sort(
    _ paths: [String], maximumPixels: Int = Picture.defaultPixelLimit, excluding excluded: String? = nil
  ) throws(RoadError) -> (batches: [PictureBatch], unusable: [UnusablePicture]) {
    var batches: [PictureBatch] = []
    var unusable: [UnusablePicture] = []
    var owners: [String: String] = [:]
    for path in paths {
      for picture in try PictureFolder.files(at: path, excluding: excluded) {
        let (file, name) = (picture.path, picture.name)
        if let owner = owners.updateValue(file, forKey: name) {
          throw RoadError(
            .output, "\(owner) and \(file): both results would be called '\(name)'",
            remedy: "run them one after the other, each with its own --output")
        }
        do throws(RoadError) {
          let size = try PictureFile.size(
            of: try FileInput.read(file, as: .picture), name: file, maximumPixels: maximumPixels)
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
}
