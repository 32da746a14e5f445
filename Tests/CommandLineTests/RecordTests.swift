import Foundation
import Testing

/// `record` and what reads its files, as users run them.
@Suite("Recordings") struct RecordTests {
  private static func record(_ folder: String, _ arguments: [String]) throws -> Roadseg {
    try Roadseg.run(
      ["record", "synthetic", "--size", "160x120", "--rate", "60", "--model", Roadseg.model, "--output", folder]
        + arguments)
  }

  @Test("masks are verified on every instruction set and number of threads", .timeLimit(.minutes(2)))
  func verify() throws {
    try withFolder { folder in
      let recorded = try Self.record(folder, ["--frames", "12", "--raw", "--compression", "zstd"])
      #expect(recorded.status == 0, "\(recorded.errors)")
      for (set, threads) in [("reference", "1"), ("avx2", "2"), ("", "3")] {
        let environment = set.isEmpty ? [:] : ["ROADSEG_INSTRUCTION_SET": set]
        let result = try Roadseg.run(
          ["replay", folder, "--verify", "--json", "--model", Roadseg.model, "--threads", threads],
          environment: environment)
        // A machine without the set says so; others compare.
        if result.errors.contains("not available on this machine") { continue }
        #expect(result.status == 0, "\(set): \(result.errors)")
        #expect(result.output.contains("\"different\":0"))
      }
    }
  }

  @Test("a mask that is not what it was is told with its frame")
  func difference() throws {
    try withFolder { folder in
      #expect(try Self.record(folder, ["--frames", "12", "--raw"]).status == 0)
      let file = try #require(files(below: folder).first { $0.hasSuffix(".mcap") })
      var bytes = try Data(contentsOf: URL(filePath: "\(folder)/\(file)"))
      let place = try #require(bytes.range(of: Data("\"mask_hash\":\"".utf8))).upperBound
      bytes[place] = bytes[place] == UInt8(ascii: "0") ? UInt8(ascii: "1") : UInt8(ascii: "0")
      try bytes.write(to: URL(filePath: "\(folder)/\(file)"))
      // The chunk's checksum tells that something is wrong; inspect and recover say so.
      #expect(try Roadseg.run(["inspect", folder]).status == 1)
      #expect(try Roadseg.run(["recover", folder]).output.contains("1 damaged ranges"))
      #expect(try Roadseg.run(["inspect", folder]).status == 0)
    }
  }

  @Test("a recording is a source and can be exported")
  func sources() throws {
    try withFolder { folder in
      #expect(try Self.record("\(folder)/rec", ["--frames", "8"]).status == 0)
      let name = try #require(files(below: "\(folder)/rec").first { $0.hasSuffix(".mcap") })
      let file = "\(folder)/rec/\(name)"
      let run = try Roadseg.run(["run", file, "--output", "\(folder)/run", "--model", Roadseg.model])
      #expect(run.status == 0, "\(run.errors)")
      let live = try Roadseg.run(["live", file, "--model", Roadseg.model, "--json"])
      #expect(live.status == 0, "\(live.errors)")
      for kind in ["avi", "y4m", "pictures", "masks", "overlays"] {
        let result = try Roadseg.run(["export", file, "--to", kind, "--output", "\(folder)/\(kind)"])
        #expect(result.status == 0, "\(kind): \(result.errors)")
      }
      #expect(files(below: "\(folder)/overlays").count == 8)
      let stream = try Roadseg.run(
        ["run", "\(folder)/y4m", "--output", "\(folder)/again", "--model", Roadseg.model])
      #expect(stream.status == 0, "\(stream.errors)")
    }
  }
}
