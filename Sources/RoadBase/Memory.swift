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
}
