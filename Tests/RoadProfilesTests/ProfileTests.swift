import Foundation
import RoadBase
import RoadProfiles
import RoadTestSupport
import Testing

@Suite struct ProfileTests {
  private static let page = """
    about: A box on a shelf
    camera:
      size: 1280x720
      rate: 29.97
    network:
      threads: 3
    live:
      json: true
    record:
      output: /data/road
      trigger: [signal, http]
      sync: seconds=5
    """

  @Test("a profile is read key by key")
  func reads() throws {
    let profile = try ProfileReader.read(Self.page, name: "box.yaml")
    #expect(profile.about == "A box on a shelf")
    #expect(
      profile.keys.map(\.path) == [
        "camera.size", "camera.rate", "network.threads", "live.json", "record.output", "record.sync", "record.trigger",
      ])
  }

  @Test("a profile is arguments of the command that it serves")
  func arguments() throws {
    let profile = try ProfileReader.read(Self.page, name: "box.yaml")
    #expect(
      profile.arguments(for: "live", given: [], hasSource: false)
        == ["--size=1280x720", "--rate=29.97", "--threads=3", "--json"])
    #expect(
      profile.arguments(for: "record", given: [], hasSource: false) == [
        "--size=1280x720", "--rate=29.97", "--threads=3", "--output=/data/road", "--sync=seconds=5",
        "--trigger=signal", "--trigger=http",
      ])
  }

  @Test("a list of outputs is an option each, a single one needs no list")
  func outputs() throws {
    let list = try ProfileReader.read("live:\n  output: [overlays, /dev/video10, \"-\"]\n", name: "box.yaml")
    #expect(
      list.arguments(for: "live", given: [], hasSource: false)
        == ["--output=overlays", "--output=/dev/video10", "--output=-"])
    #expect(list.arguments(for: "live", given: ["-o", "x"], hasSource: false) == [])
    let one = try ProfileReader.read("live:\n  output: overlays\n  budget-ms: 80\n  web: 127.0.0.1:8080\n", name: "b")
    #expect(
      one.arguments(for: "live", given: [], hasSource: false)
        == ["--output=overlays", "--budget-ms=80", "--web=127.0.0.1:8080"])
    for wrong in ["[]", "[a, --json]", "[a, [b]]"] {
      #expect(throws: RoadError.self, "\(wrong)") {
        try ProfileReader.read("live:\n  output: \(wrong)\n", name: "box.yaml")
      }
    }
  }

  @Test("what was typed wins, in every spelling of an option")
  func typedWins() throws {
    let profile = try ProfileReader.read(Self.page, name: "box.yaml")
    let typed = ["--size", "640x480", "--rate=10", "-o", "here", "--trigger", "file"]
    #expect(
      profile.arguments(for: "record", given: typed, hasSource: true) == ["--threads=3", "--sync=seconds=5"])
  }

  @Test("input size and classes are those of the profile's model: one that was typed brings its own")
  func typedModel() throws {
    let text = "network:\n  model: a.onnx\n  classes: a.tsv\n  input-size: 480x360\n  threads: 3\n"
    let profile = try ProfileReader.read(text, name: "box.yaml")
    #expect(
      profile.arguments(for: "live", given: ["--threads=2"], hasSource: true)
        == ["--model=a.onnx", "--classes=a.tsv", "--input-size=480x360"])
    for typed in [["--model", "b.onnx"], ["--model=b.onnx"]] {
      #expect(profile.arguments(for: "record", given: typed, hasSource: true) == ["--threads=3"])
    }
  }

  @Test("SOURCE is the camera's, unless one was typed")
  func source() throws {
    let profile = try ProfileReader.read("camera:\n  source: /dev/video2\n", name: "box.yaml")
    #expect(profile.arguments(for: "live", given: [], hasSource: false) == ["/dev/video2"])
    #expect(profile.arguments(for: "live", given: [], hasSource: true) == [])
  }

  @Test(
    "what is not known or does not fit is refused with its line and a way out",
    arguments: [
      ("camera:\n  rat: 30\n", "box.yaml:2: unknown key 'camera.rat'; did you mean 'rate'?"),
      ("camera:\n  siez: 1x1\n", "box.yaml:2: unknown key 'camera.siez'; did you mean 'size'?"),
      ("camra:\n  rate: 30\n", "box.yaml:1: unknown key 'camra'; did you mean 'camera'?"),
      ("network:\n  size: 640x480\n", "box.yaml:2: unknown key 'network.size'"),
      ("camera:\n  size: 640\n", "box.yaml:2: camera.size: '640'; it takes a size such as 640x480"),
      ("camera:\n  rate: 0\n", "box.yaml:2: camera.rate: '0'; it takes a number above 0, up to 1000"),
      ("camera:\n  rate: nan\n", "box.yaml:2: camera.rate: 'nan'; it takes a number above 0, up to 1000"),
      ("network:\n  threads: 257\n", "box.yaml:2: network.threads: '257'; it takes a whole number from 1 to 256"),
      ("network:\n  model: --classes\n", "box.yaml:2: network.model: '--classes'; it takes text"),
      ("live:\n  json: yes\n", "box.yaml:2: live.json: 'yes'; it takes true or false"),
      ("record:\n  trigger: [signal, bell]\n", "box.yaml:2: record.trigger: 'signal, bell'"),
      ("record:\n  sync: seconds=0\n", "box.yaml:2: record.sync: 'seconds=0'; it takes none, chunk or seconds=N"),
      ("record:\n  max-size: 20 GB\n", "box.yaml:2: record.max-size: '20 GB'; it takes bytes, such as 512M or 20G"),
      ("record:\n  max-age: -1d\n", "box.yaml:2: record.max-age: '-1d'; it takes a time"),
      ("camera: 30\n", "box.yaml:1: camera takes keys"),
      ("camera:\n  rate: {a: 1}\n", "box.yaml:2: camera.rate takes a number"),
      ("- camera\n", "box.yaml: has no keys"),
      ("", "box.yaml: has no keys"),
      ("camera: [\n", "box.yaml: is not YAML"),
    ])
  func refuses(text: String, message: String) {
    let error = thrown(RoadError.self) { try ProfileReader.read(text, name: "box.yaml") }
    #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "accepted")")
    #expect(error?.subject == .profile && error?.remedy.isEmpty == false)
  }

  @Test("a key that stands twice is refused")
  func twice() {
    #expect(throws: RoadError.self) {
      try ProfileReader.read("camera:\n  rate: 30\n  rate: 15\n", name: "box.yaml")
    }
  }

  @Test("two profiles differ where a value or its absence does")
  func differences() throws {
    let left = try ProfileReader.read("camera:\n  rate: 30\n  size: 640x480\n", name: "a")
    let right = try ProfileReader.read("camera:\n  rate: 15\n  size: 640x480\nnetwork:\n  threads: 2\n", name: "b")
    let differences = left.differences(to: right)
    #expect(differences.map(\.key.path) == ["camera.rate", "network.threads"])
    #expect(differences.map(\.left) == [["30"], nil] && differences.map(\.right) == [["15"], ["2"]])
    #expect(left.differences(to: left).isEmpty)
  }

  @Test("damaged profiles end in a profile or an error, never otherwise", arguments: 0..<8)
  func fuzz(seed: Int) {
    var random = SplitMix(state: UInt64(seed))
    let words = [
      "&a ", "*a", "<<: *a", "!!int ", "\t", "- ", "? ", "|\n", "{", "}", "\u{0}", "\u{85}", "'", "\"", "%YAML",
    ]
    for _ in 0..<400 {
      var text = Array(Self.page)
      for _ in 0..<random.integer(1...6) {
        let place = random.integer(0...text.count - 1)
        if random.integer(0...1) == 0 {
          text[place] = Character(UnicodeScalar(random.byte()))
        } else {
          text.insert(contentsOf: random.pick(words), at: place)
        }
      }
      do { _ = try ProfileReader.read(String(text), name: "fuzz") } catch { #expect(error.subject == .profile) }
    }
  }

  @Test("aliases of aliases cost no memory")
  func billionLaughs() {
    var text = "a0: &a0 [x, x]\n"
    for level in 1..<60 { text += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
    #expect(throws: RoadError.self) { try ProfileReader.read(text, name: "laughs") }
  }

  @Test("a file that is no page is refused unread")
  func large() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "roadseg-large-\(UUID()).yaml")
    try Data(repeating: UInt8(ascii: "#"), count: 100_000).write(to: path)
    defer { try? FileManager.default.removeItem(at: path) }
    let error = thrown(RoadError.self) { try ProfileReader.read(path: path.path) }
    #expect(error?.cause.contains("is larger than 64 KiB") == true)
    #expect(throws: RoadError.self) { try ProfileReader.read(path: "/nowhere.yaml") }
    #expect(throws: RoadError.self) { try ProfileReader.read(path: "/tmp") }
  }

  @Test("every key has its sentence, and no path twice")
  func keys() {
    #expect(Set(ProfileKey.all.map(\.path)).count == ProfileKey.all.count)
    #expect(ProfileKey.all.allSatisfy { $0.explanation.hasSuffix(".") })
  }
}
