import Foundation
import Testing

/// A box in the field: no camera, a full disk, readers that go away or hang, signals.
@Suite("In the field")
struct FieldTests {
  static let synthetic = [
    "live", "synthetic", "--size", "128x96", "--rate", "100", "--model", Roadseg.model, "--threads", "1",
  ]
  static let hasNoCamera = !((try? FileManager.default.contentsOfDirectory(atPath: "/dev")) ?? []).contains {
    $0.hasPrefix("video")
  }

  static func object(_ line: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
  }

  private func shell(_ script: String, _ arguments: [String]) throws -> Roadseg {
    try Roadseg.run(program: "/bin/sh", ["-c", script, Roadseg.binary] + arguments)
  }

  // MARK: - No camera

  @Test("no camera is one clear message and exit code 1, never an invented road", .enabled(if: hasNoCamera))
  func noCamera() throws {
    let result = try Roadseg.run(["live", "--json", "--model", Roadseg.model])
    #expect(result.status == 1)
    #expect(result.output.isEmpty)
    #expect(result.errorLines.count == 1, "\(result.errors)")
    for words in ["no camera: there is no /dev/video*", "`roadseg live synthetic`", "`roadseg live --wait`"] {
      #expect(result.errors.contains(words), "\(result.errors)")
    }
  }

  @Test("--wait waits, says so in text and JSON, and ends cleanly", .enabled(if: hasNoCamera))
  func waits() throws {
    let script = "\"$0\" \"$@\" & pid=$!; sleep 2.2; kill -TERM $pid; wait $pid"
    let result = try shell(script, ["live", "--wait", "--json", "--model", Roadseg.model])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errorLines.count == 1)
    #expect(result.errors.hasPrefix("roadseg: waiting for a camera: no camera"), "\(result.errors)")
    #expect(result.outputLines.count >= 2)
    let summary = try Self.object(#require(result.outputLines.last))
    #expect(summary["type"] as? String == "summary" && summary["synthetic"] as? Bool == false)
    #expect((summary["ledger"] as? [String: Any])?["frames"] as? Int == 0)
    for line in result.outputLines.dropLast() {
      let waiting = try Self.object(line)
      #expect(waiting["type"] as? String == "waiting" && waiting["video"] as? String == "disconnected")
      #expect(waiting["synthetic"] as? Bool == false && waiting["source"] as? String == "first camera")
      #expect((waiting["reason"] as? String)?.hasPrefix("no camera") == true)
    }
  }

  @Test("only cameras are waited for")
  func waitsForCamerasOnly() throws {
    #expect(try Roadseg.run(["live", "synthetic", "--wait"]).status == 64)
  }

  // MARK: - What JSON says of itself

