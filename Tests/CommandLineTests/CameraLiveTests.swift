import Foundation
import Testing

/// `roadseg live` on a USB camera behind the kernel's own driver, in the virtual machine beside the checkout.
@Suite(.serialized, .enabled(if: CameraGuest.isReady, CameraGuest.absence))
struct CameraLiveTests {
  /// Frames come in, every number is accounted for, and nothing of the driver's stays open: the second run gets the
  /// camera.
  @Test(arguments: ["mjpeg", "yuyv"])
  func showsTheCameraAndAccountsForEveryFrame(format: String) throws {
    let run = try CameraGuest.run(
      """
      "$R" live $CAMERA --format \(format) --frames 12 --rate 10 --threads 1 --model "$M" --json || echo failed: $?
      "$R" live --frames 2 --threads 1 --model "$M" --json || echo failed: $?
      """)
    #expect(!run.output.contains("failed:"), "\(run.errors)")
    let summaries = try run.outputLines.filter { $0.contains("\"type\":\"summary\"") }.map(Self.object)
    try #require(summaries.count == 2, "\(run.output)\n\(run.errors)")
    for (summary, wanted) in zip(summaries, [12, 2]) {
      let ledger = try #require(summary["ledger"] as? [String: Any])
      #expect(ledger["shown"] as? Int == wanted)
      #expect(ledger["balances"] as? Bool == true)
      #expect(ledger["undecodable"] as? Int == 0)
    }
  }

