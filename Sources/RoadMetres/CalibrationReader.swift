import Foundation
import RoadBase
import Yams

/// YAML → ``CameraCalibration`` and back. Whatever is not known or does not fit is refused with file and line.
public enum CalibrationReader {
  static let largestFile = 64 << 10

  /// - Throws: `.calibration` with the file, the line and what stands wrong there.
  public static func read(path: String) throws(RoadError) -> CameraCalibration {
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw RoadError(
        .calibration, "\(path): cannot be read", remedy: "give a file that roadseg calibrate-camera made")
    }
    defer { try? handle.close() }
    guard let data = try? handle.read(upToCount: largestFile + 1) else {
      throw RoadError(.calibration, "\(path): cannot be read", remedy: "give a file, not a folder")
    }
    guard data.count <= largestFile else {
      throw RoadError(
        .calibration, "\(path): is larger than \(largestFile >> 10) KiB", remedy: "give a camera calibration")
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw RoadError(.calibration, "\(path): is not UTF-8 text", remedy: "give a YAML file")
    }
    return try read(text, name: path)
  }

  /// - Parameter name: of the file, for messages.
  public static func read(_ text: String, name: String) throws(RoadError) -> CameraCalibration {
    let node: Node?
    do { node = try Yams.compose(yaml: text) } catch {
      let reason = "\(error)".split(separator: "\n").prefix(1).joined()
      throw RoadError(.calibration, "\(name): is not YAML: \(reason)", remedy: "mend the file")
    }
    guard case .mapping(let mapping)? = node else {
      throw RoadError(.calibration, "\(name): has no keys", remedy: "make it with roadseg calibrate-camera")
    }
    var file = CalibrationFile(name: name)
    for (key, value) in mapping { try file.take(key, value) }
    return try file.calibration()
  }

  /// The file of a calibration, which ``read(_:name:)`` reads back to the same.
  ///
  /// - Parameter remarks: comment lines at the top.
  public static func text(_ calibration: CameraCalibration, remarks: [String] = []) -> String {
    let c = calibration
    let numbers = c.distortion.map { "\($0)" }.joined(separator: ", ")
    let lines: [String?] = [
      "picture: \(c.size)",
      "# pixels; (0, 0) is the middle of the upper left pixel",
      "intrinsics: {fx: \(c.fx), fy: \(c.fy), cx: \(c.cx), cy: \(c.cy)}",
      "# k1, k2, p1, p2, k3 ... of OpenCV",
      "distortion: [\(numbers)]",
      "# metres over the road; degrees: pitch downwards, roll clockwise from behind, yaw to the right",
      "mount: {height: \(c.mount.height), pitch: \(c.mount.pitch), roll: \(c.mount.roll), yaw: \(c.mount.yaw)}",
      c.nearest.map { "nearest: \($0)" },
    ]
    return (remarks.map { "# \($0)" } + lines.compactMap { $0 }).joined(separator: "\n") + "\n"
  }
}

/// The calibration as it fills, and the file's name for messages.
private struct CalibrationFile {
  let name: String
  private var size: PictureSize?
  private var intrinsics: [String: Double]?
  private var distortion: [Double] = []
  private var mount: [String: Double]?
  private var nearest: Double?

  init(name: String) { self.name = name }

  private static let keys = ["picture", "intrinsics", "distortion", "mount", "nearest"]

  private func refuse(_ node: Node, _ cause: String, _ remedy: String) -> RoadError {
    RoadError(.calibration, "\(name)\(node.mark.map { ":\($0.line)" } ?? ""): \(cause)", remedy: remedy)
  }

