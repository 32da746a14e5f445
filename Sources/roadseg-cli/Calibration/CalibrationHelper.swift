import Foundation
import RoadBase

/// Python with OpenCV, which does the arithmetic of `calibrate-camera`.
final class CalibrationHelper {
  /// Of OpenCV.
  private(set) var version = ""
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private var rest = Data()

  /// Its answers are lines of numbers; a longer one is none of them.
  private static let longestAnswer = 1 << 20

  /// - Throws: `.option` where there is no Python with OpenCV, with the remedy.
  init(_ task: CalibrationTask) throws(RoadError) {
    let python = try Self.python()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [python, "-c", String(decoding: PackageResources.calibrate_camera_py, as: UTF8.self)]
    process.standardInput = input
    process.standardOutput = output
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    do {
      try process.run()
      try input.fileHandleForWriting.write(contentsOf: encoder.encode(task) + Data("\n".utf8))
    } catch {
      throw RoadError(.option, "\(python): cannot be started", remedy: Self.remedy)
    }
    version = try answer().opencv ?? ""
  }

  deinit {
    try? input.fileHandleForWriting.close()
    if process.isRunning { process.terminate() }
  }

  private static let remedy =
    "apt install python3-opencv, or python3 -m venv ~/.cache/roadseg/camera-python and "
    + "~/.cache/roadseg/camera-python/bin/pip install opencv-python-headless; ROADSEG_PYTHON names another Python"

  /// The one that the environment names, else the first that has OpenCV.
  private static func python() throws(RoadError) -> String {
    let environment = ProcessInfo.processInfo.environment
    let named = environment["ROADSEG_PYTHON"].flatMap { $0.isEmpty ? nil : $0 }
    let cache = environment["XDG_CACHE_HOME"] ?? "\(environment["HOME"] ?? "")/.cache"
    let candidates = named.map { [$0] } ?? ["\(cache)/roadseg/camera-python/bin/python3", "python3"]
    if let python = candidates.first(where: hasOpenCV) { return python }
    throw RoadError(
      .option, "calibrate-camera needs Python with OpenCV, which \(named ?? "python3") does not have", remedy: remedy)
  }

  private static func hasOpenCV(_ python: String) -> Bool {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [python, "-c", "import cv2, numpy; cv2.findChessboardCornersSB"]
    process.standardError = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }

  /// - Parameter kind: VIEW, ROAD or LANES.
  func show(_ picture: GreyPicture, as kind: String) throws(RoadError) -> CalibrationAnswer {
    try send(Data("\(kind) \(picture.size.width) \(picture.size.height) picture\n".utf8) + picture.pixels)
    return try answer()
  }

  func finish() throws(RoadError) -> CalibrationAnswer {
    try send(Data("END\n".utf8))
    return try answer()
  }

  private func send(_ data: Data) throws(RoadError) {
    do { try input.fileHandleForWriting.write(contentsOf: data) } catch {
      // Its last words say more than a closed pipe.
      _ = try answer()
      throw Self.ended
    }
  }

  private static let ended = RoadError(
    .calibration, "the Python part ended early", remedy: "see its message above; is OpenCV 4.8 or newer?")

  private func answer() throws(RoadError) -> CalibrationAnswer {
    while true {
      if let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
        let line = rest[..<end]
        rest = Data(rest[(end + 1)...])
        return try Self.decoded(line)
      }
      // What is there; empty at the end only.
      let more = output.fileHandleForReading.availableData
      guard !more.isEmpty, rest.count + more.count <= Self.longestAnswer else { throw Self.ended }
      rest += more
    }
  }

  private static func decoded(_ line: Data) throws(RoadError) -> CalibrationAnswer {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    guard let answer = try? decoder.decode(CalibrationAnswer.self, from: line) else { throw ended }
    if let error = answer.error { throw RoadError(.calibration, error, remedy: answer.remedy ?? "") }
    return answer
  }
}
