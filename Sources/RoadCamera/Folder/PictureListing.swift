import Foundation
import RoadBase
import RoadFrame

/// Which files a path stands for, and what is in them; at most ``largestPicture`` bytes each.
enum PictureListing {
  static let largestPicture = 1 << 26
  private static let suffixes = [".jpg", ".jpeg", ".png"]

  static func files(at path: String) throws(RoadError) -> [String] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw RoadError(.picture, "\(path): no such file or folder", remedy: "check the path")
    }
    if isFolder.boolValue { return try filesInFolder(path) }
    return path.lowercased().hasSuffix(".txt") ? try filesInList(path) : [path]
  }

  private static func filesInFolder(_ path: String) throws(RoadError) -> [String] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: path)
    } catch {
      throw RoadError(.picture, "\(path): the folder cannot be read", remedy: "make it readable for this user")
    }
    let pictures = names.filter { name in !name.hasPrefix(".") && suffixes.contains { name.lowercased().hasSuffix($0) }
    }
    guard !pictures.isEmpty else {
      throw RoadError(
        .picture, "\(path): no pictures in this folder", remedy: "it must hold .jpg, .jpeg or .png files, not folders")
    }
    return pictures.sorted(by: NaturalOrder.precedes).map { path.hasSuffix("/") ? path + $0 : "\(path)/\($0)" }
  }

  private static func filesInList(_ path: String) throws(RoadError) -> [String] {
    let text = String(decoding: try FileInput.read(path, as: .picture), as: UTF8.self)
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    let files = text.split(whereSeparator: \.isNewline).compactMap { line -> String? in
      let name = line.trimmingCharacters(in: .whitespaces)
      return name.isEmpty || name.hasPrefix("#") ? nil : name.hasPrefix("/") ? name : folder + name
    }
    guard !files.isEmpty else {
      throw RoadError(.picture, "\(path): the list names no pictures", remedy: "write one path a line")
    }
    return files
  }

  /// The first picture that can be decoded. One that cannot is not an error yet: a folder may begin with a torn file.
  static func firstDecodable(_ files: [String], name: String) throws(RoadError) -> Picture {
    var first: RoadError?
    for file in files {
      do throws(RoadError) {
        return try PictureFile.read(file)
      } catch { first = first ?? error }
    }
    guard files.count > 1, let first else {
      throw first ?? RoadError(.picture, "\(name): no pictures", remedy: "name at least one")
    }
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
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var count = 0
    while count < bytes.count {
      let got = Glibc.read(
        descriptor, UnsafeMutableRawBufferPointer(rebasing: bytes[count...]).baseAddress, bytes.count - count)
      if got == 0 { return count }
      if got > 0 { count += got } else if errno != EINTR { return nil }
    }
    var more: UInt8 = 0
    return Glibc.read(descriptor, &more, 1) == 0 ? count : nil
  }

  static func isPNG(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count > 8 && bytes[0] == 0x89 && bytes[1] == 0x50 && bytes[2] == 0x4E && bytes[3] == 0x47
  }
}
