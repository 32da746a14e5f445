import Foundation
import RoadBase
import RoadCamera
import RoadFrame
import Testing

@Suite("Picture folder")
struct PictureFolderTests {
  /// A folder with these files; `nil` stands for the golden JPEG.
  private func withPictures<Result>(_ files: [String: [UInt8]?], _ body: (String) throws -> Result) throws -> Result {
    try withFolder { folder in
      for (name, bytes) in files {
        try FileOutput.write(try bytes ?? Goldens.bytes("frame-1.jpg"), to: "\(folder)/\(name)")
      }
      return try body(folder)
    }
  }

  @Test("frames come in natural order, byte for byte, then the end")
  func order() throws {
    let jpegs = try Goldens.jpegs()
    try withPictures(["f10.jpg": jpegs[2], "f9.JPEG": jpegs[1], "f1.jpg": jpegs[0], "notes.md": [1], ".f0.jpg": nil]) {
      let folder = try PictureFolder(path: $0)
      #expect(folder.files.map { $0.split(separator: "/").last } == ["f1.jpg", "f9.JPEG", "f10.jpg"])
      #expect(folder.properties.size == Goldens.size)
      #expect(folder.properties.frameCount == 3)
      let all = try folder.readAll()
      #expect(all.outcomes == [good, good, good, .ended])
      #expect(all.frames == jpegs)
      #expect(try folder.readAll().frames == jpegs, "a second start begins again")
    }
  }

