import Foundation
import Testing

/// `--camera-calibration` through the commands.
@Suite("Road in metres") struct MetresTests {
  private static func object(_ text: String?) throws -> [String: Any] {
    let data = Data((text ?? "").utf8)
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  private static let keys: Set = ["ahead_m", "width_m", "offset_m", "nod_degrees", "directions", "free_space"]

  @Test("live tells the figures of the newest frame; null without a calibration")
  func live() throws {
    let arguments = [
      "live", "synthetic", "--size", "160x120", "--model", Roadseg.model, "--frames", "3", "--json", "--clean", "off",
    ]
    let plain = try Self.object(try Roadseg.run(arguments).outputLines.last)
    #expect(plain["metres"] is NSNull)
    let run = try Roadseg.run(arguments + ["--camera-calibration", "synthetic", "--directions", "5"])
    #expect(run.status == 0, "\(run.errors)")
    let metres = try #require(try Self.object(run.outputLines.last)["metres"] as? [String: Any])
    #expect(Set(metres.keys) == Self.keys)
    let directions = try #require(metres["directions"] as? [[String: Any]])
    #expect(directions.count == 5 && directions[2]["degrees"] as? Double == 0)
    for direction in directions { #expect(Set(direction.keys) == ["degrees", "free_m", "end"]) }
    let space = try #require(metres["free_space"] as? [String: [[Double]]])
    #expect(space["pixels"]?.count == space["metres"]?.count)
  }

  /// A calibration for pictures of a size.
  private static func file(in folder: String, picture: String) throws -> String {
    let sides = picture.split(separator: "x").compactMap { Double($0) }
    try """
    picture: \(picture)
    intrinsics: {fx: \(sides[0]), fy: \(sides[0]), cx: \(sides[0] / 2), cy: \(sides[1] / 2)}
    mount: {height: 1.4, pitch: 3}
    """.write(toFile: "\(folder)/camera.yaml", atomically: true, encoding: .utf8)
    return "\(folder)/camera.yaml"
  }

  @Test("run writes figures and the road from above beside the masks")
  func run() throws {
    try withFolder { folder in
      let size = try Self.size(of: RunTests.picture)
      let file = try Self.file(in: folder, picture: size)
      let run = try Roadseg.run([
        "run", RunTests.picture, "--output", "\(folder)/masks", "--model", Roadseg.model, "--json",
        "--camera-calibration", file, "--write", "metres,birdseye,overlay",
      ])
      #expect(run.status == 0, "\(run.errors)")
      #expect(
        files(below: "\(folder)/masks") == ["birdseye/frame-1.jpg", "metres/frame-1.json", "overlay/frame-1.jpg"])
      let written = try Self.object(
        try String(contentsOfFile: "\(folder)/masks/metres/frame-1.json", encoding: .utf8))
      let told = try #require(try Self.object(run.outputLines.last)["metres"] as? [String: Any])
      #expect(told["calibration"] as? String == file)
      #expect(
        try NSDictionary(dictionary: #require(told["last"] as? [String: Any])) == NSDictionary(dictionary: written))
      #expect(Set(written.keys) == Self.keys)
    }
  }

  /// "640x480", of a JPEG, as `run` itself tells it for a calibration that does not fit.
  private static func size(of picture: String) throws -> String {
    try withFolder { folder in
      let run = try Roadseg.run([
        "run", picture, "--output", "\(folder)/o", "--model", Roadseg.model, "--camera-calibration",
        try file(in: folder, picture: "100x1000"),
      ])
      #expect(run.status == 1 && run.errorLines.count == 1, "\(run.errors)")
      let words = try #require(
        run.errorLines.first?.firstMatch(of: /is for pictures of 100x1000; (\d+x\d+) has another/))
      return String(words.1)
    }
  }

  @Test("the synthetic road's calibration is refused for a camera, said to be none of other pictures'")
  func synthetic() throws {
    try withFolder { folder in
      let synthetic = ["--model", Roadseg.model, "--camera-calibration", "synthetic"]
      let output = ["--output", "\(folder)/out"]
      for command in [["live"], ["live", "/dev/video7"], ["record", "0"] + output, ["run", "/dev/video7"] + output] {
        let refused = try Roadseg.run(command + synthetic)
        #expect(refused.status == 1 && refused.errorLines.count == 1, "\(refused.errors)")
        #expect(refused.errors.contains("no figure of a camera would be true; make one with roadseg calibrate-camera"))
      }
      #expect(files(below: folder).isEmpty)
      let said = "figures of other pictures are not true"
      let pictures = try Roadseg.run(["run", RunTests.picture, "--output", "\(folder)/masks"] + synthetic)
      #expect(pictures.status == 0 && pictures.errors.contains(said), "\(pictures.errors)")
      let road = try Roadseg.run(["live", "synthetic:bonnet", "--size", "160x120", "--frames", "2"] + synthetic)
      #expect(road.status == 0 && !road.errors.contains(said), "\(road.errors)")
    }
  }

  @Test("bad calibrations and options: one message, and nothing is written")
  func refused() throws {
    try withFolder { folder in
      try "picture: 640x480\n".write(toFile: "\(folder)/short.yaml", atomically: true, encoding: .utf8)
      let cases: [([String], Int32, String)] = [
        (["--camera-calibration", "\(folder)/none.yaml"], 1, "none.yaml: cannot be read"),
        (["--camera-calibration", "\(folder)/short.yaml"], 1, "short.yaml: has no intrinsics"),
        (["--directions", "5"], 64, "--directions needs --camera-calibration"),
        (["--camera-calibration", "synthetic", "--directions", "4"], 64, "an odd number from 1 to 91"),
        (["--camera-pitch", "road"], 64, "--camera-pitch needs --camera-calibration"),
        (["--write", "birdseye"], 64, "--write birdseye needs --camera-calibration"),
      ]
      for (arguments, status, words) in cases {
        let run = try Roadseg.run(
          ["run", RunTests.picture, "--output", "\(folder)/o", "--model", Roadseg.model] + arguments)
        #expect(run.status == status && run.errors.contains(words), "\(run.errors)")
        #expect(!FileManager.default.fileExists(atPath: "\(folder)/o"))
      }
    }
  }

  @Test("a recording has the figures of each frame, the calibration, and the road from above where asked")
  func record() throws {
    try withFolder { folder in
      let file = try Self.file(in: folder, picture: "160x120")
      let run = try Roadseg.run([
        "record", "synthetic", "--size", "160x120", "--model", Roadseg.model, "--frames", "2", "--output",
        "\(folder)/drive", "--camera-calibration", file, "--birdseye-every", "2",
      ])
      #expect(run.status == 0, "\(run.errors)")
      let name = try #require(files(below: "\(folder)/drive").first { $0.hasSuffix(".mcap") })
      // Not packed: the JSON of the frames stands in the file as it is.
      let bytes = try #require(FileManager.default.contents(atPath: "\(folder)/drive/\(name)"))
      for words in [
        "\"metres\":{\"ahead_m\":", "camera-calibration.yaml", "intrinsics: {fx: 160.0", "/road/birdseye",
        "\"nod_degrees\":null",
        "\"free_space\":{\"metres\":[[", "\"picture\":{\"dirt\":null,\"glare\":0",
      ] {
        #expect(bytes.range(of: Data(words.utf8)) != nil, "\(words)")
      }
      // It is a source like any other, whose pictures are the camera's and not those from above.
      let again = try Roadseg.run([
        "run", "\(folder)/drive", "--output", "\(folder)/again", "--model", Roadseg.model, "--camera-calibration", file,
        "--write", "metres,birdseye,health",
      ])
      #expect(again.status == 0, "\(again.errors)")
      // Three files for each picture that was kept, of which there may be more than masks.
      let written = files(below: "\(folder)/again")
      #expect(written.count >= 6 && written.count % 3 == 0, "\(written)")
      let refused = try Roadseg.run([
        "record", "synthetic", "--frames", "1", "--output", "\(folder)/none", "--birdseye-every", "2",
      ])
      #expect(refused.status == 64 && refused.errors.contains("--birdseye-every needs --camera-calibration"))
    }
  }
}
