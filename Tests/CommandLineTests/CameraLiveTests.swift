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

  /// Half a JPEG is counted and passed over. (The camera pulled out and put back: `RoadCameraTests`.)
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
