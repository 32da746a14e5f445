import Foundation
import RoadBase
import Testing

/// The virtual machine with real video drivers in ../shared/camera-vm (or below $ROADSEG_SHARED), and camera-probe in
/// it.
enum CameraMachine {
  static let absence: Comment =
    "needs ../shared/camera-vm (or $ROADSEG_SHARED/camera-vm), set up once with its setup.sh: not tried here"

  private static let packageRoot = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  private static var folder: URL {
    let shared = ProcessInfo.processInfo.environment["ROADSEG_SHARED"].map { URL(fileURLWithPath: $0) }
    return (shared ?? packageRoot.deletingLastPathComponent().appendingPathComponent("shared"))
      .appendingPathComponent("camera-vm")
  }

  private static var cache: URL {
    let environment = ProcessInfo.processInfo.environment
    if let cache = environment["CAMERA_VM_CACHE"] { return URL(fileURLWithPath: cache) }
    let home = environment["XDG_CACHE_HOME"] ?? NSHomeDirectory() + "/.cache"
    return URL(fileURLWithPath: home).appendingPathComponent("camera-vm")
  }

  private static var probe: URL {
    URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent("camera-probe")
  }

  static var isReady: Bool {
    let files = FileManager.default
    return files.isExecutableFile(atPath: folder.appendingPathComponent("run-in-vm").path)
      && files.fileExists(atPath: cache.appendingPathComponent("stamp").path)
      && files.isExecutableFile(atPath: probe.path)
  }

  /// Pictures that the USB camera sends by default.
  static func frames(_ suffix: String) throws -> [[UInt8]] {
    let frames = cache.appendingPathComponent("frames")
    let names = try FileManager.default.contentsOfDirectory(atPath: frames.path).filter { $0.hasSuffix(suffix) }
    return try names.sorted().map { [UInt8](try Data(contentsOf: frames.appendingPathComponent($0))) }
  }

  static func hash(_ bytes: some Sequence<UInt8>) -> String {
    String(bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }, radix: 16)
  }

  /// Shell functions for the scripts: wait until the probe has its first frame; tell the USB camera something.
  private static let functions = """
    streaming() { until [ -e /tmp/camera-probe-streams ]; do sleep 0.1; done; }
    tell() { echo $1 >$CAMERA_CONTROL; }
    set_control() { v4l2-ctl -d $CAMERA -c $1; }

    """

  /// The emulated processor without AVX2, which emulation makes some 25 times slower than plain code: libjpeg would
  /// take a second for a frame, and every test would look like one of a camera that is too fast.
  private static let processor = ["--cpu", "max,-erms,-fsrm,-avx2"]

  /// Runs a shell script in the machine, with the probe's path in `$P`; gives the JSON objects that it printed.
  static func run(camera: String, options: [String] = [], script: String) throws -> ProbeLog {
    let process = Process()
    process.executableURL = folder.appendingPathComponent("run-in-vm")
    process.arguments =
      ["--camera", camera, "--timeout", "180", "--env", "P=\(probe.path)"] + processor + options + [
        "--", "sh", "-c", functions + script,
      ]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus != 125, "the machine failed")
    return ProbeLog(text: String(decoding: data, as: UTF8.self))
  }
}

/// What camera-probe printed.
struct ProbeLog {
  let text: String
  private let objects: [[String: Any]]

  init(text: String) {
    self.text = text
    objects = text.split(separator: "\n").compactMap {
      try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
    }
  }

  /// One log for each run of the probe.
  var runs: [ProbeLog] {
    var texts: [String] = []
    for line in text.split(separator: "\n") {
      if line.contains("\"maximumFrameBytes\"") || texts.isEmpty { texts.append("") }
      texts[texts.count - 1] += line + "\n"
    }
    return texts.map(ProbeLog.init(text:)).filter { !$0.frames.isEmpty }
  }

  var outcomes: [String] { objects.compactMap { $0["outcome"] as? String } }
  var frames: [[String: Any]] { objects.filter { $0["outcome"] as? String == "frame" } }
  var errors: [String] { objects.compactMap { $0["error"] as? String } }
  var sequences: [Int] { frames.compactMap { $0["sequence"] as? Int } }
  var corruptReasons: [String] { objects.compactMap { $0["reason"] as? String }.filter { !$0.contains(" ") } }

  func sum(_ field: String) -> Int { objects.compactMap { $0[field] as? Int }.reduce(0, +) }
  func values(_ field: String) -> [String] { objects.compactMap { $0[field] as? String } }

  /// Every probe gave back all that it had opened.
  var leavesNothingOpen: Bool {
    let ends = objects.filter { $0["descriptorsLeft"] != nil }
    return !ends.isEmpty && sum("descriptorsLeft") == 0 && sum("mappingsLeft") == 0
  }

  var allFramesDecode: Bool { !frames.isEmpty && frames.allSatisfy { $0["decoded"] as? Bool == true } }

  /// Numbers grow from frame to frame, and each step is this frame and those that were skipped, lost or corrupt.
  var addsUp: Bool {
    guard let first = sequences.first, let last = sequences.last, let beginning = frames.first else { return false }
    let isGrowing = zip(sequences, sequences.dropFirst()).allSatisfy { $0 < $1 }
    let before = (beginning["skipped"] as? Int ?? 0) + (beginning["lost"] as? Int ?? 0)
    let between = frames.count - 1 + sum("skipped") + sum("lost") - before
    let corrupt = outcomes.filter { $0 == "corrupt" }.count
    return isGrowing && (between...between + corrupt).contains(last - first)
  }
}
