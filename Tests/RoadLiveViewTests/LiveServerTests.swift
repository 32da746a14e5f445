import Foundation
import Glibc
import RoadBase
import RoadFrame
import RoadLiveView
import RoadMask
import RoadMetres
import RoadSink
import RoadTelemetry
import RoadTestSupport
import Synchronization
import Testing

/// A server with frames that the test feeds it, at 64x48.
private final class Page: Sendable {
  let sink = LiveViewSink()
  let look = Mutex(OverlaySteering.Look(isOn: true, alpha: 0.5))
  let video = Mutex(VideoState.flowing)
  /// The car's own parts; what is drawn below 99 percent cannot be kept.
  let ownParts = Mutex<OwnParts?>(nil)

  func serve(token: String? = nil, viewers: Int = 16) throws -> (LiveServer, UInt16) {
    let statistics: @Sendable () -> PipelineStatistics = { [self] in
      PipelineStatistics(
        elapsed: 5_000_000_000, video: video.withLock { $0 }, silence: 0, rates: FrameRates(),
        latency: LatencySummary(),
        ledger: FrameLedger().snapshot(), usage: .now(), stages: PipelineStage.allCases.map { _ in LatencySummary() })
    }
    let overlay = OverlaySteering(
      look: { [self] in look.withLock { $0 } }, change: { [self] new in look.withLock { $0 = new } })
    let server = try LiveServer(
      options: LiveViewOptions(port: 0, token: token, viewers: viewers), sink: sink,
      sources: LiveViewSources(statistics: statistics, overlay: overlay, ownParts: partsSteering))
    return (server, try server.start())
  }

  private var partsSteering: OwnPartsSteering {
    OwnPartsSteering(
      parts: { [self] in ownParts.withLock { $0 } },
      change: { [self] (parts) throws(RoadError) in
        ownParts.withLock { $0 = parts }
        if parts?.polygons.contains(where: { $0.contains { $0.y > 9900 } }) == true {
          throw RoadError(.output, "the disk is full", remedy: "make room")
        }
      })
  }

  func start(_ calibration: CameraCalibration? = nil) throws {
    let source = SourceProperties(
      name: "test", size: PictureSize(width: 64, height: 48), format: .mjpeg, nominalRate: 30, isLive: true,
      frameCount: nil, maximumFrameBytes: 1 << 16)
    var session = SinkSession(source: source, classes: .driving7, identity: RunIdentity(model: "tiny"))
    session.calibration = calibration
    session.figures = calibration.map { RoadMeasure($0, classes: .driving7).figures() }
    try sink.start(session)
  }

  /// - Parameter grey: of the whole picture.
  func show(_ ordinal: Int, grey: UInt8 = 128, figures: RoadFigures? = nil) throws {
    let size = PictureSize(width: 64, height: 48)
    let picture = Picture(size: size)
    picture.fill(red: grey, green: grey, blue: grey)
    let map = ClassMap(size: size)
    map.bytes.update(repeating: 3)
    let stamp = FrameStamp(
      ordinal: ordinal, sequence: UInt64(ordinal), timestamp: MonotonicClock.now() - 1_000_000,
      timestampSource: .arrival)
    try sink.receive(ShownFrame(stamp: stamp, canvas: .rgbx(picture), map: map, figures: figures))
  }
}

