import Foundation
import RoadBase
import RoadLiveView
import Testing

@Suite("Options of the page") struct OptionsTests {
  @Test(
    "addresses with ports",
    arguments: [
      ("8080", "127.0.0.1", 8080), (":9", "127.0.0.1", 9), ("0.0.0.0:80", "0.0.0.0", 80), ("[::1]:8080", "::1", 8080),
      ("::1:8080", "::1", 8080),
    ] as [(String, String, UInt16)])
  func addresses(text: String, address: String, port: UInt16) throws {
    let parsed = try #require(LiveViewOptions.parse(text))
    #expect(parsed == (address, port))
  }

  @Test(
    "what is no address", arguments: ["", "drive/", "host:80", "127.0.0.1:70000", "1.2.3:80", "/dev/video0", "[::1]"])
  func noAddress(text: String) { #expect(LiveViewOptions.parse(text) == nil) }

  @Test("a token is made once, for its owner alone, and bad ones are refused")
  func token() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "token").path
    let token = try TokenFile.load(path)
    #expect(token.count == 32)
    #expect(try TokenFile.load(path) == token)
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    for bad in ["short", "sixteen letters !!", String(repeating: "a", count: 300)] {
      try bad.write(toFile: path, atomically: true, encoding: .utf8)
      #expect(throws: RoadError.self) { try TokenFile.load(path) }
    }
  }
}
