import Glibc
import RoadKernelContract
import RoadTestSupport

/// Memory between two pages that nobody may touch, flush with the page before it or with the page after it: a kernel
/// that reads or writes one byte too far ends the process (see `TestTrace`).
final class GuardedMemory {
  enum Flush: String, CaseIterable { case start, end }

  let bytes: UnsafeMutableRawBufferPointer
  private let mapping: UnsafeMutableRawPointer
  private let mappedBytes: Int

  init(_ count: Int, flush: Flush, alignment: Int = 1) {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let padded = (count + alignment - 1) / alignment * alignment
    let inner = (padded + page - 1) / page * page
    mappedBytes = inner + 2 * page
    mapping = mmap(nil, mappedBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)!
    mprotect(mapping, page, PROT_NONE)
    mprotect(mapping + page + inner, page, PROT_NONE)
    let start = mapping + page + (flush == .start ? 0 : inner - padded)
    bytes = UnsafeMutableRawBufferPointer(start: start, count: count)
  }

  deinit { munmap(mapping, mappedBytes) }

  func fill(_ random: inout TestRandom) {
    for index in bytes.indices { bytes[index] = random.byte() }
  }

  func snapshot() -> [UInt8] { [UInt8](bytes) }
}

/// A kernel that leaves its tensor ends the process before any expectation can name the case. With the environment
/// variable ROADSEG_TRACE_CASES set, every case is named on standard error before it runs (use `--no-parallel`).
enum TestTrace {
  private static let isOn = getenv("ROADSEG_TRACE_CASES") != nil

  static func note(_ name: @autoclosure () -> String) {
    guard isOn else { return }
    let line = name() + "\n"
    _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
  }
}

/// One NHWC tensor in guarded memory, full of noise: nothing before the first halo pixel, nothing after the last one.
final class TestTensor {
  let memory: GuardedMemory
  let view: TensorView

  init(
    height: Int, width: Int, channels: Int, halo: Int = 0, slack: Int = 0, packed4: Bool = false,
    flush: GuardedMemory.Flush = .end, random: inout TestRandom
  ) {
    let stored = packed4 ? 4 : (channels + 15) / 16 * 16
    let pixelPitch = stored + slack
    let rowPitch = (width + 2 * halo) * pixelPitch
    memory = GuardedMemory((height + 2 * halo) * rowPitch - slack, flush: flush)
    memory.fill(&random)
    let origin = memory.bytes.baseAddress! + halo * rowPitch + halo * pixelPitch
    view = TensorView(
      base: origin.assumingMemoryBound(to: UInt8.self), height: height, width: width, channels: channels,
      pixelPitch: pixelPitch, rowPitch: rowPitch, halo: halo)
  }

  /// Every byte either 0 or 255: the sums go to their extremes.
  func fillWithExtremes(_ random: inout TestRandom) {
    for index in memory.bytes.indices { memory.bytes[index] = random.next() & 1 == 0 ? 0 : 255 }
  }

  /// The real channels of `rows`, row by row.
  func values(_ rows: Range<Int>) -> [UInt8] {
    defer { withExtendedLifetime(self) {} }
    var result: [UInt8] = []
    for y in rows {
      for x in 0..<view.width {
        for channel in 0..<view.channels { result.append(view.pixel(y, x)[channel]) }
      }
    }
    return result
  }

  /// Whether nothing differs from `before` but the stored channels of `rows`.
  func changedOnly(_ rows: Range<Int>, since before: [UInt8]) -> Bool {
    var expected = before
    let start = UnsafeMutableRawPointer(view.base) - memory.bytes.baseAddress!
    for y in rows {
      for x in 0..<view.width {
        let offset = start + y * view.rowPitch + x * view.pixelPitch
        for channel in offset..<offset + view.storedChannels { expected[channel] = memory.bytes[channel] }
      }
    }
    return expected == memory.snapshot()
  }
}

typealias TestRandom = SplitMix

extension SplitMix {
  init(_ seed: Int) { self.init(state: UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15) }
}
