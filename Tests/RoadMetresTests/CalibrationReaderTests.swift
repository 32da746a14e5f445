import Foundation
import RoadBase
import RoadMetres
import RoadTestSupport
import Testing

/// Calibration files: what is read, what is refused and how that is said.
@Suite struct CalibrationReaderTests {
  static let good = """
    picture: 1280x720
    intrinsics: {fx: 933.3, fy: 930.1, cx: 651.2, cy: 348.9}
    distortion: [-0.31, 0.12, 0.0011, -0.0007]
    mount: {height: 1.27, pitch: 4.5, roll: 1.2, yaw: -2}
    nearest: 3.5
    """

  @Test("a file is read, and what is written reads back the same")
  func roundTrip() throws {
    let calibration = try CalibrationReader.read(Self.good, name: "camera.yaml")
    #expect(calibration.size == PictureSize(width: 1280, height: 720))
    #expect(calibration.fx == 933.3 && calibration.fy == 930.1 && calibration.cx == 651.2 && calibration.cy == 348.9)
    #expect(calibration.distortion == [-0.31, 0.12, 0.0011, -0.0007] && calibration.nearest == 3.5)
    #expect(calibration.mount == CameraCalibration.Mount(height: 1.27, pitch: 4.5, roll: 1.2, yaw: -2))
    let text = CalibrationReader.text(calibration, remarks: ["a remark"])
    #expect(try CalibrationReader.read(text, name: "camera.yaml") == calibration)
  }

  @Test("what a file may leave out")
  func least() throws {
    let text = "picture: 640x480\nintrinsics: {fx: 500, fy: 500, cx: 320, cy: 240}\nmount: {height: 1.2}\n"
    let calibration = try CalibrationReader.read(text, name: "c")
    #expect(calibration.distortion == [] && calibration.nearest == nil)
    #expect(calibration.mount == CameraCalibration.Mount(height: 1.2))
  }

  static let bad: [(change: (String, String), cause: String)] = [
    (("picture: 1280x720", "picture: 1280"), "camera.yaml:1: picture takes a size"),
    (("picture: 1280x720", "frame: 1280x720"), "camera.yaml:1: unknown key 'frame'"),
    (("fx: 933.3", "fx: many"), "camera.yaml:2: intrinsics.fx: 'many'; it takes a number from 10.0 to 100000.0"),
    (("fx: 933.3", "fx: nan"), "intrinsics.fx: 'nan'"),
    (("fx: 933.3", "fx: 1e300"), "intrinsics.fx: '1e300'"),
    (("fx: 933.3, ", ""), "intrinsics has no fx"),
    (("fx: 933.3", "f: 933.3"), "unknown key 'intrinsics.f'"),
    (("[-0.31, 0.12, 0.0011, -0.0007]", "[1, 2]"), "distortion takes a list of 0, 4, 5 or 8 numbers"),
    (("0.0011", "inf"), "distortion: 'inf'"),
    (("height: 1.27, ", ""), "mount has no height"),
    (("height: 1.27", "height: -1"), "mount.height: '-1'"),
    (("mount: {height: 1.27, pitch: 4.5, roll: 1.2, yaw: -2}", ""), "has no mount"),
    (("nearest: 3.5", "nearest: 0"), "nearest: '0'"),
    (("pitch: 4.5", "pitch: -44"), "sees no road ahead"),
    (("cx: 651.2", "cx: -651.2"), "lies above, below or beside the picture; look at mount"),
    (("yaw: -2", "yaw: 44"), "(cx, cy: pixels)"),
    (("picture", "{"), "is not YAML"),
  ]

  @Test("one message with file, place and remedy", arguments: bad.indices)
  func refused(index: Int) {
    let (change, cause) = Self.bad[index]
    let text = Self.good.replacingOccurrences(of: change.0, with: change.1)
    #expect(text != Self.good)
    let error = thrown(RoadError.self) { try CalibrationReader.read(text, name: "camera.yaml") }
    #expect(error?.description.contains(cause) == true, "\(error?.description ?? "none")")
    #expect(error?.subject == .calibration && error?.remedy.isEmpty == false)
    #expect(error?.description.contains("\n") == false)
  }

  @Test("whatever the bytes, a calibration or a refusal: and every calibration makes tables")
  func damaged() {
    var random = SplitMix(state: 11)
    var read = 0
    for _ in 0..<3000 {
      var bytes = Array(Self.good.utf8)
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] =
          Bool.random(using: &random)
          ? Array("0123456789.-:{}[], \n".utf8).randomElement(using: &random) ?? 0
          : UInt8.random(in: 0...255, using: &random)
      }
      do throws(RoadError) {
        let calibration = try CalibrationReader.read(String(decoding: bytes, as: UTF8.self), name: "c")
        read += 1
        // Tables of large pictures take long; that of a small one of the same shape has the same geometry.
        let small = PictureSize(width: 64, height: max(1, 64 * calibration.size.height / calibration.size.width))
        if read % 10 == 0, let scaled = try? calibration.scaled(to: small) {
          _ = RoadMeasure(scaled, classes: .driving7)
        }
      } catch { #expect(error.subject == .calibration) }
    }
    #expect(read > 50)
  }

  @Test("files that are none")
  func files() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "calibration-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Data(repeating: 0x80, count: 100).write(to: URL(filePath: "\(folder)/bytes"))
    try Data(repeating: 0x20, count: 70_000).write(to: URL(filePath: "\(folder)/large"))
    for (name, cause) in [
      ("none", "cannot be read"), ("", "give a file, not a folder"), ("bytes", "is not UTF-8"),
      ("large", "larger than"),
    ] {
      let error = thrown(RoadError.self) { try CalibrationReader.read(path: "\(folder)/\(name)") }
      #expect(error?.description.contains(cause) == true, "\(error?.description ?? "none")")
    }
  }

  @Test("other sizes of the same shape follow, others are refused")
  func scaling() throws {
    let calibration = try CalibrationReader.read(Self.good, name: "camera.yaml")
    let half = try calibration.scaled(to: PictureSize(width: 640, height: 360))
    #expect(half.fx == 466.65 && abs(half.cx - 325.35) < 1e-9 && abs(half.cy - 174.2) < 1e-9)
    #expect(half.size == PictureSize(width: 640, height: 360) && half.mount == calibration.mount)
    _ = try calibration.scaled(to: PictureSize(width: 853, height: 480))
    let error = thrown(RoadError.self) { try calibration.scaled(to: PictureSize(width: 640, height: 480)) }
    #expect(error?.description.contains("is for pictures of 1280x720; 640x480 has another shape") == true)
  }
}
