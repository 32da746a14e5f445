import Foundation
import RoadBase
import RoadFrame

/// Which files a path stands for, and what is in them; at most ``largestPicture`` bytes each.
enum PictureListing {
  static let largestPicture = 1 << 28

  static func files(at path: String, excluding excluded: String? = nil) throws(RoadError) -> [ListedPicture] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw RoadError(.picture, "\(path): no such file or folder", remedy: "check the path")
    }
    if isFolder.boolValue {
      let root = path.hasSuffix("/") ? path : path + "/"
      return try PictureFiles.below(path, as: .picture, excluding: excluded)
        .map { ListedPicture(path: root + $0, name: ListedPicture.withoutEnding($0)) }
    }
    let paths = path.lowercased().hasSuffix(".txt") ? try filesInList(path) : [path]
    return paths.map { ListedPicture(path: $0, name: ListedPicture.stem(of: $0)) }
  }

  private static func filesInList(_ path: String) throws(RoadError) -> [String] {
    let list = try PictureList(path: path, as: .picture)
    guard !list.lines.isEmpty else {
      throw RoadError(.picture, "\(path): the list names no pictures", remedy: "write one path a line")
    }
    return list.lines.map(list.file)
  }

  /// The size of the first picture of which it can be told. One of which it cannot is not an error yet: a folder may
  /// begin with a torn file. A single picture is decoded, so that what is wrong with it is said at once.
  static func size(
    of files: [String], name: String, maximumPixels: Int, acceptsPartial: Bool
  ) throws(RoadError) -> PictureSize {
    if files.count == 1, !acceptsPartial {
      return try PictureFile.read(files[0], maximumPixels: maximumPixels).size
    }
    var first: RoadError?
    for file in files {
      do throws(RoadError) {
        return try PictureFile.size(
          of: try FileInput.read(file, as: .picture), name: file, maximumPixels: maximumPixels)
      } catch { first = first ?? error }
    }
    guard let first else { throw RoadError(.picture, "\(name): no pictures", remedy: "name at least one") }
    throw RoadError(
      .picture, "\(name): none of the \(files.count) pictures can be decoded (\(first.cause))", remedy: first.remedy)
  }

  static func largestFile(_ files: [String]) -> Int {
    files.reduce(0) { largest, file in
      var status = stat()
      guard stat(file, &status) == 0 else { return largest }
      return max(largest, min(Int(status.st_size), largestPicture))
    }
  }

  /// Reads a whole file into `bytes` without allocating; nil if it cannot be read or does not fit.
  static func read(_ path: String, into bytes: UnsafeMutableRawBufferPointer) -> Int? {
    guard let descriptor = System.open(path, O_RDONLY).value.map(Int32.init) else { return nil }
    defer { System.close(descriptor) }
    guard let count = System.readAll(descriptor, into: bytes).value else { return nil }
    guard count == bytes.count else { return count }
    var more: UInt8 = 0
    return withUnsafeMutableBytes(of: &more) { System.read(descriptor, into: $0) } == .done(0) ? count : nil
  }
}

/// A picture file, and what its results are called.
public struct ListedPicture: Sendable {
  public var path: String
  /// Without the ending: below the folder that was named ("monday/0042"), or the file's own ("0042").
  public var name: String

  /// "drive/frame.0001.jpg" → "drive/frame.0001"
  static func withoutEnding(_ path: String) -> String {
    guard let dot = path.lastIndex(of: "."), dot > path.lastIndex(of: "/") ?? path.startIndex, dot != path.startIndex
    else { return path }
    return String(path[..<dot])
  }

  static func stem(of path: String) -> String {
    withoutEnding(path.split(separator: "/").last.map(String.init) ?? path)
  }
}
