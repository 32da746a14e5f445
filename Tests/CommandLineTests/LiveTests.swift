import Foundation
import Testing

@Suite("roadseg live")
struct LiveTests {
  static let synthetic = ["live", "synthetic", "--size", "128x96", "--rate", "200", "--model", Roadseg.model]

  @Test("the JSON keeps its shape; nothing but JSON on standard output")
  func json() throws {
    let result = try Roadseg.run(Self.synthetic + ["--frames", "30", "--json"])
    #expect(result.status == 0)
    #expect(result.errors.isEmpty)
    let summary = try #require(result.outputLines.last)
    try expectSnapshot(try shape(of: summary), "live.json")
    let object = try #require(try JSONSerialization.jsonObject(with: Data(summary.utf8)) as? [String: Any])
    let ledger = try #require(object["ledger"] as? [String: Any])
    #expect(ledger["shown"] as? Int == 30)
    #expect(ledger["balances"] as? Bool == true)
    let bins = ledger.filter { !["frames", "balances"].contains($0.key) }.values.compactMap { $0 as? Int }
    #expect(bins.reduce(0, +) == ledger["frames"] as? Int)
  }

  @Test("what may be done with a model's weights is said on standard error, once")
  func terms() throws {
    let result = try Roadseg.run(["live", "synthetic", "--size", "128x96", "--rate", "200", "--frames", "3", "--json"])
    #expect(result.status == 0)
    let wanted = "roadseg: model contextnet: for research, not for commercial use: trained on CamVid and IDD Lite"
    #expect(result.errorLines == [wanted])
    #expect(result.outputLines.allSatisfy { $0.hasPrefix("{") })
  }

  @Test("overlays are JPEGs, one a shown frame")
  func output() throws {
    try withFolder { folder in
      let result = try Roadseg.run(Self.synthetic + ["--frames", "12", "--output", "\(folder)/new/overlays"])
      #expect(result.status == 0)
      let written = files(below: "\(folder)/new/overlays")
      #expect(written.count == 12)
      #expect(written.allSatisfy { $0.wholeMatch(of: /frame-\d{6}\.jpg/) != nil })
      let first = try Data(contentsOf: URL(filePath: "\(folder)/new/overlays/\(written[0])"))
      #expect(first.starts(with: [0xFF, 0xD8]) && first.suffix(2) == Data([0xFF, 0xD9]))
    }
  }

  @Test("an earlier session is neither overwritten nor mixed with")
  func earlierSession() throws {
    try withFolder { folder in
      for _ in 0..<3 {
        let result = try Roadseg.run(Self.synthetic + ["--frames", "4", "--output", "\(folder)/o"])
        #expect(result.status == 0)
      }
      let written = files(below: "\(folder)/o")
      #expect(written.count == 12)
      #expect(written.count { !$0.contains("/") } == 4)
      let sessions = Set(written.compactMap { $0.wholeMatch(of: /(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ(-\d)?)\/.*/)?.1 })
      #expect(sessions.count == 2)
    }
  }

  @Test("a folder is played at its rate and ends")
  func folder() throws {
    let result = try Roadseg.run([
      "live", Roadseg.golden("RoadCameraTests/Goldens/frame-1.jpg"), "--rate", "50", "--model", Roadseg.model, "--json",
    ])
    #expect(result.status == 0)
    #expect(result.outputLines.last?.contains("\"shown\":1") == true)
  }

  @Test("SIGINT ends it cleanly: a summary that balances, exit code 0", arguments: [SIGINT, SIGTERM])
  func stops(signal: Int32) throws {
    try withFolder { folder in
      // The shell sends the signal once the first overlay is there, and its echo, as `timeout` does.
      let script = """
        "$0" "$@" --output \(folder)/o --json > \(folder)/out & pid=$!
        until [ -n "$(ls \(folder)/o 2>/dev/null)" ]; do sleep 0.02; done
        kill -\(signal) $pid; sleep 0.05; kill -\(signal) $pid 2>/dev/null; wait $pid
        """
      let result = try Roadseg.run(program: "/bin/sh", ["-c", script, Roadseg.binary] + Self.synthetic)
      #expect(result.status == 0)
      let output = try String(contentsOfFile: "\(folder)/out", encoding: .utf8)
      let summary = try #require(output.split(separator: "\n").last)
      #expect(summary.contains("\"type\":\"summary\"") && summary.contains("\"balances\":true"))
    }
  }
}
