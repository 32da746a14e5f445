import Foundation
import Testing

/// `roadseg live` on a USB camera behind the kernel's own driver, in the virtual machine beside the checkout.
@Suite(.serialized, .enabled(if: CameraGuest.isReady, CameraGuest.absence))
struct CameraLiveTests {
  /// Frames come in, every number is accounted for, and nothing of the driver's stays open: the second run gets the camera.
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

  /// The camera is pulled out and put back twice, once long enough to be missed for good; the pictures go on by themselves.
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

  /// Half a JPEG is counted and passed over.
  @Test func countsATornFrameAndGoesOn() throws {
    let run = try CameraGuest.run(
      """
      (sleep 2; echo truncate >$CAMERA_CONTROL) &
      "$R" live $CAMERA --format mjpeg --frames 50 --rate 10 --threads 1 --model "$M" --json || echo failed: $?
      """)
    #expect(!run.output.contains("failed:"), "\(run.errors)")
    let summary = try Self.object(#require(run.outputLines.last))
    let ledger = try #require(summary["ledger"] as? [String: Any])
    #expect(ledger["shown"] as? Int == 50)
    #expect(ledger["balances"] as? Bool == true)
    #expect((ledger["undecodable"] as? Int ?? 0) + (ledger["truncated"] as? Int ?? 0) >= 1)
  }

  private static func object(_ line: String) throws -> [String: Any] {
    try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
  }
}

/// The virtual machine with a USB camera in ../shared/camera-vm (or below $ROADSEG_SHARED).
enum CameraGuest {
  static let absence: Comment =
    "needs ../shared/camera-vm (or $ROADSEG_SHARED/camera-vm), set up once with its setup.sh: not tried here"

  private static var runner: String {
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

  /// Runs a shell script in the guest with `$R` the program and `$M` a small model. The emulated processor goes without AVX2, which
  /// emulation makes far slower than plain code.
  static func run(_ script: String) throws -> Roadseg {
    try Roadseg.run(
      program: runner,
      [
        "--camera", "uvc", "--timeout", "90", "--cpu", "max,-erms,-fsrm,-avx2", "--env", "R=\(Roadseg.binary)",
        "--env",
        "M=\(Roadseg.model)", "--", "sh", "-c", script,
      ])
  }
}
