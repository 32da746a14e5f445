import Foundation
import RoadBase
import RoadSink
import Testing

@Suite struct SessionFolderTests {
  private static func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  @Test func anEmptyFolderIsTakenAsItIs() throws {
    try Self.withFolder { folder in
      let session = try SessionFolder(in: "\(folder)/a/b")
      #expect(session.path == "\(folder)/a/b")
    }
  }

  /// Two runs in the same second, and the next one: none shares a folder, not even while nothing is written yet.
  @Test func noTwoRunsShareOne() throws {
    try Self.withFolder { folder in
      let sessions = try (0..<3).map { _ in try SessionFolder(in: folder, at: 1_764_382_903) }
      #expect(
        sessions.map(\.path) == [folder, "\(folder)/2025-11-29T02-21-43Z", "\(folder)/2025-11-29T02-21-43Z-2"])
    }
  }

  @Test func whatAnEarlierRunLeftIsKept() throws {
    try Self.withFolder { folder in
      do {
        let first = try SessionFolder(in: folder)
        try "old".write(toFile: "\(first.path)/frame-000000.jpg", atomically: true, encoding: .utf8)
      }
      let second = try SessionFolder(in: folder)
      #expect(second.path != folder)
      try "new".write(toFile: "\(second.path)/frame-000000.jpg", atomically: true, encoding: .utf8)
      #expect(try String(contentsOfFile: "\(folder)/frame-000000.jpg", encoding: .utf8) == "old")
    }
  }

  @Test func aRemovedFolderIsMadeAgain() throws {
    try Self.withFolder { folder in
      let session = try SessionFolder(in: "\(folder)/o")
      try FileManager.default.removeItem(atPath: folder)
      try session.reopen()
      #expect(FileManager.default.fileExists(atPath: session.path))
    }
  }

  @Test func aFileIsNoFolder() {
    #expect(throws: RoadError.self) { try SessionFolder(in: "/proc/self/status") }
  }
}
