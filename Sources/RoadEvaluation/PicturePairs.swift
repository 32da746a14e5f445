import Foundation
import RoadBase
import RoadFrame

/// One picture and its label.
public struct PicturePair: Hashable, Sendable {
  public var picture: String
  public var label: String

  public init(_ picture: String, _ label: String) {
    self.picture = picture
    self.label = label
  }
}

/// Which pictures and labels belong together.
public enum PicturePairs {
  /// A list file (see ``PictureList``): one "picture label" a line, separated by blanks, a tab or a comma.
  ///
  /// - Throws: a label error naming the line that is not a pair.
  public static func list(_ path: String) throws(RoadError) -> [PicturePair] {
    let list = try PictureList(path: path, as: .label)
    var pairs: [PicturePair] = []
    for line in list.lines {
      let files = list.fields(of: line, wanted: 2)
      guard files.count == 2 else {
        throw RoadError(
          .label, "\(path):\(line.number): \(files.count) words instead of a picture and its label",
          remedy: "write one 'picture label' pair a line; separate names that hold blanks by a tab or a comma")
      }
      pairs.append(PicturePair(files[0], files[1]))
    }
    guard !pairs.isEmpty else { throw RoadError(.label, "\(path): lists no pictures") }
    return pairs
  }

  /// Pictures and labels of two folders and their subfolders, by name (see ``LabelNames``).
  ///
  /// - Throws: a label error naming the pictures without a label; an unlabelled picture is an error since leaving it
  ///   out would change what is measured.
  public static func folders(images: String, labels: String) throws(RoadError) -> [PicturePair] {
    let isOneFolder = URL(filePath: images).standardizedFileURL == URL(filePath: labels).standardizedFileURL
    let labelFiles = try PictureFiles.below(labels, as: .label).filter { $0.lowercased().hasSuffix(".png") }
    let names = LabelNames(labelFiles)
    var pictures = try PictureFiles.below(images, as: .picture)
    if isOneFolder { pictures = pictures.filter { !LabelNames.isLabel($0) } }
    var pairs: [PicturePair] = []
    var missing: [String] = []
    for picture in pictures {
      if let label = try names.label(of: picture, in: labels, butNot: isOneFolder ? picture : nil) {
        pairs.append(PicturePair(path(images, picture), path(labels, label)))
      } else {
        missing.append(picture)
      }
    }
    guard missing.isEmpty else {
      throw RoadError(
        .label, "\(labels): no label for \(missing.count) of \(pictures.count) pictures, the first \(missing[0])",
        remedy: "labels are PNG files with the picture's name, perhaps with an ending such as _labelIds or _L")
    }
    return pairs
  }

  /// The label files of some pictures by name (see ``LabelNames``); nil for a picture without one.
  ///
  /// - Parameter pictures: names of files, which need not be there.
  public static func labels(in folder: String, of pictures: [String]) throws(RoadError) -> [String?] {
    let names = LabelNames(try PictureFiles.below(folder, as: .label).filter { $0.lowercased().hasSuffix(".png") })
    var labels: [String?] = []
    for picture in pictures { labels.append(try names.label(of: picture, in: folder, butNot: nil)) }
    return labels.map { $0.map { path(folder, $0) } }
  }

  /// Pictures for calibration: a folder with its subfolders, or a list file of which the first name of each line
  /// counts.
  public static func pictures(_ path: String) throws(RoadError) -> [String] {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      return try PictureFiles.below(path, as: .picture).map { self.path(path, $0) }
    }
    let list = try PictureList(path: path, as: .picture)
    let pictures = list.lines.map(list.file)
    guard !pictures.isEmpty else { throw RoadError(.picture, "\(path): lists no pictures") }
    return pictures
  }

  private static func path(_ folder: String, _ name: String) -> String {
    folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
  }
}
