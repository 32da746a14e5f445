import Foundation
import Testing

/// What `roadseg live` gives to other programs, from the command line.
@Suite(.serialized) struct LiveOutputTests {
  private static let live = "live synthetic --size 160x120 --rate 60 --threads 1 --model \"$M\""

  /// - Parameter script: for sh, with `$R` the program, `$M` a small model and `$F` a folder.
  private func shell(_ script: String, _ folder: String) throws -> Roadseg {
    try Roadseg.run(
      program: "/bin/sh", ["-c", script], environment: ["R": Roadseg.binary, "M": Roadseg.model, "F": folder])
  }

  @Test("frames on standard output, every word on standard error")
  func standardOutput() throws {
    try withFolder { folder in
      let run = try shell(
        """
        "$R" \(Self.live) --frames 20 --output - >"$F/y4m" 2>"$F/said" || echo failed: $?
        head -c 200 "$F/y4m" | head -n 1; wc -c <"$F/y4m"
        "$R" \(Self.live) --frames 20 --output - --stream-format mjpeg --json 2>"$F/json" | tail -c 2 | od -An -tx1
        grep -c '"type":"summary"' "$F/json"
        """, folder)
      let lines = run.outputLines
      try #require(lines.count == 4, "\(run.output)\(run.errors)")
      let header = "YUV4MPEG2 W160 H120 F60000:1000 Ip A1:1 C420jpeg XCOLORRANGE=LIMITED"
      #expect(lines[0] == header)
      let frame = 6 + 160 * 120 * 3 / 2
      let bytes = try #require(Int(lines[1].trimmingCharacters(in: .whitespaces)))
      #expect((bytes - header.utf8.count - 1) % frame == 0 && bytes > 10 * frame)
      #expect(lines[2].trimmingCharacters(in: .whitespaces) == "ff d9")
      #expect(lines[3] == "1")
      let said = try String(contentsOfFile: "\(folder)/said", encoding: .utf8)
      #expect(said.contains("frames: shown 20 of"))
    }
  }

  @Test("a reader that leaves ends the run, which says so")
  func readerLeaves() throws {
    try withFolder { folder in
      let run = try shell(
        """
        { timeout 20 "$R" \(Self.live) --output - 2>"$F/said"; echo "exit $?" >"$F/code"; } | head -c 100000 >/dev/null
        cat "$F/code"
        """, folder)
      #expect(run.outputLines == ["exit 1"])
      #expect(try String(contentsOfFile: "\(folder)/said", encoding: .utf8).contains("its reader ended too early"))
    }
  }

  @Test("GStreamer decodes the stream, each picture of the right size", .enabled(if: GStreamer.isThere))
  func gstreamer() throws {
    try withFolder { folder in
      let run = try shell(
        """
        "$R" \(Self.live) --frames 20 --output - --stream-format mjpeg 2>"$F/said" |
          gst-launch-1.0 -q fdsrc fd=0 ! jpegdec ! videoconvert ! "video/x-raw,format=I420" ! \\
            filesink location="$F/frames"
        wc -c <"$F/frames"
        """, folder)
      let bytes = run.outputLines.last.flatMap { Int($0.trimmingCharacters(in: .whitespaces)) } ?? 0
      let frame = 160 * 120 * 3 / 2
      // The newest frame is given: a reader that is late skips some.
      #expect(bytes % frame == 0 && bytes >= 10 * frame, "\(bytes) bytes: \(run.output)\(run.errors)")
    }
  }

  @Test("places that cannot be used are said at once")
  func refusals() throws {
    for (place, words) in [
      ("/dev/video199", "modprobe v4l2loopback"), ("/none/film.avi", "cannot be made"),
      ("unix:/none/masks", "no socket"),
    ] {
      let run = try Roadseg.run(
        ["live", "synthetic", "--frames", "1", "--model", Roadseg.model, "--output", place])
      #expect(run.status == 1 && run.errors.contains(words), "\(place): \(run.errors)")
    }
    for place in ["shm:x", "unix:"] { #expect(try Roadseg.run(["live", "--output", place]).status == 64) }
    #expect(try Roadseg.run(["live", "--output", "a", "--output", "a"]).status == 64)
    #expect(try Roadseg.run(["live", "--budget-ms", "0"]).status == 64)
    #expect(try Roadseg.run(["live", "--lighter-model", "x"]).status == 64)
  }

  // MARK: - Trace

  private struct Event {
    var phase: String
    var name: String
    var track: Int
    var time: Double
    var duration: Double
    var id: Int?
    var reason: String?

    init?(_ object: [String: Any]) {
      guard let phase = object["ph"] as? String, let name = object["name"] as? String else { return nil }
      self.phase = phase
      self.name = name
      track = object["tid"] as? Int ?? -1
      time = object["ts"] as? Double ?? 0
      duration = object["dur"] as? Double ?? 0
      id = object["id"] as? Int
      reason = (object["args"] as? [String: Any])?["reason"] as? String
    }
  }

  @Test("a trace: frames flow from the camera to each output, layers lie within the network, drops have reasons")
  func trace() throws {
    try withFolder { folder in
      let run = try shell(
        """
        "$R" live synthetic --size 160x120 --rate 1000 --threads 1 --model "$M" --frames 100 \
          --output shm:/roadseg-trace-test --trace "$F/trace.json" >/dev/null
        """, folder)
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.errors.contains("roadseg: trace: "))
      let data = try Data(contentsOf: URL(filePath: "\(folder)/trace.json"))
      let objects = try #require(try JSONSerialization.jsonObject(with: data) as? [[String: Any]])
      let events = objects.compactMap(Event.init)
      #expect(events.count == objects.count)
      let names = Dictionary(
        objects.filter { $0["name"] as? String == "thread_name" }.map { object in
          ((object["args"] as? [String: Any])?["name"] as? String ?? "", object["tid"] as? Int ?? 0)
        }, uniquingKeysWith: { first, _ in first })
      let tracks = try ["camera", "capture", "infer", "draw", "shared masks"].map {
        try #require(names[$0], "\(names)")
      }
      checkFlows(events, tracks)
      checkNesting(events.filter { $0.phase == "X" && $0.track == tracks[2] })
      let drops = events.filter { $0.phase == "i" }
      #expect(!drops.isEmpty && drops.allSatisfy { $0.name == "dropped" && $0.reason?.isEmpty == false })
      if let rows = try PerfettoQuery.run("\(folder)/trace.json") {
        #expect(rows.first { $0.name == "dropped" }?.count == drops.count)
        #expect(rows.first { $0.name == "flows" }?.count ?? 0 > 100)
      }
    }
  }

