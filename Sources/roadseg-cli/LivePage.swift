import ArgumentParser
import RoadBase
import RoadLiveView
import RoadOverlay
import RoadPipeline
import RoadSink
import RoadTelemetry

/// `--web` and what belongs to it.
struct WebOptions: ParsableArguments {
  static let defaultAddress = "127.0.0.1:8080"

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Show a page at this address: pictures, figures, controls. Without a value 127.0.0.1:8080.",
      valueName: "address:port"))
  var web: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "File with the token that viewers need; made where there is none. Needed to open the page to the network.",
      valueName: "file"))
  var webToken: String?

  @Option(name: .long, help: "Viewers of the page at once.")
  var webViewers = 16

  func validate() throws {
    if let web, LiveViewOptions.parse(web) == nil {
      throw ValidationError(
        "--web takes ADDRESS:PORT with a numeric address, for example 127.0.0.1:8080 or 0.0.0.0:8080")
    }
    if !(1...1000).contains(webViewers) { throw ValidationError("--web-viewers takes 1 to 1000") }
    if web == nil, webToken != nil { throw ValidationError("--web-token needs --web") }
  }

  /// `--web` may stand alone: argument-parser knows no option whose value may be left out.
  static func completed(_ arguments: [String]) -> [String] {
    arguments.enumerated().flatMap { index, argument -> [String] in
      guard argument == "--web" else { return [argument] }
      let next = index + 1 < arguments.count ? arguments[index + 1] : ""
      return LiveViewOptions.parse(next) == nil ? ["--web=\(defaultAddress)"] : [argument]
    }
  }
}

/// The page of a run: a lane for the pipeline, and a server that starts once the pipeline is there.
struct LivePage {
  let lane: SinkLane
  let control: OverlayControl
  private let sink: LiveViewSink
  private let options: LiveViewOptions
  private let style: OverlayStyle

  /// - Returns: nil when no page was asked for.
  init?(_ web: WebOptions, style: OverlayStyle = OverlayStyle()) throws(RoadError) {
    guard let text = web.web, let (address, port) = LiveViewOptions.parse(text) else { return nil }
    var token: String?
    if let file = web.webToken { token = try TokenFile.load(file) }
    self.style = style
    options = LiveViewOptions(address: address, port: port, token: token, viewers: web.webViewers)
    control = OverlayControl(style: style)
    sink = LiveViewSink()
    lane = SinkLane(sink, policy: .newest)
  }

  /// Serves the page from now on.
  ///
  /// - Returns: the running server.
  func serve(_ pipeline: Pipeline, recording: RecordingSteering? = nil) throws(RoadError) -> LiveServer {
    let control = control
    let overlay = OverlaySteering(
      look: { OverlaySteering.Look(isOn: control.isOn, alpha: Double(control.roadWeight) / 256) },
      change: { look in
        control.isOn = look.isOn
        control.roadWeight = Int((look.alpha * 256).rounded())
      }, road: style.colouring == .confidence ? nil : style.road)
    let server = try LiveServer(
      options: options, sink: sink,
      sources: LiveViewSources(
        statistics: { pipeline.statistics() }, trouble: { StatisticsLine.trouble($0) }, overlay: overlay,
        recording: recording, ownParts: recording == nil ? Self.ownParts(of: pipeline) : nil))
    let port = try server.start()
    let address = options.address.contains(":") ? "[\(options.address)]" : options.address
    let entry = options.token == nil ? "" : "; it asks for the token in \(WebOptions.tokenRemark)"
    Terminal.say("roadseg: page at http://\(address):\(port)/\(entry)")
    return server
  }

  /// Masks of a recording are made with what it says at its beginning.
  private static func ownParts(of pipeline: Pipeline) -> OwnPartsSteering {
    OwnPartsSteering(
      parts: { pipeline.ownParts }, change: { (parts) throws(RoadError) in try pipeline.changeOwnParts(to: parts) })
  }
}

extension WebOptions {
  fileprivate static let tokenRemark = "the file of --web-token (open /?token=… once)"
}
