import Foundation
import Glibc
import RoadBase
import RoadFrame
import RoadOutput
import RoadSink
import RoadTestSupport
import Testing

private enum Example {
  static let hasCompiler = Programs.run("/usr/bin/env", ["cc", "--version"]).status == 0
  static let program: String? = {
    let program = FileManager.default.temporaryDirectory.appending(path: "read-masks-\(getpid())").path
    let (status, output) = Programs.run(
      "/usr/bin/env",
      [
        "cc", "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-I\(Readers.root)/Sources/CMaskSharing",
        "\(Readers.root)/Examples/C/read-masks.c", "-o", program,
      ], withErrors: true)
    if status != 0 { print("read-masks.c: \(output)") }
    return status == 0 ? program : nil
  }()
}

/// Masks as the example program in C reads them, compiled here against the header that users get.
@Suite(.serialized, .enabled(if: Example.hasCompiler, "needs a C compiler (cc)")) struct MaskReaderTests {
  private let frames = PatternFrames()

  /// Starts the example, sends frames until it has enough, and gives what it printed.
  private func read(_ address: String, _ sink: any FrameSink, masks: Int) throws -> [String] {
    let lane = SinkLane(sink, policy: .newest)
    try lane.start(frames.session())
    let process = Process()
    process.executableURL = URL(filePath: try #require(Example.program))
    process.arguments = [address, "\(masks)"]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    for ordinal in 0..<2000 where process.isRunning {
      lane.offer(frames.shown(ordinal))
      usleep(5000)
    }
    if process.isRunning { process.terminate() }
    lane.close()
    _ = lane.wait(until: MonotonicClock.now() + 5_000_000_000)
    lane.end()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    return text.split(separator: "\n").map(String.init)
  }

  private func check(_ lines: [String], masks: Int) throws {
    #expect(lines.filter { $0.hasPrefix("class ") }.count == 7)
    #expect(lines.filter { $0.hasPrefix("class ") && $0.hasSuffix(" road") }.count == 1)
    let read = lines.filter { $0.hasPrefix("frame ") }
    #expect(read.count == masks)
    var last = -1
    for line in read {
      let words = line.split(separator: " ").map(String.init)
      try #require(words.count == 11, "\(line)")
      let ordinal = try #require(Int(words[1]))
      #expect(ordinal > last, "\(line)")
      last = ordinal
      #expect(words[2] == "64x48")
      #expect(words[7] == frames.maskSum(ordinal), "the mask of frame \(ordinal)")
      #expect((Double(words[9]) ?? -1) >= 0 && (Double(words[9]) ?? 1e9) < 5000)
    }
  }

  @Test("through a socket, and nothing is left behind")
  func socket() throws {
    try withFolder { folder in
      try check(read("unix:\(folder)/masks", MaskSocket(path: "\(folder)/masks"), masks: 20), masks: 20)
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/masks"))
    }
  }

  @Test("through shared memory, and nothing is left behind")
  func sharedMemory() throws {
    let name = "/roadseg-test-\(getpid())"
    try check(read("shm:\(name)", SharedMasks(name: name), masks: 20), masks: 20)
    #expect(!FileManager.default.fileExists(atPath: "/dev/shm\(name)"))
  }

  @Test("a reader that does not read costs nobody else a mask, and only so much memory")
  func slowReader() throws {
    try withFolder { folder in
      let large = PatternFrames(PictureSize(width: 640, height: 480))
      let sink = MaskSocket(path: "\(folder)/masks")
      try sink.start(large.session())
      let (sleeper, reader) = (try connected(folder), try connected(folder))
      defer { for descriptor in [sleeper, reader] { close(descriptor) } }
      var heads = 0
      let thread = Thread {
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while recv(reader, &buffer, buffer.count, 0) > 0 {}
      }
      thread.start()
      let begin = MonotonicClock.now()
      for ordinal in 0..<40 {
        try sink.receive(large.shown(ordinal))
        heads += 1
      }
      // Only the first masks may be waited for.
      #expect(MonotonicClock.now() - begin < 4_000_000_000, "40 masks")
      sink.stop()
      #expect(heads == 40)
    }
  }

  @Test("two writers of one place: the second is refused, what a dead one left is taken over")
  func places() throws {
    try withFolder { folder in
      let first = MaskSocket(path: "\(folder)/masks")
      try first.start(frames.session())
      #expect(throws: RoadError.self) { try MaskSocket(path: "\(folder)/masks").start(frames.session()) }
      first.stop()
      let dead = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      try #require(bind(dead, "\(folder)/masks") == 0)
      close(dead)
      let third = MaskSocket(path: "\(folder)/masks")
      try third.start(frames.session())
      third.stop()
      try FileOutput.write("road", to: "\(folder)/file")
      #expect(throws: RoadError.self) { try MaskSocket(path: "\(folder)/file").start(frames.session()) }
      #expect(FileManager.default.fileExists(atPath: "\(folder)/file"))
    }
  }

  private func connected(_ folder: String) throws -> Int32 {
    let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    try #require(call(connect, descriptor, "\(folder)/masks") == 0)
    return descriptor
  }

  private func bind(_ descriptor: Int32, _ path: String) -> Int32 { call(Glibc.bind, descriptor, path) }

  private func call(
    _ function: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32, _ descriptor: Int32, _ path: String
  ) -> Int32 {
    var name = sockaddr_un()
    name.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
    return withUnsafePointer(to: &name) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        function(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }
}