  @Test("every object says what it is about")
  func about() throws {
    try withFolder { folder in
      let picture = RunTests.picture
      let run = try Roadseg.run(["run", picture, "--output", folder, "--model", Roadseg.model, "--json"])
      let live = try Roadseg.run(Self.synthetic + ["--frames", "2", "--json"])
      let profile = try Roadseg.run([
        "profile", "--model", Roadseg.model, "--frames", "1", "--frame-size", "128x96", "--warm-up", "0", "--json",
      ])
      for (result, synthetic) in [(run, false), (live, true), (profile, true)] {
        let object = try Self.object(#require(result.outputLines.last))
        #expect(object["synthetic"] as? Bool == synthetic)
        #expect((object["source"] as? String)?.isEmpty == false)
        #expect((object["model_sha256"] as? String)?.count == 64)
        #expect((object["version"] as? String)?.isEmpty == false)
        #expect((object["instruction_set"] as? String)?.isEmpty == false)
        #expect((object["time"] as? String)?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
        #expect((object["monotonic_seconds"] as? Double ?? 0) > 0)
      }
      let cameras = try Self.object(#require(try Roadseg.run(["cameras", "--json"]).outputLines.last))
      #expect(cameras["model"] is NSNull && cameras["version"] is String)
    }
  }

  // MARK: - Results that cannot be written

  static let printing: [[String]] = [
    ["cameras", "--json"], ["cameras"], ["--help"], ["--version"], ["profile", "--schema"],
    synthetic + ["--frames", "3"], synthetic + ["--frames", "3", "--json"],
    ["profile", "--model", Roadseg.model, "--frames", "1", "--frame-size", "128x96", "--warm-up", "0"],
    ["run", RunTests.picture, "--output", "OUT", "--model", Roadseg.model],
    ["run", RunTests.picture, "--output", "OUT", "--model", Roadseg.model, "--json"],
    [
      "quantize", Roadseg.golden("RoadQuantizerTests/Goldens/float.onnx"), "--calibration",
      Roadseg.golden("RoadCameraTests/Goldens"), "--pictures", "2", "--output", "OUT/int8.onnx",
    ],
  ]

  @Test("a full disk under standard output is exit code 1, from every command", arguments: printing)
  func fullOutput(arguments: [String]) throws {
    try withFolder { folder in
      let arguments = arguments.map { $0.replacing("OUT", with: folder) }
      let result = try shell("\"$0\" \"$@\" >/dev/full", arguments)
      #expect(result.status == 1)
      #expect(result.errors.contains("standard output: "), "\(result.errors)")
      #expect(result.errors.contains("No space left on device"), "\(result.errors)")
    }
  }

  @Test("so is a reader that has gone", arguments: printing)
  func closedPipe(arguments: [String]) throws {
    try withFolder { folder in
      let arguments = arguments.map { $0.replacing("OUT", with: folder) }
      let script = "{ sleep 0.3; \"$0\" \"$@\"; echo $? >\(folder)/status; } | true"
      let result = try shell(script, arguments)
      #expect(try String(contentsOfFile: "\(folder)/status", encoding: .utf8) == "1\n")
      #expect(result.errors.contains("its reader ended too early"), "\(result.errors)")
    }
  }

  @Test("live without another reader of its frames ends with its pipe")
  func endsWithItsPipe() throws {
    let result = try shell("timeout 20 \"$0\" \"$@\" | head -n 1", Self.synthetic + ["--json"])
    #expect(result.outputLines.count == 1)
    #expect(result.errors.contains("its reader ended too early"), "\(result.errors)")
  }

  // MARK: - Signals

  /// The pipe is full before roadseg writes its first line, and nobody ever reads.
  @Test("a reader that hangs keeps nobody from ending within a second", arguments: [SIGTERM, SIGINT, SIGHUP])
  func hangingReader(signal: Int32) throws {
    try withFolder { folder in
      let script = """
        mkfifo \(folder)/pipe; sleep 30 <\(folder)/pipe & reader=$!
        exec 3>\(folder)/pipe; dd if=/dev/zero of=/dev/fd/3 bs=64k count=1 2>/dev/null
        "$0" "$@" --json --output \(folder)/o >&3 & pid=$!
        until [ -n "$(find \(folder)/o -name "*.jpg" 2>/dev/null)" ]; do sleep 0.02; done
        sleep 1.5; begin=$(date +%s%N); kill -\(signal) $pid; wait $pid; status=$?
        echo "$status $((($(date +%s%N) - begin) / 1000000))"; kill $reader
        """
      let result = try shell(script, Self.synthetic)
      let numbers = result.output.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
      try #require(numbers.count == 2, "\(result.output)\(result.errors)")
      #expect(numbers[0] == 1)
      // A second, and what a loaded machine takes to notice.
      #expect(numbers[1] < 1500, "\(numbers[1]) ms")
      #expect(result.errors.contains("ended by a signal while something hung"), "\(result.errors)")
    }
  }

  /// FCN-8s by the reference's plain code: seconds a frame.
  @Test(
    "a slow network keeps nobody from ending within a second, nor from saying what happened",
    arguments: [["live", "synthetic"], ["record", "synthetic", "--output", "o"], ["run", "in", "--output", "o"]])
  func slowNetwork(arguments: [String]) throws {
    try withFolder { folder in
      try FileManager.default.createDirectory(atPath: "\(folder)/in", withIntermediateDirectories: true)
      for name in ["a", "b"] {
        try FileManager.default.copyItem(atPath: RunTests.picture, toPath: "\(folder)/in/\(name).jpg")
      }
      let script = """
        cd \(folder); ROADSEG_INSTRUCTION_SET=reference "$0" "$@" --model fcn8s --threads 1 --json >out & pid=$!
        until grep -qs road-infer /proc/$pid/task/*/comm; do sleep 0.02; done; sleep 0.8
        begin=$(date +%s%N); kill -TERM $pid; wait $pid; status=$?
        echo "$status $((($(date +%s%N) - begin) / 1000000))"; tail -n 1 out
        """
      let result = try shell(script, arguments)
      let numbers = try #require(result.outputLines.first).split(separator: " ").compactMap { Int($0) }
      try #require(numbers.count == 2, "\(result.output)\(result.errors)")
      // What was asked for is not done: of `run` that is an error.
      #expect(numbers[0] == (arguments[0] == "run" ? 1 : 0), "\(result.output)\(result.errors)")
      #expect(numbers[1] < 1500, "\(numbers[1]) ms")
      let summary = try #require(result.outputLines.last)
      #expect(summary.contains("\"unfinished\":"), "\(summary)")
      #expect(arguments[0] == "run" || summary.contains("\"balances\":true"), "\(summary)")
      guard arguments[0] == "record" else { return }
      let inspected = try Roadseg.run(["inspect", "\(folder)/o", "--json"])
      #expect(inspected.status == 0 && inspected.output.contains("\"is_finished\":true"), "\(inspected.output)")
    }
  }

  @Test("SIGQUIT tells what each stage is doing, and live goes on")
  func tellsItsState() throws {
    try withFolder { folder in
      let script = """
        "$0" "$@" --output \(folder)/o --json >\(folder)/out & pid=$!
        until [ -n "$(find \(folder)/o -name "*.jpg" 2>/dev/null)" ]; do sleep 0.02; done
        kill -QUIT $pid; sleep 0.4; before=$(find \(folder)/o -name "*.jpg" | wc -l); sleep 0.6
        [ $(find \(folder)/o -name "*.jpg" | wc -l) -gt $before ] && echo went on; kill -TERM $pid; wait $pid
        """
      let result = try shell(script, Self.synthetic)
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.output == "went on\n")
      for words in ["roadseg: state at ", "capture: ", "infer: ", "draw: ", "sink overlays", "road-capture: "] {
        #expect(result.errors.contains(words), "\(words) is not in \(result.errors)")
      }
    }
  }

  @Test("SIGHUP ends live cleanly, but not under nohup")
  func hangUp() throws {
    let script = "\"$0\" \"$@\" & pid=$!; sleep 1; kill -HUP $pid; wait $pid"
    let result = try shell(script, Self.synthetic + ["--json"])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.outputLines.last?.contains("\"type\":\"summary\"") == true)
    let ignored = try shell("trap '' HUP; " + script, Self.synthetic + ["--json", "--frames", "200"])
    #expect(ignored.status == 0)
    #expect(ignored.outputLines.last?.contains("\"shown\":200") == true)
  }

