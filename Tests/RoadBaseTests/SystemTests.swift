import Foundation
import Glibc
import RoadBase
import Testing

@Suite("The door to the system")
struct SystemTests {
  @Test func whatIsWrittenIsRead() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    defer { unlink(path) }
    let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }
    let written = try #require(System.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600).value)
    #expect(bytes.withUnsafeBytes { System.writeAll(Int32(written), $0) } == 0)
    #expect(System.close(Int32(written)) == 0)
    let opened = try #require(System.open(path, O_RDONLY).value)
    var read = [UInt8](repeating: 0, count: bytes.count + 10)
    #expect(read.withUnsafeMutableBytes { System.readAll(Int32(opened), into: $0) } == .done(bytes.count))
    #expect(Array(read.prefix(bytes.count)) == bytes)
    System.close(Int32(opened))
  }

  @Test func theWorldsFailuresAreValues() throws {
    #expect(System.open("/no/such/file", O_RDONLY) == .failed(ENOENT))
    #expect(System.open("/proc/self/status", O_RDONLY | O_DIRECTORY) == .failed(ENOTDIR))
    let full = try #require(System.open("/dev/full", O_WRONLY).value)
    #expect([UInt8](repeating: 1, count: 8).withUnsafeBytes { System.writeAll(Int32(full), $0) } == ENOSPC)
    System.close(Int32(full))
    var buffer = [UInt8](repeating: 0, count: 64)
    #expect(buffer.withUnsafeMutableBytes { System.readSmall("/no/such/file" as String, into: $0) } == nil)
    let uptime = buffer.withUnsafeMutableBytes { System.readSmall("/proc/uptime" as StaticString, into: $0) }
    #expect(try #require(uptime) > 3)
  }

  @Test func aMonitorWaitsByTheMonotonicClock() {
    let monitor = Monitor()
    let begin = MonotonicClock.now()
    let isInTime = monitor.locked { monitor.wait(until: begin + 20_000_000) }
    #expect(!isInTime || MonotonicClock.now() > begin)
    monitor.locked { while monitor.wait(until: begin + 20_000_000) {} }
    #expect(MonotonicClock.now() >= begin + 20_000_000)
  }

  @Test func aThreadHasItsName() throws {
    let name = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    defer { unlink(name) }
    let thread = try SystemThread("road-a-long-name") {
      let text = try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)
      try? text?.write(toFile: name, atomically: true, encoding: .utf8)
    }
    thread.join()
    #expect(try String(contentsOfFile: name, encoding: .utf8) == "road-a-long-nam\n")
  }
}