  mutating func take(_ key: Node, _ value: Node) throws(RoadError) {
    switch key.scalar?.string ?? "" {
    case "picture":
      guard let size = value.scalar.flatMap({ PictureSize($0.string) }) else {
        throw refuse(value, "picture takes a size such as 1280x720", "write it behind the colon")
      }
      self.size = size
    case "intrinsics":
      intrinsics = try numbers(value, "intrinsics", ["fx", "fy", "cx", "cy"], optional: [])
    case "distortion": distortion = try coefficients(value)
    case "mount": mount = try numbers(value, "mount", ["height"], optional: ["pitch", "roll", "yaw"])
    case "nearest": nearest = try number(value, "nearest", 0.1...30)
    case let word:
      throw refuse(key, "unknown key '\(word)'", "the keys are \(Self.keys.joined(separator: ", "))")
    }
  }

  /// What a number may be, so that no table made of it leaves its bounds.
  private static let ranges: [String: ClosedRange<Double>] = [
    "fx": 10...100_000, "fy": 10...100_000, "cx": -16384...32768, "cy": -16384...32768, "height": 0.1...20,
    "pitch": -45...60, "roll": -45...45, "yaw": -45...45,
  ]

  private func numbers(
    _ node: Node, _ section: String, _ required: [String], optional: [String]
  ) throws(RoadError) -> [String: Double] {
    let names = (required + optional).joined(separator: ", ")
    guard case .mapping(let entries) = node else {
      throw refuse(node, "\(section) takes \(names)", "write \(section): {\(required[0]): ...}")
    }
    var result: [String: Double] = [:]
    for (key, value) in entries {
      let word = key.scalar?.string ?? ""
      guard (required + optional).contains(word), let range = Self.ranges[word] else {
        throw refuse(key, "unknown key '\(section).\(word)'", "it takes \(names)")
      }
      result[word] = try number(value, "\(section).\(word)", range)
    }
    if let missing = required.first(where: { result[$0] == nil }) {
      throw refuse(node, "\(section) has no \(missing)", "it takes \(names)")
    }
    return result
  }

  private func number(_ node: Node, _ key: String, _ range: ClosedRange<Double>) throws(RoadError) -> Double {
    guard let number = node.scalar.flatMap({ Double($0.string) }), range.contains(number) else {
      let text = node.scalar.map { ": '\($0.string.prefix(40))'" } ?? ""
      throw refuse(node, "\(key)\(text)", "it takes a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  private func coefficients(_ node: Node) throws(RoadError) -> [Double] {
    guard case .sequence(let list) = node, [0, 4, 5, 8].contains(list.count) else {
      throw refuse(
        node, "distortion takes a list of 0, 4, 5 or 8 numbers",
        "write [k1, k2, p1, p2, k3]; fisheye and tilted models are not known")
    }
    var result: [Double] = []
    for entry in list { result.append(try number(entry, "distortion", -1000...1000)) }
    return result
  }

  func calibration() throws(RoadError) -> CameraCalibration {
    let missing: String? =
      size == nil ? "picture" : intrinsics == nil ? "intrinsics" : mount == nil ? "mount" : nil
    guard let size, let k = intrinsics, let mount, let fx = k["fx"], let fy = k["fy"], let cx = k["cx"],
      let cy = k["cy"], let height = mount["height"]
    else {
      throw RoadError(
        .calibration, "\(name): has no \(missing ?? "mount")",
        remedy: "make it with roadseg calibrate-camera, with --height or --road for the mount")
    }
    let calibration = CameraCalibration(
      name: name, size: size, fx: fx, fy: fy, cx: cx, cy: cy, distortion: distortion,
      mount: CameraCalibration.Mount(
        height: height, pitch: mount["pitch"] ?? 0, roll: mount["roll"] ?? 0, yaw: mount["yaw"] ?? 0),
      nearest: nearest)
    guard GroundRays.seesRoad(calibration) else {
      throw RoadError(
        .calibration,
        """
        \(name): this camera sees no road ahead: what is 2 to 20 metres straight ahead lies above, below or beside the \
        picture
        """,
        remedy: "look at mount (pitch downwards, yaw to the right: degrees) and intrinsics (cx, cy: pixels)")
    }
    return calibration
  }
}
