import Foundation
import Glibc
import RoadService
import RoadTelemetry
import Testing

/// Against a socket of our own: what systemd would read.
@Suite struct ServiceNotifierTests {
  @Test("ready once, the watchdog only for frames that came, the status when it changes")
  func watchdog() throws {
    let listener = try Listener()
    var notifier = ServiceNotifier(environment: ["NOTIFY_SOCKET": listener.path])
    #expect(notifier.isService)
    notifier.report(statistics(frames: 0, video: .starting))
    #expect(listener.received() == ["READY=1\nSTATUS=waiting for the first frame"])
    notifier.report(statistics(frames: 30, video: .flowing))
    #expect(listener.received() == ["WATCHDOG=1\nSTATUS=30 frames a second shown"])
    notifier.report(statistics(frames: 60, video: .flowing))
    #expect(listener.received() == ["WATCHDOG=1"])
    // The camera freezes: nothing feeds the watchdog, and the status says why.
    notifier.report(statistics(frames: 60, video: .silent, silence: 3))
    #expect(listener.received() == ["STATUS=NO FRAMES: the source is there and has sent nothing for 3 s"])
    notifier.report(statistics(frames: 60, video: .silent, silence: 3))
    #expect(listener.received() == [])
    notifier.stopping()
    #expect(listener.received().first?.hasPrefix("STOPPING=1") == true)
  }

  @Test("frames that the driver lost feed no watchdog")
  func lost() throws {
    let listener = try Listener()
    var notifier = ServiceNotifier(environment: ["NOTIFY_SOCKET": listener.path])
    notifier.report(statistics(frames: 9, lost: 9, video: .silent))
    #expect(listener.received().allSatisfy { !$0.contains("WATCHDOG") })
  }

  @Test("the board's complaints stand in the status, on one line")
  func complaints() throws {
    let listener = try Listener()
    var notifier = ServiceNotifier(environment: ["NOTIFY_SOCKET": listener.path])
    notifier.report(statistics(frames: 1, video: .flowing), complaints: ["hot:\n80 °C"])
    #expect(listener.received().first?.hasSuffix("; hot: 80 °C") == true)
  }

  @Test("without systemd nothing is sent, and a socket that is gone harms nobody")
  func nobody() {
    var none = ServiceNotifier(environment: [:])
    #expect(!none.isService)
    none.report(statistics(frames: 1, video: .flowing))
    var gone = ServiceNotifier(environment: ["NOTIFY_SOCKET": "/nowhere/at/all"])
    gone.report(statistics(frames: 1, video: .flowing))
    #expect(!ServiceNotifier(environment: ["NOTIFY_SOCKET": "vsock:2:1"]).isService)
  }

  private func statistics(frames: Int, lost: Int = 0, video: VideoState, silence: UInt64 = 0) -> PipelineStatistics {
    var ledger = LedgerCounts()
    ledger.entered = frames
    for _ in 0..<lost { ledger.settled[.lostInDriver] += 1 }
    var rates = FrameRates()
    rates.shown = 29.97
    return PipelineStatistics(
      elapsed: 0, video: video, silence: silence * 1_000_000_000, rates: rates, latency: LatencySummary(),
      ledger: ledger, usage: .now(), stages: PipelineStage.allCases.map { _ in LatencySummary() })
  }
}

@Suite struct JournalTests {
  @Test("fields by the journal's protocol: line breaks make a value a counted one")
  func datagram() {
    let plain = JournalLog.datagram([("MESSAGE", "all well"), ("PRIORITY", "6")])
    #expect(String(decoding: plain, as: UTF8.self) == "MESSAGE=all well\nPRIORITY=6\n")
    let broken = JournalLog.datagram([("MESSAGE", "a\nb")])
    #expect(broken == Array("MESSAGE\n".utf8) + [3, 0, 0, 0, 0, 0, 0, 0] + Array("a\nb\n".utf8))
    #expect(JournalLog.field("disk-free") == "ROADSEG_DISK_FREE")
  }

  @Test("an entry arrives with its level and fields")
  func entry() throws {
    let listener = try Listener()
    let journal = try #require(JournalLog(label: "roadseg", socketPath: listener.path))
    journal.write(LogEntry(.warning, "disk full", fields: ["sink": "recorder"]))
    #expect(
      listener.received() == ["MESSAGE=disk full\nPRIORITY=4\nSYSLOG_IDENTIFIER=roadseg\nROADSEG_SINK=recorder\n"])
  }

  @Test("no journal, no log")
  func absent() { #expect(JournalLog(label: "roadseg", socketPath: "/nowhere") == nil) }
}

/// A datagram socket in a folder of its own.
final class Listener {
  let path: String
  private let descriptor: Int32

  init() throws {
    path = "/tmp/roadseg-\(getpid())-\(UInt32.random(in: 0 ... .max)).socket"
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    var name = sockaddr_un()
    name.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
    let status = withUnsafePointer(to: &name) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(status == 0)
  }

  deinit {
    close(descriptor)
    unlink(path)
  }

  /// What came since the last call.
  func received() -> [String] {
    var messages: [String] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while case let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT)), count >= 0 {
      messages.append(String(decoding: buffer[..<count], as: UTF8.self))
    }
    return messages
  }
}
