import Foundation
import RoadBase
import RoadModel
import RoadTestSupport
import Testing

/// A model names the files that hold its weights, and is nobody's friend: nothing outside its folder is read, nothing
/// that is no file, nothing beyond its end.
@Suite struct ExternalFilesTests {
  private static let location = "external-data.data"
  private static let export = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Zoo/Exports")

  /// A model with its weights beside it in a folder of its own; `secret` lies outside.
  private func withModel(_ body: (_ model: URL, _ weights: URL, _ secret: URL) throws -> Void) throws {
    let root = FileManager.default.temporaryDirectory.appending(path: "roadseg-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: root) }
    let folder = root.appending(path: "models")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let (model, weights) = (folder.appending(path: "net.onnx"), folder.appending(path: Self.location))
    let secret = root.appending(path: "secret")
    try FileManager.default.copyItem(at: Self.export.appending(path: "external-data.onnx"), to: model)
    for place in [weights, secret] {
      try FileManager.default.copyItem(at: Self.export.appending(path: Self.location), to: place)
    }
    try body(model, weights, secret)
  }

  private func refusal(_ model: URL) throws -> RoadError {
    try #require(thrown(RoadError.self) { try ONNXReader.read(path: model.path) })
  }

  @Test("weights beside the model are read, also through a link within the folder or to the model")
  func reads() throws {
    try withModel { model, weights, secret in
      let graph = try ONNXReader.read(path: model.path)
      #expect(graph.initializers.values.contains { $0.floats.contains { $0 != 0 } })
      let moved = weights.deletingLastPathComponent().appending(path: "moved")
      try FileManager.default.moveItem(at: weights, to: moved)
      try FileManager.default.createSymbolicLink(at: weights, withDestinationURL: moved)
      #expect(try ONNXReader.read(path: model.path).initializers == graph.initializers)
      let link = secret.deletingLastPathComponent().appending(path: "link.onnx")
      try FileManager.default.createSymbolicLink(at: link, withDestinationURL: model)
      try FileManager.default.removeItem(at: secret)
      #expect(throws: RoadError.self, "the link's own folder has no weights") {
        _ = try ONNXReader.read(path: link.path)
      }
    }
  }

  @Test(
    "no name leads out of the folder",
    arguments: ["../secret", "/etc/hostname", "a/../../secret", "./../secret", "\0secret", ".", "", "..", "/"])
  func names(start: String) throws {
    try withModel { model, _, secret in
      // Of the same length, so that nothing else of the file changes.
      let padding = start.hasSuffix("secret") || start.hasSuffix("hostname") ? "/" : " "
      let name = start + String(repeating: padding, count: Self.location.utf8.count - start.utf8.count)
      var bytes = try Data(contentsOf: model)
      while let range = bytes.range(of: Data(Self.location.utf8)) {
        bytes.replaceSubrange(range, with: Data(name.utf8))
      }
      try bytes.write(to: model)
      let error = try refusal(model)
      #expect(error.subject == .model && error.cause.contains("which is not a file beside the model"), "\(error)")
      _ = secret
    }
  }

  @Test("what lies there is a file, not a link out of the folder, a folder or a pipe")
  func kinds() throws {
    try withModel { model, weights, secret in
      let kinds: [(String, () throws -> Void)] = [
        ("nothing", {}),
        ("link", { try FileManager.default.createSymbolicLink(at: weights, withDestinationURL: secret) }),
        ("folder", { try FileManager.default.createDirectory(at: weights, withIntermediateDirectories: false) }),
        ("pipe", { try #require(mkfifo(weights.path, 0o600) == 0) }),
      ]
      for (kind, make) in kinds {
        try? FileManager.default.removeItem(at: weights)
        try make()
        let error = try refusal(model)
        #expect(error.cause.contains("which is not a file beside the model"), "\(kind): \(error)")
        #expect(error.remedy.contains("copy the model and its weight files"))
      }
    }
  }

  @Test("a file that is too short, and places beyond any file, are refused")
  func bounds() throws {
    try withModel { model, weights, _ in
      let whole = try Data(contentsOf: weights)
      try whole.dropLast().write(to: weights)
      #expect(try refusal(model).cause.contains("too few for"))
      try Data().write(to: weights)
      #expect(try refusal(model).cause.contains("has 0 bytes"))
      try whole.write(to: weights)
      let sound = try Data(contentsOf: model)
      for (key, digits) in [("offset", "9"), ("offset", "-"), ("length", "9"), ("length", "-")] {
        try Self.changed(sound, key, to: digits).write(to: model)
        let error = try refusal(model)
        #expect(error.subject == .model && error.cause.contains(Self.location), "\(key) \(digits): \(error)")
      }
    }
  }

  /// With each digit of the last tensor's number replaced.
  private static func changed(_ model: Data, _ key: String, to digit: String) -> Data {
    var bytes = model
    guard let range = bytes.range(of: Data(key.utf8), options: .backwards) else { return bytes }
    // StringStringEntryProto: the key, then tag 2, a length, the value.
    let count = Int(bytes[range.upperBound + 1])
    let value = range.upperBound + 2..<range.upperBound + 2 + count
    bytes.replaceSubrange(value, with: Data(String(repeating: digit, count: count).utf8))
    return bytes
  }
}
