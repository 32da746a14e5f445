import CMaskSharing
import Glibc
import RoadBase
import RoadMask
import RoadSink
import Synchronization

/// Every mask to each process that connects to a socket of the file system; the messages are those of
/// `roadseg_masks.h`.
///
/// A reader has one message's memory here. While it is not through, the reader misses masks; nobody else does, and
/// nobody waits for a reader longer than ``patience`` a frame, nor for one that missed the mask before.
public final class MaskSocket: FrameSink {
  public let name = "mask socket"
  public let interest: SinkInterest = .map
  public var destination: String? { "unix:\(path)" }
  private let path: String
  /// Of the lane's thread alone.
  private struct State: @unchecked Sendable { var server: Server? }
  private let state = Mutex(State())

  public static let mostReaders = 8
  /// Nanoseconds in which readers that keep up take a mask.
  private static let patience: UInt64 = 20_000_000

  public init(path: String) { self.path = path }

  public func start(_ session: SinkSession) throws(RoadError) {
    let server = Server(
      socket: try UnixSocket(path: path), greeting: MaskMessage.greeting(session.classes),
      maskBytes: session.source.size.pixels)
    state.withLock { $0.server = server }
  }

  public func receive(_ frame: ShownFrame) throws(RoadError) {
    guard let server = state.withLock({ $0.server }) else { preconditionFailure("mask socket not started") }
    server.admit()
    server.send(MaskMessage.head(frame.stamp, size: frame.map.size), UnsafeRawBufferPointer(frame.map.bytes))
    server.flush(until: MonotonicClock.now() + Self.patience)
  }

  public func idle() throws(RoadError) {
    guard let server = state.withLock({ $0.server }) else { return }
    server.admit()
    server.flush(until: MonotonicClock.now())
  }

  public func stop() {
    let server = state.withLock { state in
      defer { state.server = nil }
      return state.server
    }
    server?.close()
  }
}

/// The readers and what waits for each. All memory is taken by `init`.
private final class Server {
  private struct Reader {
    var descriptor: Int32 = -1
    /// Of the message: what there is and what is sent.
    var count = 0
    var sent = 0
    /// Took the last mask in time.
    var keepsUp = true

    var isThere: Bool { descriptor >= 0 }
    var isWaiting: Bool { isThere && sent < count }
  }

  private let socket: UnixSocket
  private let greeting: [UInt8]
  private var readers = [Reader](repeating: Reader(), count: MaskSocket.mostReaders)
  private let messages: [UnsafeMutableRawBufferPointer]

  init(socket: UnixSocket, greeting: [UInt8], maskBytes: Int) {
    self.socket = socket
    self.greeting = greeting
    let bytes = max(greeting.count, MaskMessage.headBytes + maskBytes)
    messages = (0..<MaskSocket.mostReaders).map { _ in .allocate(byteCount: bytes, alignment: 64) }
  }

  deinit { for message in messages { message.deallocate() } }

  func close() {
    for reader in readers where reader.isThere { System.close(reader.descriptor) }
    socket.close()
  }

  /// One more than there are places for is closed at once, which its reader sees.
  func admit() {
    while let descriptor = socket.accept() {
      guard let place = readers.firstIndex(where: { !$0.isThere }) else {
        System.close(descriptor)
        continue
      }
      readers[place] = Reader(descriptor: descriptor, count: greeting.count)
      greeting.withUnsafeBytes { messages[place].copyMemory(from: $0) }
      advance(place)
    }
  }

  func send(_ head: roadseg_mask, _ mask: UnsafeRawBufferPointer) {
    for place in readers.indices where readers[place].isThere {
      advance(place)
      guard readers[place].isThere else { continue }
      guard !readers[place].isWaiting else {
        readers[place].keepsUp = false
        continue
      }
      messages[place].storeBytes(of: head, as: roadseg_mask.self)
      UnsafeMutableRawBufferPointer(rebasing: messages[place][MaskMessage.headBytes...]).copyMemory(from: mask)
      readers[place].count = MaskMessage.headBytes + mask.count
      readers[place].sent = 0
      readers[place].keepsUp = true
      advance(place)
    }
  }

  /// Waits for readers that keep up.
  func flush(until deadline: UInt64) {
    while true {
      for place in readers.indices where readers[place].isWaiting { advance(place) }
      let now = MonotonicClock.now()
      guard now < deadline, readers.contains(where: { $0.isWaiting && $0.keepsUp }) else { return }
      wait(nanoseconds: deadline - now)
    }
  }

  private func wait(nanoseconds: UInt64) {
    withUnsafeTemporaryAllocation(of: pollfd.self, capacity: MaskSocket.mostReaders) { waiting in
      var count = 0
      for reader in readers where reader.isWaiting && reader.keepsUp {
        waiting[count] = pollfd(fd: reader.descriptor, events: Int16(POLLOUT), revents: 0)
        count += 1
      }
      _ = poll(waiting.baseAddress, UInt(count), Int32(nanoseconds / 1_000_000) + 1)
    }
  }

  /// Sends as much as the connection takes; one that is gone frees its place.
  private func advance(_ place: Int) {
    while readers[place].isWaiting {
      let (count, sent) = (readers[place].count, readers[place].sent)
      let rest = UnsafeRawBufferPointer(rebasing: messages[place][sent..<count])
      let written = Glibc.send(readers[place].descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
      if written > 0 {
        readers[place].sent += written
      } else if errno == EAGAIN {
        return
      } else if errno != EINTR {
        System.close(readers[place].descriptor)
        readers[place] = Reader()
      }
    }
  }
}
