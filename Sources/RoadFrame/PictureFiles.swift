import Foundation
import RoadBase

/// The picture files below a folder.
public enum PictureFiles {
  private static let suffixes = [".jpg", ".jpeg", ".png"]

  public static func isNamedAsPicture(_ path: String) -> Bool { suffixes.contains(where: path.lowercased().hasSuffix) }

  /// JPEG and PNG files of the folder and its subfolders, relative to it, in natural order ("frame2" before "frame10").
  /// Hidden files and folders are left out; links to folders are not followed.
  ///
  /// - Parameter excluded: a folder whose files are not meant, such as the one that results go to.
  /// - Throws: of the subject given: the folder cannot be read, or holds no pictures.
  public static func below(
    _ folder: String, as subject: RoadError.Subject, excluding excluded: String? = nil
  ) throws(RoadError) -> [String] {
    guard access(folder, R_OK | X_OK) == 0, let entries = FileManager.default.enumerator(atPath: folder) else {
      throw RoadError(
        subject, "\(folder): the folder cannot be read", remedy: "check the path, and make it readable for this user")
    }
    let left = excluded.flatMap { realPath($0) }
    var files: [String] = []
    while let entry = entries.nextObject() as? String {
      let isFolder = entries.fileAttributes?[.type] as? FileAttributeType == .typeDirectory
      let isHidden = entry.split(separator: "/").last?.hasPrefix(".") ?? true
      if isFolder, isHidden || left != nil && realPath("\(folder)/\(entry)") == left { entries.skipDescendants() }
      if !isFolder, !isHidden, isNamedAsPicture(entry) { files.append(entry) }
    }
    guard !files.isEmpty else {
      throw RoadError(
        subject, "\(folder): no pictures in this folder",
        remedy: "it or its subfolders must hold .jpg, .jpeg or .png files")
    }
    return files.sorted(by: NaturalOrder.precedes)
  }

  private static func realPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}
