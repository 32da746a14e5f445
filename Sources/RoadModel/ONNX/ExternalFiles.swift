import Foundation
import RoadBase

/// The files beside a model in which exporters put its weights (TensorProto.external_data; the default of PyTorch's
/// exporter).
///
/// What a model names is untrusted: a file counts only where it is a regular file in the model's own folder or below
/// it, links resolved, and only the bytes that the tensor's shape needs are read.
final class ExternalFiles {
  /// The model's folder, and that of the file which its name is a link to.
  private let folders: [String]
  private let first: URL
  private var open: [String: FileHandle] = [:]
  private var bytesLeft: Int

  init(besideModel path: String, byteLimit: Int) {
    let url = URL(fileURLWithPath: path)
    first = url.deletingLastPathComponent()
    bytesLeft = byteLimit
    folders = [first, url.resolvingSymlinksInPath().deletingLastPathComponent()].map {
      $0.resolvingSymlinksInPath().standardizedFileURL.path
    }
  }

  deinit {
    for file in open.values { try? file.close() }
  }

  /// - Parameters:
  ///   - entries: of external_data: location, and perhaps offset and length.
  ///   - count: the bytes that the tensor's shape and type need.
  ///   - context: what to call the tensor in errors.
  func read(_ entries: [String: String], count: Int, context: String) throws(RoadError) -> [UInt8] {
    func failure(_ cause: String) -> RoadError {
      RoadError(.model, "\(context): \(cause)", remedy: "copy the model and its weight files together into one folder")
    }
    let location = entries["location"] ?? ""
    guard let path = resolved(location) else {
      throw failure("its data lies in '\(location.prefix(200))', which is not a file beside the model")
    }
    guard let offset = Int(entries["offset"] ?? "0"), offset >= 0, let length = Int(entries["length"] ?? "\(count)"),
      length == count
    else {
      throw failure(
        "needs \(count) bytes, but names \(entries["length"] ?? "all") at \(entries["offset"] ?? "0") of '\(location)'")
    }
    guard count <= bytesLeft else { throw failure("the model's weight files are larger than a model may be") }
    bytesLeft -= count
    do {
      let file = try open[path] ?? FileHandle(forReadingFrom: URL(fileURLWithPath: path))
      open[path] = file
      let size = try file.seekToEnd()
      guard UInt64(offset) <= size, UInt64(count) <= size - UInt64(offset) else {
        throw failure("'\(location)' has \(size) bytes, too few for \(count) from byte \(offset) on")
      }
      try file.seek(toOffset: UInt64(offset))
      let bytes = try file.read(upToCount: count) ?? Data()
      guard bytes.count == count else { throw failure("'\(location)' ended after \(bytes.count) of \(count) bytes") }
      return Array(bytes)
    } catch let error as RoadError {
      throw error
    } catch {
      throw failure("'\(location)' cannot be read (\(error.localizedDescription))")
    }
  }

  /// The path of a regular file in the folder; nil for anything else.
  private func resolved(_ location: String) -> String? {
    let parts = location.split(separator: "/", omittingEmptySubsequences: false)
    guard !location.isEmpty, !location.utf8.contains(0), !parts.contains(".."), !location.hasPrefix("/") else {
      return nil
    }
    let url = first.appending(path: location).resolvingSymlinksInPath().standardizedFileURL
    guard folders.contains(where: { url.path.hasPrefix($0 == "/" ? "/" : $0 + "/") }),
      (try? url.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile) == true
    else { return nil }
    return url.path
  }
}
