import Foundation
import RoadTestSupport
import Testing

/// `roadseg calibrate-camera` on boards that are rendered through a lens that is known.
@Suite("Camera calibration") struct CalibrateCameraTests {
  /// Python with OpenCV; nil where it cannot be had.
  static let python: String? = {
    let run = Programs.run(Roadseg.golden("set_up_python"), ["camera"])
    return run.status == 0 ? run.output.trimmingCharacters(in: .whitespacesAndNewlines) : nil
  }()

  private static func number(_ value: Any?) throws -> Double { try #require(value as? Double) }

  @Test(
    "lens within half a percent, by markers within one; mount within a tenth of a degree and one percent",
    .enabled(if: python != nil), arguments: [("checkerboard", 0.005), ("charuco", 0.01)])
  func known(kind: String, tolerance: Double) throws {
    let python = try #require(Self.python)
    try withFolder { folder in
      let script = Roadseg.tests.deletingLastPathComponent().appending(
        path: "Calibration/camera/tests/render_boards.py")
      #expect(Programs.run(python, [script.path, "\(folder)/boards", kind], withErrors: true).status == 0)
      let views = files(below: "\(folder)/boards").filter { $0.hasPrefix("view") }.map { "\(folder)/boards/\($0)" }
      let board =
        kind == "charuco"
        ? ["--board", "8x6", "--square", "40", "--charuco", "DICT_5X5_100", "--marker", "30"]
        : ["--board", "9x6", "--square", "40"]
      let road = ["--road", "\(folder)/boards/road.png", "--road-board", "7x5", "--road-square", "250"]
      let run = try Roadseg.run(
        ["calibrate-camera", "-o", "\(folder)/camera.yaml", "--json"] + views + board + road,
        environment: ["ROADSEG_PYTHON": python])
      #expect(run.status == 0, "\(run.errors)")
      let found = try #require(
        try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
      let truth = try #require(
        try JSONSerialization.jsonObject(
          with: Data(contentsOf: URL(filePath: "\(folder)/boards/truth.json"))) as? [String: Any])
      let (lens, mount) = (
        try #require(found["intrinsics"] as? [String: Any]), try #require(found["mount"] as? [String: Any])
      )
      for key in ["fx", "fy"] {
        let wanted = try Self.number(truth[key])
        #expect(abs(try Self.number(lens[key]) - wanted) < tolerance * wanted, "\(key): \(lens)")
      }
      for key in ["cx", "cy"] { #expect(abs(try Self.number(lens[key]) - Self.number(truth[key])) < 2.5, "\(lens)") }
      #expect(abs(try Self.number(mount["height"]) - Self.number(truth["height"])) < 0.0127, "\(mount)")
      for key in ["pitch", "roll"] {
        #expect(abs(try Self.number(mount[key]) - Self.number(truth[key])) < 0.1, "\(mount)")
      }
      #expect(try Self.number(found["rms"]) < 0.4)
      try Self.distortion(
        try #require(found["distortion"] as? [Double]), wanted: try #require(truth["distortion"] as? [Double]))
      // The runtime takes it, at another size, too; and the mount alone is measured anew.
      let again = try Roadseg.run(
        [
          "calibrate-camera", "-o", "\(folder)/again.yaml", "--intrinsics", "\(folder)/camera.yaml", "--height", "1.27",
          "--pitch", "6.5",
        ], environment: ["ROADSEG_PYTHON": python])
      #expect(again.status == 0, "\(again.errors)")
      let live = try Roadseg.run([
        "live", "synthetic", "--size", "480x270", "--model", Roadseg.model, "--frames", "1", "--camera-calibration",
        "\(folder)/again.yaml",
      ])
      #expect(live.status == 0, "\(live.errors)")
    }
  }

  /// Coefficients trade against each other: what counts is where they put the picture's corners.
  private static func distortion(_ found: [Double], wanted: [Double]) throws {
    func bent(_ k: [Double], _ r: Double) -> Double {
      r * (1 + r * r * (k[0] + r * r * (k[1] + r * r * (k.count > 4 ? k[4] : 0))))
    }
    for r in [0.2, 0.4, 0.6] {
      #expect(abs(bent(found, r) - bent(wanted, r)) * 700 < 1.5, "\(found)")
    }
  }

  @Test("pitch and yaw from the lane marks of the synthetic road", .enabled(if: python != nil))
  func lanes() throws {
    let python = try #require(Self.python)
    try withFolder { folder in
      try """
      picture: 640x480
      intrinsics: {fx: 576, fy: 576, cx: 319.5, cy: 239.5}
      mount: {height: 1}
      """.write(toFile: "\(folder)/lens.yaml", atomically: true, encoding: .utf8)
      let run = try Roadseg.run(
        [
          "calibrate-camera", "-o", "\(folder)/camera.yaml", "--json", "--intrinsics", "\(folder)/lens.yaml",
          "--height", "1.4", "--lanes", "synthetic",
        ], environment: ["ROADSEG_PYTHON": python])
      #expect(run.status == 0, "\(run.errors)")
      let found = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
      let mount = try #require(found["mount"] as? [String: Any])
      // The horizon is at row 206 and nods by up to 1.6 rows; the axis at 239.5.
      #expect(abs(try Self.number(mount["pitch"]) - atan(33.5 / 576) * 180 / .pi) < 0.4, "\(mount)")
      #expect(abs(try Self.number(mount["yaw"])) < 0.6, "\(mount)")
    }
  }

  @Test(
    "height and pitch from a lane of known width",
    .enabled(if: python != nil), arguments: ["640x480", "1280x720"])
  func laneWidth(size: String) throws {
    let python = try #require(Self.python)
    try withFolder { folder in
      let sides = size.split(separator: "x").compactMap { Double($0) }
      // The marks of the synthetic road: its edge line and the dashed middle line, 3.6 metres apart.
      let drive = try Roadseg.run([
        "record", "synthetic", "--seed", "3", "--size", size, "--rate", "15", "--frames", "6", "--output",
        "\(folder)/drive", "--model", Roadseg.model,
      ])
      #expect(drive.status == 0, "\(drive.errors)")
      try """
      picture: \(size)
      intrinsics: {fx: \(sides[0] * 0.9), fy: \(sides[0] * 0.9), cx: \(sides[0] / 2 - 0.5), cy: \(sides[1] * 0.43)}
      mount: {height: 1}
      """.write(toFile: "\(folder)/lens.yaml", atomically: true, encoding: .utf8)
      let run = try Roadseg.run(
        [
          "calibrate-camera", "-o", "\(folder)/camera.yaml", "--json", "--intrinsics", "\(folder)/lens.yaml",
          "--lanes", "\(folder)/drive", "--lane-width", "3.6",
        ], environment: ["ROADSEG_PYTHON": python])
      #expect(run.status == 0, "\(run.errors)")
      let found = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
      let mount = try #require(found["mount"] as? [String: Any])
      #expect(abs(try Self.number(mount["height"]) - 1.4) < 0.042, "\(mount)")
      // It nods by up to 0.16 degrees at 640x480.
      #expect(abs(try Self.number(mount["pitch"])) < 0.2, "\(mount)")
    }
  }

  @Test("without OpenCV, without a mount, with too few views: one message")
  func refused() throws {
    try withFolder { folder in
      func refusal(_ arguments: [String], python: String = "python3") throws -> Roadseg {
        try Roadseg.run(
          ["calibrate-camera", "-o", "\(folder)/camera.yaml"] + arguments, environment: ["ROADSEG_PYTHON": python])
      }
      let board = ["--board", "9x6", "--square", "25"]
      let mount = ["--height", "1.3", "--pitch", "2"]
      let none = try refusal([RunTests.picture] + board + mount, python: "/nonexistent/python")
      #expect(none.status == 1 && none.errors.contains("needs Python with OpenCV"), "\(none.errors)")
      #expect(none.errorLines.count == 1 && none.errors.contains("apt install python3-opencv"))
      #expect(try refusal([RunTests.picture] + board).errors.contains("metres need a mount"))
      let lane = try refusal([RunTests.picture] + board + mount + ["--lane-width", "3.5"])
      #expect(lane.status == 64 && lane.errors.contains("--lane-width belongs to --lanes"), "\(lane.errors)")
      #expect(try refusal([RunTests.picture] + mount).errors.contains("give --board and --square"))
      if let python = Self.python {
        let few = try refusal([RunTests.picture] + board + mount, python: python)
        #expect(few.status == 1 && few.errors.contains("0 different views of the board are too few"), "\(few.errors)")
      }
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/camera.yaml"))
    }
  }
}
