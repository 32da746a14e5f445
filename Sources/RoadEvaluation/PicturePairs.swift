import Foundation
import RoadBase

/// One picture and its label.
public struct PicturePair: Hashable, Sendable {
  public var picture: String
  public var label: String
}

/// Which pictures and labels belong together.
public enum PicturePairs {
  private static let pictureEndings: Set = ["jpg", "jpeg", "png"]

  /// A list file: one "picture label" a line, separated by white space, relative to the file's own folder or absolute. Empty lines and
  /// lines that start with `#` do not count.
  ///
  /// - Throws: a label error naming the line that is not a pair, or the file that does not exist.
  public static func list(_ path: String) throws(RoadError) -> [PicturePair] {
    let folder = URL(filePath: path).deletingLastPathComponent()
    var pairs: [PicturePair] = []
    for (number, line) in try lines(of: path) {
      let fields = line.split(whereSeparator: \.isWhitespace)
      guard fields.count == 2 else {
        throw RoadError(
          .label, "\(path):\(number): \(fields.count) words instead of a picture and its label",
          remedy: "write one 'picture label' pair a line")
      }
      let files = fields.map { self.path(String($0), in: folder) }
      pairs.append(PicturePair(picture: files[0], label: files[1]))
    }
    guard !pairs.isEmpty else { throw RoadError(.label, "\(path): lists no pictures") }
    return pairs
  }

  /// Pictures and labels of two folders, by the name before the ending.
  ///
  /// - Throws: a label error naming the pictures without a label; an unlabelled picture is an error since leaving it out
  ///   would change what is measured.
  public static func folders(images: String, labels: String) throws(RoadError) -> [PicturePair] {
    let pictures = try files(in: images, subject: .picture)
    let byStem = Dictionary(try files(in: labels, subject: .label).map { (stem($0), $0) }) { first, _ in first }
    let missing = pictures.filter { byStem[stem($0)] == nil }
    guard missing.isEmpty else {
      throw RoadError(
        .label,
        "\(labels): no label for \(missing.count) of \(pictures.count) pictures, the first \(URL(filePath: missing[0]).lastPathComponent)",
        remedy: "labels are PNG files with the picture's name")
    }
    return pictures.compactMap { picture in byStem[stem(picture)].map { PicturePair(picture: picture, label: $0) } }
  }

  /// Pictures for calibration: a folder, or a list file of which the first word of each line counts.
  public static func pictures(_ path: String) throws(RoadError) -> [String] {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      return try files(in: path, subject: .picture)
    }
    let folder = URL(filePath: path).deletingLastPathComponent()
    let pictures = try lines(of: path).compactMap { $0.text.split(whereSeparator: \.isWhitespace).first }
    guard !pictures.isEmpty else { throw RoadError(.picture, "\(path): lists no pictures") }
    return pictures.map { self.path(String($0), in: folder) }
  }

  /// A path of a list: relative to the list's folder unless it starts at the root.
  private static func path(_ text: String, in folder: URL) -> String {
    text.hasPrefix("/") ? text : folder.appending(path: text).path
  }

  private static func lines(of path: String) throws(RoadError) -> [(number: Int, text: String)] {
    guard let data = FileManager.default.contents(atPath: path), let text = String(data: data, encoding: .utf8) else {
      throw RoadError(.label, "\(path): cannot be read as text", remedy: "check the path; a list is a UTF-8 text file")
    }
    return text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
      .map { ($0.offset + 1, $0.element.trimmingCharacters(in: .whitespaces)) }
      .filter { !$0.1.isEmpty && !$0.1.hasPrefix("#") }
  }

  private static func files(in folder: String, subject: RoadError.Subject) throws(RoadError) -> [String] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: folder)
    } catch {
      throw RoadError(subject, "\(folder): is not a folder that can be read", remedy: "check the path")
    }
    let pictures = names.filter { pictureEndings.contains(URL(filePath: $0).pathExtension.lowercased()) }.sorted()
    guard !pictures.isEmpty else {
      throw RoadError(subject, "\(folder): holds no JPEG or PNG files", remedy: "check the path")
    }
    return pictures.map { URL(filePath: folder).appending(path: $0).path }
  }

  private static func stem(_ path: String) -> String { URL(filePath: path).deletingPathExtension().lastPathComponent }
}
