import Foundation
import Testing

/// How JPEGs come to the network, and that recordings say it.
@Suite struct PreparationTests {
  /// A folder of JPEGs, 240x180 for a network of 61x46: planes may be made smaller by 2.
  private static func pictures(in folder: String) throws {
    let made = try Roadseg.run(
      ["live", "synthetic", "--size", "240x180", "--rate", "60", "--model", Roadseg.model, "--frames", "4"]
        + ["--output", "\(folder)/jpegs"])
    #expect(made.status == 0, "\(made.errors)")
  }

  @Test("a recording is verified as its frames came to the network", .timeLimit(.minutes(2)))
  func recordings() throws {
    try withFolder { folder in
      try Self.pictures(in: folder)
      for way in ["pictures", "planes", "scaled-planes", ""] {
        let recorded = try Roadseg.run(
          ["record", "\(folder)/jpegs", "--rate", "20", "--model", Roadseg.model, "--output", "\(folder)/rec-\(way)"]
            + (way.isEmpty ? [] : ["--preparation", way]))
        #expect(recorded.status == 0, "\(recorded.errors)")
        let verified = try Roadseg.run(
          ["replay", "\(folder)/rec-\(way)", "--verify", "--model", Roadseg.model])
        #expect(verified.status == 0, "\(way): \(verified)")
        #expect(verified.output.contains("; 0 differ"), "\(way): \(verified)")
        let file = try #require(files(below: "\(folder)/rec-\(way)").first { $0.hasSuffix(".mcap") })
        let bytes = try Data(contentsOf: URL(filePath: "\(folder)/rec-\(way)/\(file)"))
        #expect(bytes.range(of: Data((way.isEmpty ? "scaled-planes" : way).utf8)) != nil)
      }
    }
  }

  @Test("run takes either way, and profile tells the stages of each", .timeLimit(.minutes(2)))
  func runAndProfile() throws {
    try withFolder { folder in
      try Self.pictures(in: folder)
      var maps: Set<[Data]> = []
      for way in ["pictures", "planes", "scaled-planes"] {
        let run = try Roadseg.run(
          ["run", "\(folder)/jpegs", "--output", "\(folder)/\(way)", "--write", "classes", "--model", Roadseg.model]
            + ["--preparation", way])
        #expect(run.status == 0, "\(way): \(run.errors)")
        let written = files(below: "\(folder)/\(way)")
        #expect(written.count == 4)
        maps.insert(try written.map { try Data(contentsOf: URL(filePath: "\(folder)/\(way)/\($0)")) })
        let jpeg = try #require(files(below: "\(folder)/jpegs").first { $0.hasSuffix(".jpg") })
        let profile = try Roadseg.run(
          ["profile", "--input", "\(folder)/jpegs/\(jpeg)", "--model", Roadseg.model, "--frames", "6", "--json"]
            + ["--warm-up", "0", "--preparation", way])
        #expect(profile.status == 0, "\(way): \(profile.errors)")
        #expect(profile.output.contains("\"encode JPEG\"") == (way != "scaled-planes"))
      }
      #expect(maps.count == 3, "a recording of one way would not be verified on another")
      let wrong = try Roadseg.run(["live", "synthetic", "--preparation", "sideways", "--frames", "1"])
      #expect(wrong.status == 64)
    }
  }
}
