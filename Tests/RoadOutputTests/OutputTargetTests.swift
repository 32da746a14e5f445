import RoadBase
import RoadOutput
import Testing

@Suite struct OutputTargetTests {
  @Test func wordsOfTheCommandLine() throws {
    #expect(try OutputTarget("overlays") == .folder("overlays"))
    #expect(try OutputTarget("/mnt/disk/unix:x") == .folder("/mnt/disk/unix:x"))
    #expect(try OutputTarget("/dev/video10") == .videoDevice("/dev/video10"))
    #expect(try OutputTarget("-") == .standardOutput)
    #expect(try OutputTarget("drive/film.AVI") == .movie("drive/film.AVI"))
    #expect(try OutputTarget("unix:/run/masks") == .socket("/run/masks"))
    #expect(try OutputTarget("shm:/masks") == .sharedMemory("/masks"))
  }

  static let tooLong = "unix:" + String(repeating: "x", count: 200)

  @Test(
    "names that nothing can have",
    arguments: ["", "unix:", tooLong, "shm:", "shm:/", "shm:masks", "shm:/a/b"])
  func refusals(text: String) {
    #expect(throws: RoadError.self) { try OutputTarget(text) }
  }
}
