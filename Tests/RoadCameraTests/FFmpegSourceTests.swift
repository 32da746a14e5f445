import Foundation
import RoadBase
import RoadCamera
import RoadFrame
import Testing

/// Videos through an installed ffmpeg; here a script stands for it.
@Suite("Videos through ffmpeg")
struct FFmpegSourceTests {
  /// A folder with a program called ffmpeg.
  private func withProgram<Result>(_ script: String, _ body: (String) throws -> Result) throws -> Result {
    try withFolder { folder in
      try FileOutput.write("#!/bin/sh\n\(script)\n", to: "\(folder)/ffmpeg")
      try #require(chmod("\(folder)/ffmpeg", 0o755) == 0)
      return try body(folder)
    }
  }

  @Test("without ffmpeg the remedy is said", arguments: ["drive.mp4", "rtsp://camera/stream", "a.MKV"])
  func missing(input: String) {
    let error = roadError { _ = try FFmpegSource(input, searchPath: "/nonexistent:/dev/null") }
    #expect(error?.cause == "\(input): needs ffmpeg, which is not installed")
    #expect(error?.remedy.contains("apt install ffmpeg") == true)
    #expect(FFmpegSource.takes(input))
  }

  @Test("frames come as ffmpeg sends them, and its words when it fails")
  func frames() throws {
    let y4m = Goldens.path("pattern-420.y4m")
    try withProgram("cat '\(y4m)'") { path in
      let source = try FFmpegSource("drive.mp4", searchPath: path)
      let all = try source.readAll()
      #expect(all.outcomes == [good, good, good, .ended])
      #expect(source.failure == nil)
    }
    try withProgram("cat '\(y4m)'; echo 'connection reset' >&2; exit 3") { path in
      let source = try FFmpegSource("rtsp://camera/stream", searchPath: path)
      #expect(try source.readAll().outcomes == [good, good, good, .ended])
      #expect(source.failure?.cause == "rtsp://camera/stream: ffmpeg ended early: connection reset")
    }
    try withProgram("echo 'drive.mp4: moov atom not found' >&2; exit 1") { path in
      let error = roadError { _ = try FFmpegSource("drive.mp4", searchPath: path) }
      #expect(error?.cause == "drive.mp4: ffmpeg: drive.mp4: moov atom not found")
    }
  }

  /// Whatever the name, it is one argument behind `-i`, with "file:" in front unless it is an address.
  @Test(
    "no name is taken for an option or a command",
    arguments: ["-y.mp4", "a b;rm -rf $HOME.mp4", "--help.mkv", "'x'\".avi", "concat:a|b.mp4", "pipe:0.mp4"])
  func injection(name: String) throws {
    try withProgram("for word in \"$@\"; do echo \"$word\" >>\"$(dirname \"$0\")/words\"; done; exit 1") { path in
      #expect(roadError { _ = try FFmpegSource(name, searchPath: path) } != nil)
      let words = try String(contentsOfFile: "\(path)/words", encoding: .utf8).split(separator: "\n").map(String.init)
      #expect(words == FFmpegSource.arguments(for: name, isLive: false))
      let place = try #require(words.firstIndex(of: "-i"))
      #expect(words[place + 1] == "file:\(name)")
      #expect(words[try #require(words.firstIndex(of: "-protocol_whitelist")) + 1] == "file,crypto,data")
    }
    #expect(FFmpegSource.arguments(for: "rtsp://x/y -f z", isLive: true).contains("rtsp://x/y -f z"))
  }

  @Test("a stopped source ends its ffmpeg, one that ignores the request, too")
  func stop() throws {
    let y4m = Goldens.path("pattern-420.y4m")
    for script in ["", "trap '' TERM; "] {
      try withProgram("\(script)echo $$ >\"$(dirname \"$0\")/pid\"; cat '\(y4m)'; while :; do sleep 0.05; done") {
        path in
        let source = try FFmpegSource("drive.mp4", searchPath: path)
        let pid = try #require(
          pid_t(try String(contentsOfFile: "\(path)/pid", encoding: .utf8).trimmingCharacters(in: .newlines)))
        #expect(kill(pid, 0) == 0)
        let start = MonotonicClock.now()
        source.stop()
        #expect(MonotonicClock.now() - start < 2_000_000_000)
        #expect(kill(pid, 0) != 0)
      }
    }
  }

  @Test("a program that complains without end neither stalls nor fills the memory")
  func noise() throws {
    let y4m = Goldens.path("pattern-420.y4m")
    try withProgram("yes 'bad packet' 2>/dev/null | head -c 2000000 >&2; cat '\(y4m)'; echo last >&2; exit 1") { path in
      let source = try FFmpegSource("drive.mp4", searchPath: path)
      #expect(try source.readAll().outcomes == [good, good, good, .ended])
      #expect(source.failure?.cause.hasPrefix("drive.mp4: ffmpeg ended early: ") == true)
    }
  }
}

/// An interrupted run goes on behind the frames that it has written.
@Suite("Skipping source")
struct SkippingSourceTests {
  @Test("the first frames are told as skipped, damaged ones among them", arguments: [0, 1, 2, 3])
  func skips(first: Int) throws {
    let source = SkippingSource(try StreamSource(path: Goldens.path("pattern.mjpeg")), first: first)
    let all = try source.readAll()
    let jpegs = try Goldens.jpegs()
    #expect(all.frames == Array(jpegs.dropFirst(first)))
    if first < 3 { #expect(all.outcomes.first == .frame(skipped: first, lost: 0)) }
    #expect(all.outcomes.last == .ended)
  }
}
