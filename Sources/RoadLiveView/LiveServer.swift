import FlyingFox
import FlyingSocks
import Foundation
import RoadBase
import Synchronization

/// Serves the page: pictures, state, events, metrics, health. Threads of its own, and none of them ever holds up the
/// pipeline.
public final class LiveServer: Sendable {
  public let options: LiveViewOptions
  private let server: HTTPServer
  private let sink: LiveViewSink
  private let isStopped = StopFlag()
  private let tasks = Mutex<[Task<Void, Never>]>([])

  /// - Throws: an option error when others than this machine could reach the page and there is no token.
  public init(options: LiveViewOptions, sink: LiveViewSink, sources: LiveViewSources) throws(RoadError) {
    guard options.isLoopback || options.token != nil else {
      throw RoadError(
        .option, "--web \(options.address):\(options.port) opens the page to the network without a token",
        remedy: "add --web-token FILE, or use 127.0.0.1")
    }
    guard let name = SocketName(address: options.address, port: options.port) else {
      throw RoadError(.option, "\(options.address) is no numeric address", remedy: "use for example 127.0.0.1:8080")
    }
    self.options = options
    self.sink = sink
    let routes = LiveRoutes(
      sink: sink, sources: sources, guardian: AccessGuard(token: options.token), viewers: options.viewers)
    let configuration: HTTPServer.Configuration =
      switch name {
      case .ip4(let address): .init(address: address, sharedRequestReplaySize: 4096, logger: .disabled)
      case .ip6(let address): .init(address: address, sharedRequestReplaySize: 4096, logger: .disabled)
      }
    server = HTTPServer(config: configuration, handler: routes)
  }

  /// Seconds; a busy board may give the server its first turn late.
  private static let startLimit = 60

  /// Listens; returns when viewers can connect.
  ///
  /// - Returns: the port.
  /// - Throws: an option error when the address cannot be had.
  @discardableResult
  public func start() throws(RoadError) -> UInt16 {
    let outcome = StartOutcome()
    let listen = Task { [server, options] in
      do {
        try await server.run()
      } catch {
        outcome.settle(.failure(Self.failure(options, error)))
      }
    }
    let settle = Task { [server] in
      guard (try? await server.waitUntilListening()) != nil else { return }
      switch await server.listeningAddress {
      case .ip4(_, let port), .ip6(_, let port): outcome.settle(.success(port))
      default: outcome.settle(.success(0))
      }
    }
    tasks.withLock { $0 += [listen, settle] }
    guard let result = outcome.wait(seconds: Self.startLimit) else {
      throw RoadError(.option, "the page's server did not start within \(Self.startLimit) s", remedy: "try again")
    }
    let port = try result.get()
    try watch(port)
    return port
  }

  /// Ends every connection; returns at once.
  public func stop() {
    isStopped.value = true
    sink.frames.close()
    sink.birdsEyeFrames.close()
    sink.eventReaders.close()
    let running = tasks.withLock { tasks in
      defer { tasks.removeAll() }
      return tasks
    }
    let server = server
    Task { await server.stop() }
    for task in running { task.cancel() }
  }

  /// Ten times a second: connections that take too much are ended, and viewers get a sign of life when no frames come.
  /// On a thread of its own: what it guards against may keep all of the library's threads busy.
  private func watch(_ port: UInt16) throws(RoadError) {
    let pictures = [sink.frames, sink.birdsEyeFrames]
    let isStopped = isStopped
    _ = try SystemThread("road-page-watch") {
      let watch = ConnectionWatch(port: port)
      var turn = 0
      while !isStopped.value {
        SystemThread.sleep(nanoseconds: 100_000_000)
        watch.look(now: MonotonicClock.now())
        turn += 1
        if turn % 10 == 0 { for frames in pictures { frames.wakeAll() } }
      }
    }
  }

  private static func failure(_ options: LiveViewOptions, _ error: any Error) -> RoadError {
    var reason = "\(error)"
    if case SocketError.failed(_, _, let message)? = error as? SocketError { reason = message }
    return RoadError(
      .option, "\(options.address):\(options.port): cannot be listened on: \(reason)",
      remedy: "choose another port with --web ADDRESS:PORT")
  }
}

/// What came of the start: the first answer counts.
private final class StartOutcome: Sendable {
  private let result = Mutex<Result<UInt16, RoadError>?>(nil)
  private let ready = DispatchSemaphore(value: 0)

  func settle(_ value: Result<UInt16, RoadError>) {
    result.withLock { $0 = $0 ?? value }
    ready.signal()
  }

  /// - Returns: nil when there is none in time.
  func wait(seconds: Int) -> Result<UInt16, RoadError>? {
    _ = ready.wait(timeout: .now() + .seconds(seconds))
    return result.withLock { $0 }
  }
}

/// Told once, read by the watch.
private final class StopFlag: Sendable {
  private let flag = Atomic<Bool>(false)

  var value: Bool {
    get { flag.load(ordering: .relaxed) }
    set { flag.store(newValue, ordering: .relaxed) }
  }
}