  /// The camera is pulled out and put back twice, once long enough to be missed for good; the pictures go on by
  /// themselves.
  @Test func goesOnWhenTheCameraComesBack() throws {
    let run = try CameraGuest.run(
      """
      "$R" live $CAMERA --format mjpeg --rate 10 --threads 1 --model "$M" --json >/tmp/log & LIVE=$!
      shown() { grep -o '"shown":[0-9]*' /tmp/log | tail -1 | cut -d: -f2; }
      shows_more_than() { n=0; until [ "$(shown)" -gt $1 ] || [ $((n += 1)) -gt 60 ]; do sleep 0.5; done; }
      sleep 1; shows_more_than 0
      for pause in 0.5 3; do
        echo unplug >$CAMERA_CONTROL; sleep $pause; before=$(shown)
        echo plug >$CAMERA_CONTROL; shows_more_than $((before + 10))
        echo "after $pause s: $before $(shown)"
      done
      kill $LIVE; wait $LIVE || echo failed: $?
      tail -n 1 /tmp/log
      """)
    #expect(!run.output.contains("failed:"), "\(run.output)\n\(run.errors)")
    let steps = run.outputLines.filter { $0.hasPrefix("after") }.map {
      $0.split(separator: " ").suffix(2).compactMap { Int($0) }
    }
    try #require(steps.count == 2, "\(run.output)\n\(run.errors)")
    for counts in steps { #expect(counts.count == 2 && counts[1] > counts[0] + 10, "\(run.output)") }
    let summary = try Self.object(#require(run.outputLines.last))
    let ledger = try #require(summary["ledger"] as? [String: Any])
    #expect(ledger["balances"] as? Bool == true)
  }

  /// Half a JPEG is counted and passed over. Decoding tells it: of frames that give way to newer ones nobody asks
  /// whether they are whole, so there are many, for a busy machine that decodes few.
  @Test func countsATornFrameAndGoesOn() throws {
    let run = try CameraGuest.run(
      """
      (sleep 2; while echo truncate >$CAMERA_CONTROL; do sleep 0.5; done) & TORN=$!
      "$R" live $CAMERA --format mjpeg --frames 30 --rate 5 --threads 1 --model "$M" --json || echo failed: $?
      kill $TORN
      """)
    #expect(!run.output.contains("failed:"), "\(run.errors)")
    let summary = try Self.object(#require(run.outputLines.last))
    let ledger = try #require(summary["ledger"] as? [String: Any])
    #expect(ledger["shown"] as? Int == 30)
    #expect(ledger["balances"] as? Bool == true)
    #expect((ledger["undecodable"] as? Int ?? 0) + (ledger["truncated"] as? Int ?? 0) >= 1)
  }

  /// The service: nothing is shown until there is a camera that may be opened, and then it is shown by itself.
  @Test func waitsForALateCameraAndForPermission() throws {
    let run = try CameraGuest.run(
      """
      says() { n=0; until grep -q "$1" $2 || [ $((n += 1)) -gt 100 ]; do sleep 0.2; done; }
      echo unplug >$CAMERA_CONTROL; until [ ! -e $CAMERA ]; do sleep 0.1; done
      "$R" live --model "$M" --json 2>/tmp/absent; echo "absent: $?"; cat /tmp/absent
      "$R" live --wait --threads 1 --frames 3 --rate 10 --model "$M" --json >/tmp/late 2>/tmp/said & LIVE=$!
      says waiting /tmp/late; echo plug >$CAMERA_CONTROL; wait $LIVE; echo "late: $?"
      head -n 1 /tmp/late; tail -n 1 /tmp/late; cat /tmp/said
      until [ -e $CAMERA ]; do sleep 0.1; done
      chmod 600 /dev/video*
      setpriv --reuid 65534 --clear-groups "$R" live --model "$M" --json 2>/tmp/denied; echo "denied: $?"; cat \
      /tmp/denied
      setpriv --reuid 65534 --clear-groups "$R" live --wait --threads 1 --frames 3 --rate 10 --model "$M" --json \
        >/tmp/late 2>/tmp/said & LIVE=$!
      says waiting /tmp/late; chmod 666 /dev/video*; wait $LIVE; echo "permitted: $?"
      head -n 1 /tmp/late; tail -n 1 /tmp/late; cat /tmp/said
      """)
    let text = run.output
    for words in ["absent: 1", "late: 0", "denied: 1", "permitted: 0"] {
      #expect(text.contains(words), "\(text)\(run.errors)")
    }
    #expect(
      text.contains("roadseg: no camera: ") && text.contains("no permission to open it; add yourself to the group"))
    let objects = try run.outputLines.filter { $0.hasPrefix("{") }.map(Self.object)
    try #require(objects.count == 4, "\(text)")
    for (index, reason) in [(0, "no camera"), (2, "no permission")] {
      #expect(objects[index]["type"] as? String == "waiting")
      #expect((objects[index]["reason"] as? String)?.contains(reason) == true)
      let summary = objects[index + 1]
      #expect(summary["synthetic"] as? Bool == false && (summary["source"] as? String)?.contains("/dev/video") == true)
      #expect((summary["ledger"] as? [String: Any])?["shown"] as? Int == 3)
    }
  }

  /// Frames come, and none of them is a picture: that is not "flowing".
  @Test func saysSoWhenFramesCannotBeUsed() throws {
    try withFolder { folder in
      let picture = try Data(contentsOf: URL(filePath: RunTests.picture))
      let scan = try #require(picture.range(of: Data([0xFF, 0xDA])))
      try picture.prefix(scan.upperBound + 16).write(to: URL(filePath: "\(folder)/half.jpg"))
      let run = try CameraGuest.run(
        """
        "$R" live $CAMERA --rate 10 --threads 1 --model "$M" --json >/tmp/log & LIVE=$!
        n=0; until grep -q unusable /tmp/log || [ $((n += 1)) -gt 60 ]; do sleep 0.5; done
        kill $LIVE; wait $LIVE; grep unusable /tmp/log | head -n 1
        "$R" live $CAMERA --rate 10 --threads 1 --model "$M" >/tmp/log & LIVE=$!
        n=0; until grep -q 'NO VIDEO' /tmp/log || [ $((n += 1)) -gt 60 ]; do sleep 0.5; done
        kill $LIVE; wait $LIVE; grep 'NO VIDEO' /tmp/log | head -n 1
        """, frames: folder)
      try #require(run.outputLines.count == 2, "\(run.output)\(run.errors)")
      let statistics = try Self.object(run.outputLines[0])
      #expect(statistics["video"] as? String == "unusable")
      #expect((statistics["video_reason"] as? String)?.isEmpty == false)
      #expect(run.outputLines[1].contains("frames come, but none can be used: "), "\(run.output)")
    }
  }

  private static func object(_ line: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
  }
}

/// The virtual machine with a USB camera in ../shared/camera-vm (or below $ROADSEG_SHARED).
enum CameraGuest {
  static let absence: Comment =
    "needs ../shared/camera-vm (or $ROADSEG_SHARED/camera-vm), set up once with its setup.sh: not tried here"

  static var runner: String {
    let environment = ProcessInfo.processInfo.environment
    let shared =
      environment["ROADSEG_SHARED"]
      ?? Roadseg.tests.deletingLastPathComponent().deletingLastPathComponent().appending(path: "shared").path
    return shared + "/camera-vm/run-in-vm"
  }

  private static var stamp: String {
    let environment = ProcessInfo.processInfo.environment
    let cache =
      environment["CAMERA_VM_CACHE"] ?? (environment["XDG_CACHE_HOME"] ?? NSHomeDirectory() + "/.cache") + "/camera-vm"
    return cache + "/stamp"
  }

  static var isReady: Bool {
    let files = FileManager.default
    return [runner, Roadseg.binary].allSatisfy(files.isExecutableFile) && files.fileExists(atPath: stamp)
  }

  /// Runs a shell script in the guest with `$R` the program and `$M` a small model. The emulated processor goes without
  /// AVX2, which emulation makes far slower than plain code.
  ///
  /// - Parameter frames: folder of the camera's pictures; nil for a test pattern.
  static func run(_ script: String, frames: String? = nil) throws -> Roadseg {
    try Roadseg.run(
      program: runner,
      [
        "--camera", "uvc", "--timeout", "90", "--cpu", "max,-erms,-fsrm,-avx2", "--env", "R=\(Roadseg.binary)",
        "--env",
        "M=\(Roadseg.model)",
      ] + (frames.map { ["--frames", $0] } ?? []) + ["--", "sh", "-c", script])
  }
}
