import Foundation
import RoadBase
import RoadCamera
import RoadFrame
import Testing

@Suite("The source that one word stands for")
struct FrameSourcesTests {
  @Test("folders, lists and pictures; streams by their contents; nothing else")
  func kinds() throws {
    let goldens = Goldens.path("")
    #expect(try FrameSources.open(goldens) is PictureFolder)
    #expect(try FrameSources.open(Goldens.path("frame-1.jpg")) is PictureFolder)
    #expect(try FrameSources.open(Goldens.path("pattern.mjpeg")) is StreamSource)
    #expect(try FrameSources.open(Goldens.path("pattern-420.y4m")).properties.format == .i420)
    try withFolder { folder in
      try FileOutput.write("\(Goldens.path("frame-2.jpg"))\n", to: "\(folder)/list.txt")
      let live = try FrameSources.open("\(folder)/list.txt", pace: .live(rate: 25, repeats: false))
      #expect(live is PictureFolder && live.properties.isLive)
      try FileOutput.write("not a stream at all", to: "\(folder)/x")
      #expect(roadError { _ = try FrameSources.open("\(folder)/x") }?.subject == .stream)
      #expect(roadError { _ = try FrameSources.open("\(folder)/none") }?.cause.contains("No such file") == true)
    }
    #expect(roadError { _ = try FrameSources.open("/dev/null") }?.cause.contains("not a video capture device") == true)
    #expect(roadError { _ = try FrameSources.open("/dev/video199") }?.cause == "/dev/video199: no such device")
  }

  @Test("a named pipe is a stream")
  func namedPipe() throws {
    try withFolder { folder in
      let path = "\(folder)/pipe"
      try #require(mkfifo(path, 0o600) == 0)
      let bytes = try Goldens.bytes("pattern.mjpeg")
      Thread.detachNewThread {
        let writer = open(path, O_WRONLY)
        _ = bytes.withUnsafeBytes { write(writer, $0.baseAddress, $0.count) }
        close(writer)
      }
      let source = try #require(try FrameSources.open(path) as? StreamSource)
      let frames = try source.readAll().frames
      #expect(try Goldens.jpegs() == frames)
    }
  }
}