  /// A flow that ends began before; the way to the draw thread begins at the camera, that to the output at the draw
  /// thread.
  private func checkFlows(_ events: [Event], _ tracks: [Int]) {
    var begun: [Int: Event] = [:]
    var ends = 0
    for event in events.sorted(by: { $0.time < $1.time }) {
      guard let id = event.id else { continue }
      let isToOutput = id % 32 > 0
      switch event.phase {
      case "s":
        begun[id] = event
        #expect(event.track == (isToOutput ? tracks[3] : tracks[0]))
      case "f":
        ends += 1
        #expect(begun[id] != nil, "flow \(id) ends without a beginning")
        #expect(event.track == (isToOutput ? tracks[4] : tracks[3]))
      default: #expect(begun[id] != nil)
      }
      let enclosing = events.contains {
        $0.phase == "X" && $0.track == event.track && $0.time <= event.time && $0.time + $0.duration >= event.time
      }
      #expect(enclosing, "flow \(id) at \(event.time) hangs on nothing")
    }
    #expect(ends >= 150)
  }

  /// Spans of one thread lie within one another or apart.
  private func checkNesting(_ spans: [Event]) {
    var open: [Event] = []
    var layers = 0
    for span in spans.sorted(by: { ($0.time, -$0.duration) < ($1.time, -$1.duration) }) {
      while let last = open.last, last.time + last.duration <= span.time + 0.0005 { open.removeLast() }
      if let last = open.last {
        #expect(span.time + span.duration <= last.time + last.duration + 0.001, "\(span) leaves \(last)")
        if last.name == "network" { layers += 1 }
      }
      open.append(span)
    }
    #expect(layers > 100)
  }

  @Test("doctor: an object with findings, each bad one with its remedy")
  func doctor() throws {
    try withFolder { folder in
      let run = try Roadseg.run(["doctor", "--json", "--folder", folder, "--model", Roadseg.model])
      #expect(run.status == 0 || run.status == 1, "\(run.errors)")
      let object = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
      let findings = try #require(object["findings"] as? [[String: Any]])
      let topics = Set(findings.compactMap { $0["topic"] as? String })
      for topic in ["permission", "camera", "board", "disk", "disk speed", "memory", "kernels", "model", "terms"] {
        #expect(topics.contains(topic), "\(topics)")
      }
      for finding in findings where ["warning", "problem"].contains(finding["level"] as? String) {
        #expect((finding["remedy"] as? String)?.isEmpty == false, "\(finding)")
      }
      let isBad = findings.contains { $0["level"] as? String == "problem" }
      #expect(run.status == (isBad ? 1 : 0))
      #expect(object["profile"] as? String == "generic" || ProcessInfo.processInfo.environment["BOARD"] != nil)
    }
  }
}

private enum GStreamer {
  static let isThere = ["/usr/bin", "/usr/local/bin"].contains {
    FileManager.default.isExecutableFile(atPath: "\($0)/gst-launch-1.0")
  }
}

/// Perfetto's own trace processor, where PyPI's `perfetto` has or gets its program.
private enum PerfettoQuery {
  struct Row {
    var name: String
    var count: Int
  }

  private static let script = """
    import sys
    from perfetto.trace_processor import TraceProcessor
    trace = TraceProcessor(trace=sys.argv[1])
    for row in trace.query("select name, count(*) as n from slice group by name"): print(row.name, row.n, sep="\\t")
    for row in trace.query("select count(*) as n from flow"): print("flows", row.n, sep="\\t")
    """

  /// Slices by name; nil, and said, where the program cannot be had.
  static func run(_ path: String) throws -> [Row]? {
    let setUp = try Roadseg.run(program: Roadseg.golden("set_up_python"), [])
    let answer = try setUp.status == 0 ? Roadseg.run(program: setUp.outputLines.last ?? "", ["-c", script, path]) : nil
    guard let answer, answer.status == 0 else {
      print("Perfetto's trace processor cannot be had here: the trace is checked as JSON alone")
      return nil
    }
    return answer.output.split(separator: "\n").compactMap { line in
      let cells = line.split(separator: "\t")
      return cells.count == 2 ? Int(cells[1]).map { Row(name: String(cells[0]), count: $0) } : nil
    }
  }
}
