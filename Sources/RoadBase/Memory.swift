import Glibc

/// What memory there is, asked before allocations that could only trap.
public enum Memory {
  /// Whether so many bytes can be had now in one piece, under the process's own limit (`ulimit -v`, a container's) and
  /// the kernel's. Nothing is kept: it says so of this moment only.
  public static func isAvailable(_ bytes: Int) -> Bool {
    guard bytes > 0 else { return true }
    let place = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard place != MAP_FAILED else { return false }
    munmap(place, bytes)
    return true
  }

  /// So many zero bytes in pages of their own: those that are never touched take no memory. (What the heap gives may
  /// have been touched by whoever had it before.) Back with ``giveBack(_:_:)``.
  package static func pages(_ bytes: Int) -> UnsafeMutableRawPointer {
    precondition(bytes > 0, "pages for \(bytes) bytes")
    let place = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let place, place != MAP_FAILED else { preconditionFailure("no memory for \(bytes) bytes") }
    return place
  }

  package static func giveBack(_ pages: UnsafeMutableRawPointer, _ bytes: Int) { munmap(pages, bytes) }
}
