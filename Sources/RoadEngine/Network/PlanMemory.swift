import Glibc

/// Owns every block of memory of a plan: constants and the arena. All of it is allocated before the first frame.
final class PlanMemory {
  private var blocks: [UnsafeMutableRawPointer] = []
  /// Bytes handed out.
  private(set) var bytes = 0

  /// Of every block: a cache line.
  static let alignment = 64

  static func aligned(_ bytes: Int) -> Int { (bytes + alignment - 1) / alignment * alignment }

  /// Pages are aligned for huge pages from this size on.
  private static let hugePage = 2 << 20

  deinit {
    for block in blocks { free(block) }
  }

  /// Zeroed, aligned to a cache line, alive as long as this object.
  func allocate(_ count: Int) -> UnsafeMutableRawBufferPointer {
    let size = max(count, 1)
    var block: UnsafeMutableRawPointer?
    let alignment = size >= Self.hugePage ? Self.hugePage : Self.alignment
    guard posix_memalign(&block, alignment, size) == 0, let block else {
      fatalError("no memory for \(size) bytes")
    }
    // A hint: with it the vector kernels meet fewer page faults; without it they work just the same.
    if size >= Self.hugePage { madvise(block, size, MADV_HUGEPAGE) }
    memset(block, 0, size)
    blocks.append(block)
    bytes += size
    return UnsafeMutableRawBufferPointer(start: block, count: size)
  }

  /// A copy of an array of plain structs that kernels can keep a pointer to; its elements are never deinitialized.
  func copy<Element>(_ array: [Element]) -> UnsafeMutablePointer<Element> {
    let raw = allocate(array.count * MemoryLayout<Element>.stride)
    let typed = raw.bindMemory(to: Element.self)
    _ = typed.initialize(from: array)
    guard let base = typed.baseAddress else { preconditionFailure("no memory for \(array.count) elements") }
    return base
  }
}