  // MARK: - Disks

  static let canMount = geteuid() == 0 && mounts()

  private static func mounts() -> Bool {
    let script = "d=$(mktemp -d) && mount -t tmpfs -o size=64k tmpfs $d && umount $d && rmdir $d"
    return (try? Roadseg.run(program: "/bin/sh", ["-c", script]).status) == 0
  }

  @Test(
    "a small disk that is full: live goes on, counts, prints its summary, exit code 1", .enabled(if: canMount))
  func fullDisk() throws {
    try withFolder { folder in
      let script = """
        mount -t tmpfs -o size=64k tmpfs \(folder) || exit 99
        "$0" "$@" --output \(folder)/o --frames 60 --json; status=$?; umount \(folder); exit $status
        """
      let result = try shell(script, Self.synthetic)
      #expect(result.status == 1)
      let summary = try Self.object(#require(result.outputLines.last))
      #expect(summary["type"] as? String == "summary")
      #expect((summary["ledger"] as? [String: Any])?["shown"] as? Int == 60)
      #expect(result.errors.contains("No space left on device"), "\(result.errors)")
    }
  }

  @Test("a disk that turns read-only, then loses the folder, costs its frames alone", .enabled(if: canMount))
  func diskThatComesAndGoes() throws {
    try withFolder { folder in
      let script = """
        mount -t tmpfs -o size=20m tmpfs "$2" || exit 99
        (
          until [ -e "$2/out/frame-000010.jpg" ]; do sleep 0.05; done
          until mount -o remount,ro "$2" 2>/dev/null; do sleep 0.01; done
          sleep 1.2; mount -o remount,rw "$2"
          sleep 1; rm -rf "$2/out"
        ) &
        "$1" live synthetic --model "$3" --rate 20 --frames 100 --output "$2/out" --json; code=$?
        wait; ls "$2/out" | wc -l; umount "$2"; exit $code
        """
      let result = try shell(script, [Roadseg.binary, folder, Roadseg.model])
      #expect(result.status == 1, "frames are missing: \(result.errors)")
      #expect(result.errors.contains("Read-only file system"), "\(result.errors)")
      let lines = result.outputLines
      let sinks = try lines.dropLast().map { try #require((try Self.object($0)["sinks"] as? [[String: Any]])?.first) }
      #expect(sinks.contains { ($0["health"] as? String) == "failing" }, "\(sinks)")
      #expect((sinks.last?["health"] as? String) != "failing", "resumed by itself: \(sinks)")
      let written = try #require(lines.last).trimmingCharacters(in: .whitespaces)
      #expect(Int(written) ?? 0 > 5, "written after the removal")
      let summary = try Self.object(lines[lines.count - 2])
      let ledger = try #require(summary["ledger"] as? [String: Any])
      #expect(ledger["shown"] as? Int == 100, "the video went on: \(ledger)")
    }
  }

  @Test("a disk that is read-only is called so", .enabled(if: canMount), arguments: ["live", "run"])
  func readOnlyDisk(command: String) throws {
    try withFolder { folder in
      let script = """
        mount -t tmpfs -o size=64k,ro tmpfs \(folder) || exit 99
        "$0" "$@"; status=$?; umount \(folder); exit $status
        """
      let result = try shell(
        script, [command, RunTests.picture, "--output", "\(folder)/a/b", "--model", Roadseg.model])
      #expect(result.status == 1)
      #expect(result.errors.contains("Read-only file system"), "\(result.errors)")
      #expect(!result.errors.contains("No such file"))
    }
  }
}
