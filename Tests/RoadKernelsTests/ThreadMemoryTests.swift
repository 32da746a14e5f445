import Foundation
import RoadKernels
import Testing

/// Memory of threads: what every thread has at its start, and what kernels take on top.
@Suite struct ThreadMemoryTests {
  /// The C library clears the thread-local variables of each thread at its start, so that all of them are resident:
  /// 0.8 MB for kernels were 5 MB in `live`, and 12 with its page.
  @Test func threadLocalVariablesAreSmall() throws {
    let bytes = try Data(contentsOf: URL(filePath: "/proc/self/exe"), options: .alwaysMapped)
    func number<T: FixedWidthInteger>(_ type: T.Type, at offset: Int) -> Int {
      bytes.withUnsafeBytes { Int(T(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: T.self))) }
    }
    #expect(bytes.prefix(5) == Data([0x7F, 0x45, 0x4C, 0x46, 2]), "not a 64-bit ELF file")
    let (table, entryBytes) = (number(UInt64.self, at: 32), number(UInt16.self, at: 54))
    let count = number(UInt16.self, at: 56)
    try #require(count > 0)
    let threadLocal = (0..<count).map { table + $0 * entryBytes }.filter { number(UInt32.self, at: $0) == 7 }
    let size = threadLocal.map { number(UInt64.self, at: $0 + 40) }.reduce(0, +)
    // The tiles' sums of AMX, 8 KiB, and what libraries have.
    #expect(size < 32768, "\(size) bytes of thread-local variables")
  }

  @Test func scratchIsTheThreadsOwn() throws {
    let mine = threadScratch()
    mine.initializeMemory(as: UInt8.self, repeating: 0xA5, count: 65536)
    #expect(UInt(bitPattern: mine) % 64 == 0)
    #expect(threadScratch() == mine)

    final class Seen: @unchecked Sendable {
      var others: [(place: UInt, wasZero: Bool)] = []
    }
    let seen = Seen()
    for _ in 0..<3 {
      let done = DispatchSemaphore(value: 0)
      let thread = Thread {
        let bytes = UnsafeMutableRawBufferPointer(start: threadScratch(), count: 65536)
        seen.others.append((UInt(bitPattern: bytes.baseAddress), bytes.allSatisfy { $0 == 0 }))
        bytes.initializeMemory(as: UInt8.self, repeating: 0x5A)
        done.signal()
      }
      thread.start()
      done.wait()
    }
    #expect(seen.others.allSatisfy { $0.wasZero && $0.place != UInt(bitPattern: mine) })
    #expect(UnsafeRawBufferPointer(start: mine, count: 65536).allSatisfy { $0 == 0xA5 })
  }
}