@Suite("The page's server", .serialized) struct LiveServerTests {
  @Test("pictures, masks, state, metrics and the page itself")
  func answers() throws {
    let page = Page()
    let (server, port) = try page.serve()
    defer { server.stop() }
    #expect(Visitor.ask(port, "GET /snapshot.jpg").status == 503)
    #expect(Visitor.ask(port, "GET /state").status == 200)
    try page.start()
    try page.show(7)
    let snapshot = Visitor.ask(port, "GET /snapshot.jpg")
    #expect(snapshot.status == 200 && snapshot.body.starts(with: [0xFF, 0xD8]))
    let mask = Visitor.ask(port, "GET /mask.png")
    let values = try PNG.labels(Array(mask.body), name: "mask")
    #expect(values.size == PictureSize(width: 64, height: 48))
    let state = try #require(
      try JSONSerialization.jsonObject(with: Visitor.ask(port, "GET /state").body) as? [String: Any])
    #expect(state["frame"] as? Int == 7)
    #expect((state["classes"] as? [Any])?.count == 7)
    #expect((state["model"] as? [String: Any])?["name"] as? String == "tiny")
    let root = Visitor.ask(port, "GET /")
    #expect(root.status == 200 && root.text.contains("default-src 'none'"))
    #expect(Visitor.ask(port, "GET /nothing").status == 404)
    #expect(Visitor.ask(port, "DELETE /state").status == 405)
  }

  @Test("the road from above, where the camera is calibrated: bright where the camera sees it, with what was measured")
  func birdsEye() throws {
    let page = Page()
    let (server, port) = try page.serve()
    defer { server.stop() }
    try page.start()
    try page.show(1)
    func view() throws -> [String: Any]? {
      let state = try JSONSerialization.jsonObject(with: Visitor.ask(port, "GET /state").body) as? [String: Any]
      return state?["birds_eye"] as? [String: Any]
    }
    for path in ["/birdseye", "/birdseye.jpg"] {
      let answer = Visitor.ask(port, "GET \(path)")
      #expect(answer.status == 404 && String(decoding: answer.body, as: UTF8.self).contains("roadseg calibrate-camera"))
    }
    #expect(try view() == nil)
    let calibration = CameraCalibration(
      name: "test", size: PictureSize(width: 64, height: 48), fx: 58, fy: 58, cx: 31.5, cy: 23.5,
      mount: .init(height: 1.4, pitch: 4))
    try page.start(calibration)
    #expect(Visitor.ask(port, "GET /birdseye.jpg").status == 503)
    let measure = RoadMeasure(calibration, classes: .driving7)
    let (figures, map) = (measure.figures(), ClassMap(size: calibration.size))
    map.bytes.update(repeating: ClassTable.driving7.drivable)
    measure.measure(map, into: figures)
    #expect(figures.ahead.end != .unseen)
    for measured in [nil, figures] {
      try page.show(2, grey: 90, figures: measured)
      let picture = try PictureFile.decode(Array(Visitor.ask(port, "GET /birdseye.jpg").body), name: "birdseye")
      #expect(picture.size == PictureSize(width: 320, height: 600))
      // 20 pixels a metre: 5.2 m straight ahead, and 0.7 m, which the camera does not see.
      let (ahead, hidden) = (picture.row(495) + 4 * 160, picture.row(585) + 4 * 160)
      let isMarked = Int(ahead[0]) - Int(ahead[2]) > 60 || Int(ahead[2]) - Int(ahead[0]) > 60
      #expect(isMarked == (measured != nil) && hidden[1] < 20)
      let beside = picture.row(495) + 4 * 190
      #expect((80...100).contains(beside[0]) && (80...100).contains(beside[2]))
    }
    #expect(try view()?["ahead"] as? Int == 30)
    let stream = try #require(Visitor(port: port))
    stream.say("GET /birdseye HTTP/1.1\r\nHost: localhost\r\n\r\n")
    // Shown once the viewer has come.
    while page.sink.birdsEyeViewers == 0 { usleep(1000) }
    try page.show(3)
    #expect(stream.read(400).range(of: Data("image/jpeg".utf8)) != nil)
  }

  private static let json = ["Host: localhost", "Content-Type: application/json"]

  @Test("the car's own parts are told and changed, and what could not be kept is said")
  func ownParts() throws {
    let page = Page()
    let (server, port) = try page.serve()
    defer { server.stop() }
    #expect(Visitor.ask(port, "GET /own-parts").body == Data(#"{"polygons":[]}"#.utf8))
    let drawn = #"{"polygons":[[[0,93.25],[50,87],[99.995,93]],[[1,2],[3,2],[3,4]]]}"#
    let answer = Visitor.ask(port, "POST /own-parts", Self.json, body: drawn)
    #expect(answer.status == 200)
    #expect(page.ownParts.withLock { $0 }?.text == "0,93.25 50,87 100,93; 1,2 3,2 3,4")
    let told = #"{"polygons":[[[0,93.25],[50,87],[100,93]],[[1,2],[3,2],[3,4]]]}"#
    #expect(answer.body == Data(told.utf8) && Visitor.ask(port, "GET /own-parts").body == Data(told.utf8))
    let full = Visitor.ask(port, "POST /own-parts", Self.json, body: #"{"polygons":[[[0,0],[1,1],[1,100]]]}"#)
    #expect(full.status == 200 && String(decoding: full.body, as: UTF8.self).contains("the disk is full"))
    #expect(Visitor.ask(port, "POST /own-parts", Self.json, body: #"{"polygons":[]}"#).status == 200)
    #expect(page.ownParts.withLock { $0 } == nil)
    let other = Self.json + ["Origin: http://evil.example"]
    #expect(Visitor.ask(port, "POST /own-parts", other, body: drawn).status == 403)
    #expect(Visitor.ask(port, "POST /own-parts", ["Host: localhost"], body: drawn).status == 403)
    #expect(Visitor.ask(port, "POST /own-parts", ["Host: evil"] + Self.json.dropFirst(), body: drawn).status == 403)
    #expect(page.ownParts.withLock { $0 } == nil)
    let (closed, guarded) = try page.serve(token: "abcdefghijklmnopqrstuvwxyz")
    defer { closed.stop() }
    #expect(Visitor.ask(guarded, "POST /own-parts", Self.json, body: drawn).status == 401)
    #expect(page.ownParts.withLock { $0 } == nil)
  }

  @Test("what are no polygons changes nothing")
  func hostileParts() throws {
    let page = Page()
    let (server, port) = try page.serve()
    defer { server.stop() }
    let known = try OwnParts(text: "0,90 100,90 100,100", name: "known")
    page.ownParts.withLock { $0 = known }
    let corner = "[0,0],"
    let bodies = [
      "", "{}", "[]", "null", #"{"polygons":null}"#, #"{"polygons":{}}"#, #"{"polygons":[[]]}"#,
      #"{"polygons":[[[0,0],[1,1]]]}"#, #"{"polygons":[[[0,0],[1,1],[1]]]}"#, #"{"polygons":[[[0,0],[1,1],[1,2,3]]]}"#,
      #"{"polygons":[[[0,0],[1,1],[1,100.01]]]}"#, #"{"polygons":[[[0,0],[1,1],[-0.01,1]]]}"#,
      #"{"polygons":[[[0,0],[1,1],[1,1e999]]]}"#, #"{"polygons":[[[0,0],[1,1],["a",1]]]}"#,
      #"{"polygons":[[[0,0],[1,1],[null,1]]]}"#, #"{"polygons":[[[0,0],[1,1],[NaN,1]]]}"#, "{\"polygons\":[[[\u{0}",
      #"{"polygons":"# + String(repeating: "[", count: 8000),
      #"{"polygons":["# + Array(repeating: "[[0,0],[1,0],[1,1]]", count: 65).joined(separator: ",") + "]}",
      #"{"polygons":[["# + String(repeating: corner, count: 1000) + "[0,0]]]}",
      #"{"polygons":[["# + String(repeating: corner, count: 3000) + "[0,0]]]}",
    ]
    for body in bodies {
      let answer = Visitor.ask(port, "POST /own-parts", Self.json, body: body)
      #expect([0, 400].contains(answer.status), "\(body.prefix(60)): \(answer.status)")
    }
    #expect(page.ownParts.withLock { $0 } == known)
    let most = #"{"polygons":[["# + String(repeating: corner, count: 999) + "[0,0]]]}"
    #expect(Visitor.ask(port, "POST /own-parts", Self.json, body: most).status == 200)
  }

  @Test("health is red when no frame comes")
  func health() throws {
    let page = Page()
    let (server, port) = try page.serve()
    defer { server.stop() }
    #expect(Visitor.ask(port, "GET /healthz").status == 200)
    page.video.withLock { $0 = .disconnected }
    let answer = Visitor.ask(port, "GET /healthz")
    #expect(answer.status == 503)
    #expect(String(decoding: answer.body, as: UTF8.self).contains("no frame"))
  }

  @Test("every line of the metrics is a comment or a sample of a family that was announced")
  func metrics() throws {
    let (server, port) = try Page().serve()
    defer { server.stop() }
    let text = String(decoding: Visitor.ask(port, "GET /metrics").body, as: UTF8.self)
    var families: Set<String> = []
    for line in text.split(separator: "\n") {
      if let match = line.wholeMatch(of: /# TYPE (\w+) (counter|gauge)/) {
        #expect(families.insert(String(match.1)).inserted, "\(line)")
      } else if !line.hasPrefix("# HELP ") {
        let sample = try #require(line.wholeMatch(of: /(\w+)(\{(?:\w+="[^"]*",?)+\})? (NaN|[-+.e\d]+)/), "\(line)")
        #expect(families.contains(String(sample.1)))
      }
    }
    #expect(families.contains("roadseg_frames_total"))
  }

  @Test(
    "Prometheus' own parser reads the metrics",
    .enabled(if: PageReaders.python != nil, "needs PyPI's prometheus-client"))
  func prometheus() throws {
    let (server, port) = try Page().serve()
    defer { server.stop() }
    let families = try MetricsReader.read(Visitor.ask(port, "GET /metrics").body)
    for line in ["roadseg_frames counter 10", "roadseg_frames_per_second gauge 4", "roadseg_uptime_seconds counter 1"] {
      #expect(families.contains(line), "\(families)")
    }
    #expect(families.allSatisfy { !$0.contains("unknown") })
  }

  @Test("the overlay is steered by the page alone")
  func overlay() throws {
    let page = Page()
    let (server, port) = try page.serve()
    defer { server.stop() }
    let json = "Content-Type: application/json"
    let order = "{\"isOn\": false, \"alpha\": 0.25}"
    #expect(Visitor.ask(port, "POST /overlay", ["Host: localhost"], body: order).status == 403)
    let foreign = ["Host: localhost:\(port)", json, "Origin: http://evil.example"]
    #expect(Visitor.ask(port, "POST /overlay", foreign, body: order).status == 403)
    #expect(page.look.withLock { $0.isOn })
    let own = ["Host: localhost:\(port)", json, "Origin: http://localhost:\(port)"]
    #expect(Visitor.ask(port, "POST /overlay", own, body: order).status == 200)
    #expect(page.look.withLock { $0 } == OverlaySteering.Look(isOn: false, alpha: 0.25))
    for wrong in ["", "{}", "[1]", "{\"isOn\": true, \"alpha\": 7}", String(repeating: "x", count: 5000)] {
      #expect(Visitor.ask(port, "POST /overlay", own, body: wrong).status == 400, "\(wrong.prefix(20))")
    }
    #expect(Visitor.ask(port, "POST /recording", own, body: "{\"action\": \"start\"}").status == 404)
  }

  @Test("without a token only names of this machine are answered; with one only who carries it")
  func access() throws {
    let (open, openPort) = try Page().serve()
    defer { open.stop() }
    for host in ["localhost", "127.0.0.1:\(openPort)", "[::1]:\(openPort)"] {
      #expect(Visitor.ask(openPort, "GET /state", ["Host: \(host)"]).status == 200, "\(host)")
    }
    for host in ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80"] {
      #expect(Visitor.ask(openPort, "GET /state", ["Host: \(host)"]).status == 403, "\(host)")
    }
    let token = "abcdefghijklmnopqrstuvwxyz"
    let (closed, port) = try Page().serve(token: token)
    defer { closed.stop() }
    let refused = Visitor.ask(port, "GET /state")
    #expect(refused.status == 401 && !refused.text.contains(token))
    #expect(Visitor.ask(port, "GET /state?token=abcdefghijklmnopqrstuvwxyy").status == 401)
    let entry = Visitor.ask(port, "GET /?token=\(token)")
    #expect(entry.status == 303)
    #expect(entry.text.contains("Location: /\r\n") && entry.text.contains("HttpOnly; SameSite=Strict"))
    #expect(Visitor.ask(port, "GET /state", ["Host: x", "Cookie: a=b; roadseg_token=\(token)"]).status == 200)
    #expect(Visitor.ask(port, "GET /state", ["Host: x", "Authorization: Bearer \(token)"]).status == 200)
    #expect(Visitor.ask(port, "GET /state", ["Host: x", "Authorization: Bearer \(token)x"]).status == 401)
  }

  @Test("the network is refused without a token, and a port that is taken is named")
  func refusals() throws {
    let sink = LiveViewSink()
    let sources = LiveViewSources(statistics: { fatalError("not asked") })
    #expect(throws: RoadError.self) {
      try LiveServer(options: LiveViewOptions(address: "0.0.0.0", port: 0), sink: sink, sources: sources)
    }
    let (server, port) = try Page().serve()
    defer { server.stop() }
    let second = try LiveServer(options: LiveViewOptions(port: port), sink: sink, sources: sources)
    let error = thrown(RoadError.self) { try second.start() }
    #expect(error?.cause.contains("\(port)") == true)
  }

  @Test("of 50 viewers 25 do not read: the others see what is newest, and memory stays")
  func slowViewers() throws {
    let page = Page()
    let (server, port) = try page.serve(viewers: 50)
    defer { server.stop() }
    try page.start()
    try page.show(0)
    let viewers = try (0..<50).map { _ in try #require(Visitor(port: port)) }
    for viewer in viewers { viewer.say("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n") }
    for viewer in viewers[..<25] { #expect(viewer.read(15) == Data("HTTP/1.1 200 OK".utf8)) }
    #expect(Visitor.ask(port, "GET /stream").status == 503)
    let before = ProcessUsage.now().residentBytes
    let clock = MonotonicClock.now()
    for ordinal in 1...1500 {
      try page.show(ordinal, grey: UInt8(ordinal % 256))
      if ordinal % 100 == 0 { for viewer in viewers[..<25] { #expect(viewer.read(2000).count == 2000) } }
    }
    // The pipeline's side never waited for anybody.
    #expect(MonotonicClock.now() - clock < 60_000_000_000)
    let after = ProcessUsage.now().residentBytes
    #expect(after < before + 32 << 20, "\(before) to \(after) bytes")
  }

  @Test("a request that never ends is cut off, whatever the library reads")
  func endlessHeader() throws {
    let (server, port) = try Page().serve()
    defer { server.stop() }
    let visitor = try #require(Visitor(port: port))
    visitor.say("GET /state HTTP/1.1\r\nX: ")
    let piece = String(repeating: "a", count: 16 << 10)
    var pieces = 0
    while pieces < 4000, visitor.say(piece) { pieces += 1 }
    #expect(pieces < 4000)
    #expect(Visitor.ask(port, "GET /state").status == 200)
  }

  @Test(
    "what is no request ends the connection and nothing else",
    arguments: [
      "\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", "\u{0}\u{1}\u{2}\r\n\r\n",
      "POST /overlay HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        + "Content-Length: 99999999999\r\n\r\n{",
      "GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
      "GET /stream?fps=nan HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    ])
  func nonsense(request: String) throws {
    let (server, port) = try Page().serve()
    defer { server.stop() }
    let visitor = try #require(Visitor(port: port))
    visitor.say(request)
    shutdown(visitor.descriptor, Int32(SHUT_WR))
    #expect(!String(decoding: visitor.read(1 << 16), as: UTF8.self).contains("root:"))
    #expect(Visitor.ask(port, "GET /state").status == 200)
  }
}
