import Dispatch
import Foundation
import Glibc
import RoadBase
import RoadTelemetry
import Testing

@Suite struct FrameTraceTests {
  private func withFile<Result>(_ body: (String) throws -> Result) throws -> Result {
    let path = FileManager.default.temporaryDirectory.appending(path: "trace-\(UUID().uuidString).json").path
    defer { unlink(path) }
    return try body(path)
  }

  private func events(_ path: String) throws -> [[String: Any]] {
    let data = try Data(contentsOf: URL(filePath: path))
    return try #require(try JSONSerialization.jsonObject(with: data) as? [[String: Any]])
  }

  @Test("names, work, flows, moments and curves as the trace event format has them")
  func format() throws {
    try withFile { path in
      let trace = try FrameTrace(path: path)
      let sink = trace.track("a \"sink\"\n")
      let (word, reason) = (trace.word("decode"), trace.word("too late"))
      trace.work(2, word, frame: 7, from: 1_234_567, to: 2_345_678)
      trace.flow(.begins, 2, frame: 7, at: 1_234_567)
      trace.flow(.passes, 3, frame: 7, at: 2_000_000)
      trace.flow(.ends, sink, frame: 7, branch: 1, at: 3_000_001)
      trace.moment(3, word, reason: reason, frame: 8, at: 4_000_000)
      trace.value(word, thousandths: 8_125, at: 5_000_000)
      let summary = trace.finish()
      #expect(summary.events == 6 && summary.lost == 0 && summary.ending == nil)
      let events = try events(path)
      let names = events.filter { $0["name"] as? String == "thread_name" }
        .compactMap { ($0["args"] as? [String: Any])?["name"] as? String }
      #expect(names == ["camera", "capture", "infer", "draw", "a \"sink\"\n"])
      let work = try #require(events.first { $0["ph"] as? String == "X" })
      #expect(work["ts"] as? Double == 1234.567 && work["dur"] as? Double == 1111.111)
      #expect(work["tid"] as? Int == 2 && work["name"] as? String == "decode")
      #expect((work["args"] as? [String: Any])?["frame"] as? Int == 7)
      let flows = events.filter { ["s", "t", "f"].contains($0["ph"] as? String) }
      #expect(flows.compactMap { $0["id"] as? Int } == [224, 224, 225])
      #expect(flows.compactMap { $0["bp"] as? String } == ["e", "e"])
      let moment = try #require(events.first { $0["ph"] as? String == "i" })
      #expect((moment["args"] as? [String: Any])?["reason"] as? String == "too late")
      let curve = try #require(events.first { $0["ph"] as? String == "C" })
      #expect((curve["args"] as? [String: Any])?["value"] as? Double == 8.125)
    }
  }

  @Test("many threads, a small ring: what does not fit is counted, and the file stays whole")
  func bounds() throws {
    try withFile { path in
      let trace = try FrameTrace(path: path, limits: FrameTrace.Limits(events: 64))
      let word = trace.word("work")
      DispatchQueue.concurrentPerform(iterations: 8) { track in
        for number in 0..<5000 {
          trace.work(track + 1, word, frame: number, from: UInt64(number) * 1000, to: UInt64(number) * 1000 + 500)
        }
      }
      let summary = trace.finish()
      #expect(summary.events + summary.lost == 40_000 && summary.lost > 0)
      #expect(try events(path).filter { $0["ph"] as? String == "X" }.count == summary.events)
    }
  }

  @Test("the file ends at its limit, and a full disk ends the trace and nothing else")
  func endings() throws {
    try withFile { path in
      let trace = try FrameTrace(path: path, limits: FrameTrace.Limits(events: 1 << 14, bytes: 100_000))
      let word = trace.word("work")
      for number in 0..<40_000 {
        trace.work(1, word, frame: number, from: UInt64(number), to: UInt64(number) + 1)
        if number % 1000 == 0 { usleep(20_000) }
      }
      #expect(trace.finish().ending?.contains("MiB") == true)
      #expect(try Data(contentsOf: URL(filePath: path)).count < 3_000_000)
      _ = try events(path)
    }
    guard access("/dev/full", W_OK) == 0 else { return }
    let trace = try FrameTrace(path: "/dev/full")
    trace.work(1, trace.word("work"), frame: 1, from: 1, to: 2)
    #expect(trace.finish().ending?.isEmpty == false)
    #expect(throws: RoadError.self) { try FrameTrace(path: "/none/trace.json") }
  }

  /// A frame of the default network has some 60 events and takes several milliseconds: 1 % of 5 ms is 50 µs, which is
  /// 830 ns an event. The writer's thread is counted, too, since it takes processor time from the others; the threads
  /// of other tests are not.
  @Test("an event costs less than 830 ns of processor time, its text and file included")
  func cost() throws {
    let times = try (0..<5).map { _ in try costOfAnEvent() }
    let best = try #require(times.min())
    print("an event of a trace: \(best) ns of processor time")
    #expect(best < 830)
  }

  /// Nanoseconds of the calling thread and of the writer's, over a trace of 20,000 events.
  private func costOfAnEvent() throws -> UInt64 {
    try withFile { path in
      let trace = try FrameTrace(path: path, limits: FrameTrace.Limits(events: 1 << 16))
      let word = trace.word("a layer of a network/Conv")
      let begin = ProcessUsage.threadNanoseconds()
      for number in 0..<20_000 {
        trace.work(3, word, frame: number, from: UInt64(number) * 1000, to: UInt64(number) * 1000 + 500)
      }
      let adding = ProcessUsage.threadNanoseconds() - begin
      let summary = trace.finish()
      try #require(summary.events == 20_000 && summary.writerNanoseconds > 0)
      return (adding + summary.writerNanoseconds) / 20_000
    }
  }
}
