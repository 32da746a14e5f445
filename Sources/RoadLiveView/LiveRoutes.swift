import FlyingFox
import Foundation
import RoadBase
import RoadTelemetry

/// Every address that the page and its readers ask for.
struct LiveRoutes: HTTPHandler {
  let sink: LiveViewSink
  let sources: LiveViewSources
  let guardian: AccessGuard
  let viewers: Int

  /// Nanoseconds without a frame after which the run is not healthy.
  static let healthyFor: UInt64 = 2_000_000_000

  func handleRequest(_ request: HTTPRequest) async throws -> HTTPResponse {
    if case .answered(let response) = guardian.verdict(request) { return response }
    switch (request.method, request.path) {
    case (.GET, "/"): return page
    case (.GET, "/stream"): return stream(sink.frames, request)
    case (.GET, "/birdseye"): return isCalibrated ? stream(sink.birdsEyeFrames, request) : notCalibrated
    case (.GET, "/birdseye.jpg"):
      return isCalibrated
        ? file(sink.birdsEye(), type: "image/jpeg", name: "birdseye.jpg", request) : notCalibrated
    case (.GET, "/events"): return events
    case (.GET, "/snapshot.jpg"): return file(sink.snapshot(), type: "image/jpeg", name: "road.jpg", request)
    case (.GET, "/mask.png"): return file(sink.mask(), type: "image/png", name: "mask.png", request)
    case (.GET, "/state"): return .json(state(withHistory: true))
    case (.GET, "/metrics"): return metrics
    case (.GET, "/healthz"): return health
    case (.GET, "/own-parts"): return ownParts
    case (.POST, "/own-parts"): return await changeOwnParts(request)
    case (.POST, "/overlay"): return await changeOverlay(request)
    case (.POST, "/recording"): return await steerRecording(request)
    case (.GET, _): return .text(.notFound, "there is nothing here; see /")
    default: return .text(.methodNotAllowed, "GET, or POST to /overlay, /own-parts and /recording")
    }
  }

  private var page: HTTPResponse {
    HTTPResponse(
      statusCode: .ok,
      headers: [
        .contentType: "text/html; charset=utf-8", HTTPHeader("Cache-Control"): "no-store",
        HTTPHeader("Content-Security-Policy"):
          "default-src 'none'; img-src 'self' data:; connect-src 'self'; style-src 'unsafe-inline'; "
          + "script-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        HTTPHeader("X-Content-Type-Options"): "nosniff", HTTPHeader("Referrer-Policy"): "no-referrer",
      ],
      body: Data(PackageResources.page_html))
  }

  private var isCalibrated: Bool { sink.session?.calibration != nil }

  private var notCalibrated: HTTPResponse {
    .text(
      .notFound,
      "the camera is not calibrated: roadseg calibrate-camera makes the file for --camera-calibration")
  }

  private func stream(_ frames: LiveFrames, _ request: HTTPRequest) -> HTTPResponse {
    let asked = request.query.first { $0.name == "fps" }?.value
    let rate = asked.flatMap(Double.init)
    if asked != nil, !(rate.map { $0 >= 0.1 && $0 <= 1000 } ?? false) {
      return .text(.badRequest, "fps takes 0.1 to 1000")
    }
    guard let admission = Admission(frames, limit: viewers) else { return full }
    return LiveStreams.pictures(frames, rate: rate, admission: admission)
  }

  private var events: HTTPResponse {
    guard let admission = Admission(sink.eventReaders, limit: viewers) else { return full }
    return LiveStreams.events(sink.eventReaders, admission: admission) { state(withHistory: $0) }
  }

  private var full: HTTPResponse { .text(.serviceUnavailable, "\(viewers) viewers watch already; try again later") }

  @Sendable
  private func state(withHistory: Bool) -> Data { LiveState(sink, sources, withHistory: withHistory).json() }

  private var metrics: HTTPResponse {
    let text = Metrics.text(sources.statistics(), viewers: sink.frames.viewers)
    return HTTPResponse(
      statusCode: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"], body: Data(text.utf8))
  }

  private var health: HTTPResponse {
    let statistics = sources.statistics()
    guard statistics.video == .flowing, statistics.silence < Self.healthyFor else {
      let seconds = String(format: "%.1f", Double(statistics.silence) / 1e9)
      let reason = sources.trouble(statistics) ?? "video is \(statistics.video)"
      return .text(.serviceUnavailable, "no frame for \(seconds) s: \(reason)")
    }
    return .text(.ok, "ok")
  }

  private func file(_ data: Data?, type: String, name: String, _ request: HTTPRequest) -> HTTPResponse {
    guard let data else { return .text(.serviceUnavailable, "no frame yet") }
    var headers: HTTPHeaders = [.contentType: type, HTTPHeader("Cache-Control"): "no-store"]
    if request.query.contains(where: { $0.name == "download" }) {
      headers[HTTPHeader("Content-Disposition")] = "attachment; filename=\"\(name)\""
    }
    return HTTPResponse(statusCode: .ok, headers: headers, body: data)
  }

  private func changeOverlay(_ request: HTTPRequest) async -> HTTPResponse {
    guard let overlay = sources.overlay else { return .text(.notFound, "this run draws no overlay") }
    guard let look: OverlaySteering.Look = await decoded(request), (0...1).contains(look.alpha) else {
      return .text(.badRequest, "send {\"isOn\": true, \"alpha\": 0 to 1}")
    }
    overlay.change(look)
    return .json(state(withHistory: false))
  }

  private var ownParts: HTTPResponse {
    guard let steering = sources.ownParts else { return noOwnParts }
    return .json(OwnPartsJSON(steering.parts()).json())
  }

  private var noOwnParts: HTTPResponse { .text(.notFound, "the own parts of the car cannot be changed in this run") }

  private func changeOwnParts(_ request: HTTPRequest) async -> HTTPResponse {
    guard let steering = sources.ownParts else { return noOwnParts }
    guard let wanted: OwnPartsJSON = await decoded(request, largest: OwnPartsJSON.largestRequest),
      let parts = wanted.parts
    else {
      return .text(
        .badRequest, "send {\"polygons\": [[[x, y], three corners or more], …]}, in percent: up to 64, 1000 corners")
    }
    var answer = OwnPartsJSON(parts)
    do throws(RoadError) {
      try steering.change(parts)
    } catch {
      answer.trouble = error.cause
    }
    return .json(answer.json())
  }

  private func steerRecording(_ request: HTTPRequest) async -> HTTPResponse {
    guard let recording = sources.recording else { return .text(.notFound, "this run records nothing") }
    struct Order: Decodable { let action: RecordingSteering.Action }
    guard let order: Order = await decoded(request) else {
      return .text(.badRequest, "send {\"action\": \"start\", \"stop\" or \"trigger\"}")
    }
    recording.perform(order.action)
    return .json(state(withHistory: false))
  }

  /// Nil for anything but a small JSON object of that shape.
  private func decoded<Value: Decodable>(_ request: HTTPRequest, largest: Int = 1024) async -> Value? {
    guard let length = request.headers[.contentLength].flatMap(Int.init), length <= largest else { return nil }
    guard let body = try? await request.bodyData else { return nil }
    return try? JSONDecoder().decode(Value.self, from: body)
  }
}

extension HTTPResponse {
  static func json(_ data: Data) -> HTTPResponse {
    HTTPResponse(
      statusCode: .ok, headers: [.contentType: "application/json", HTTPHeader("Cache-Control"): "no-store"], body: data)
  }
}