  @Test("an offline folder goes on after unusable files and counts them")
  func damaged() throws {
    let jpeg = try Goldens.bytes("frame-1.jpg")
    let other = try Goldens.bytes("../../RoadFrameTests/Goldens/jpeg-420.jpg")
    let files: [String: [UInt8]?] = [
      "0.jpg": Array(jpeg.prefix(jpeg.count / 2)), "1.jpg": nil, "2.jpg": [], "3.jpg": [1, 2, 3, 4, 5, 6],
      "4.jpg": other,
      "5.jpg": nil,
    ]
    try withPictures(files) {
      try FileManager.default.createSymbolicLink(atPath: "\($0)/6.jpg", withDestinationPath: "/nonexistent")
      let all = try PictureFolder(path: $0).readAll()
      #expect(
        all.outcomes == [
          good, good, .corrupt(.undecodable), .corrupt(.undecodable), .corrupt(.wrongSize), good,
          .corrupt(.undecodable), .ended,
        ])
    }
  }

  @Test("nothing usable is one clear error")
  func errors() throws {
    try withPictures(["a.txt": []]) { folder in
      let empty = roadError { _ = try PictureFolder(path: folder) }
      #expect(empty?.cause == "\(folder): no pictures in this folder")
      #expect(empty?.remedy.isEmpty == false)
      #expect(roadError { _ = try PictureFolder(path: "\(folder)/a.txt") }?.cause.contains("names no pictures") == true)
      let missing = roadError { _ = try PictureFolder(path: "\(folder)/none") }
      #expect(missing?.cause == "\(folder)/none: no such file or folder")
    }
    try withPictures(["a.jpg": [1, 2, 3], "b.jpg": []]) { folder in
      let error = roadError { _ = try PictureFolder(path: folder) }
      #expect(error?.cause.contains("none of the 2 pictures can be decoded") == true)
      #expect(roadError { _ = try PictureFolder(path: "\(folder)/a.jpg") }?.cause.contains("neither a JPEG") == true)
    }
  }

  @Test("a list file and a single picture")
  func listAndSingle() throws {
    try withPictures(["a.jpg": nil, "b.jpg": nil]) { folder in
      let list = "# two frames\nb.jpg\r\n\n  a.jpg  \n\(folder)/b.jpg\n"
      try FileOutput.write(list, to: "\(folder)/list.txt")
      #expect(
        try PictureFolder(path: "\(folder)/list.txt").files == [
          "\(folder)/b.jpg", "\(folder)/a.jpg", "\(folder)/b.jpg",
        ])
      let single = try PictureFolder(path: "\(folder)/a.jpg")
      #expect(try single.readAll().outcomes == [good, .ended])
    }
  }

  @Test("subfolders count, hidden ones and links to folders do not, nor the one for the results")
  func subfolders() throws {
    let jpeg = try Goldens.bytes("frame-1.jpg")
    try withFolder { folder in
      for path in ["b/2.jpg", "b/10.jpg", "a.jpg", "b/c/1.png.jpg", ".hidden/x.jpg", "out/classes/a.png"] {
        let end = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
        try FileOutput.makeFolder("\(folder)/\(end)")
        try FileOutput.write(jpeg, to: "\(folder)/\(path)")
      }
      try FileManager.default.createSymbolicLink(atPath: "\(folder)/again", withDestinationPath: folder)
      let files = try PictureFolder.files(
        at: folder, excluding: "\(folder)/../\(folder.split(separator: "/").last ?? "")/out")
      #expect(files.map(\.path) == ["a.jpg", "b/2.jpg", "b/10.jpg", "b/c/1.png.jpg"].map { "\(folder)/\($0)" })
      #expect(files.map(\.name) == ["a", "b/2", "b/10", "b/c/1.png"])
    }
  }

  @Test("pictures are turned upright, and sizes are those as shown")
  func orientation() throws {
    let turned = try FileInput.read(Goldens.path("../../RoadFrameTests/Goldens/exif-6.jpg"), as: .picture)
    let upright = try FileInput.read(Goldens.path("../../RoadFrameTests/Goldens/exif-1.jpg"), as: .picture)
    try withPictures(["a.jpg": turned, "b.jpg": upright]) { path in
      let folder = try PictureFolder(path: path)
      #expect(folder.properties.size == PictureSize(width: 14, height: 23))
      #expect(try folder.readAll().outcomes == [good, .corrupt(.wrongSize), .ended])
    }
  }

  @Test("a larger picture than allowed is a corrupt frame")
  func tooLarge() throws {
    let small = try FileInput.read(Goldens.path("../../RoadFrameTests/Goldens/exif-1.jpg"), as: .picture)
    try withPictures(["a.jpg": nil, "b.jpg": small]) { path in
      let folder = try PictureFolder(path: path, maximumPixels: 23 * 14)
      #expect(folder.properties.size == PictureSize(width: 23, height: 14))
      #expect(try folder.readAll().outcomes == [.corrupt(.tooLarge), good, .ended])
    }
  }

  @Test("PNG files come as PNG frames")
  func png() throws {
    let png = try FileInput.read(Goldens.path("../../RoadFrameTests/Goldens/rgb.png"), as: .picture)
    try withPictures(["a.png": png]) { folder in
      let source = try PictureFolder(path: folder)
      let frame = Frame(capacity: source.properties.maximumFrameBytes)
      try source.start()
      #expect(source.read(into: frame, timeout: 0) == good)
      #expect(frame.format == .png)
      let picture = Picture(size: frame.size)
      #expect(try FrameDecoder().decode(frame, into: picture) == .decoded)
      #expect(Array(picture.bytes.prefix(8)) == [0, 1, 2, 255, 3, 4, 5, 255])
    }
  }

  @Test("live, a late reader who wants every frame gets it")
  func liveGivesEveryFrame() throws {
    try withPictures(Dictionary(uniqueKeysWithValues: (0..<6).map { ("\($0).jpg", nil) })) { folder in
      let source = try PictureFolder(path: folder, pace: .live(rate: 200, repeats: false))
      let frame = Frame(capacity: source.properties.maximumFrameBytes)
      source.deliverEveryFrame()
      try source.start()
      Thread.sleep(forTimeInterval: 0.05)
      for sequence in 0..<6 {
        #expect(source.read(into: frame, timeout: 1_000_000_000) == .frame(skipped: 0, lost: 0))
        #expect(frame.sequence == UInt64(sequence))
      }
      #expect(source.read(into: frame, timeout: 0) == .ended)
    }
  }

  @Test("live, a late reader gets the newest frame and the number that it missed")
  func liveSkips() throws {
    try withPictures(Dictionary(uniqueKeysWithValues: (0..<20).map { ("\($0).jpg", nil) })) { folder in
      let source = try PictureFolder(path: folder, pace: .live(rate: 100, repeats: false))
      #expect(source.properties.isLive && source.properties.nominalRate == 100)
      let frame = Frame(capacity: source.properties.maximumFrameBytes)
      try source.start()
      Thread.sleep(forTimeInterval: 0.055)
      guard case .frame(let skipped, 0) = source.read(into: frame, timeout: 0) else {
        Issue.record("no frame")
        return
      }
      #expect((5...19).contains(skipped))
      #expect(frame.sequence == UInt64(skipped))
      Thread.sleep(forTimeInterval: 0.3)
      let last = source.read(into: frame, timeout: 1_000_000_000)
      #expect(last == .frame(skipped: 18 - skipped, lost: 0), "the last is shown, however late")
      #expect(source.read(into: frame, timeout: 1_000_000_000) == .ended)
    }
  }

  @Test("live, a frame that is not due yet is waited for, within the timeout; repeating never ends")
  func liveWaits() throws {
    try withPictures(["0.jpg": nil, "1.jpg": nil]) { folder in
      let source = try PictureFolder(path: folder, pace: .live(rate: 20, repeats: true))
      #expect(source.properties.frameCount == nil)
      let frame = Frame(capacity: source.properties.maximumFrameBytes)
      try source.start()
      let begin = MonotonicClock.now()
      #expect(source.read(into: frame, timeout: 0) == good)
      #expect(source.read(into: frame, timeout: 1_000_000) == .timedOut)
      for _ in 0..<4 {
        guard case .frame = source.read(into: frame, timeout: 5_000_000_000) else {
          Issue.record("no frame")
          return
        }
      }
      #expect(frame.sequence >= 4)
      #expect(MonotonicClock.now() - begin >= 199_000_000, "four periods of 50 ms")
    }
  }
}
