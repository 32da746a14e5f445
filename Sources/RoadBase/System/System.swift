import Glibc

/// The one door to the system's files: every call that a signal may interrupt is called again, an error number is a
/// value and never lost to another call, and what only a bug of ours can cause ends the program with its values
/// (swift-nio's `System.swift` does the same).
package enum System {
  /// What a call came to.
  package enum Outcome: Hashable, Sendable {
    /// Bytes, or a descriptor.
    case done(Int)
    case failed(Int32)

    package var value: Int? {
      if case .done(let value) = self { value } else { nil }
    }
  }

  /// Every descriptor is closed in programs that this one starts.
  package static func open(_ path: String, _ flags: Int32, mode: mode_t = 0) -> Outcome {
    call("open \(path)") { Int(Glibc.open(path, flags | O_CLOEXEC, mode)) }
  }

  /// The same for those who turn an error into a `RoadError` of their own.
  package static func open(
    _ path: String, _ flags: Int32, mode: mode_t = 0, failure: (Int32) -> RoadError
  ) throws(RoadError) -> Int32 {
    switch open(path, flags, mode: mode) {
    case .done(let descriptor): return Int32(descriptor)
    case .failed(let code): throw failure(code)
    }
  }

  /// Once: after an error the descriptor is gone, too (close(2)).
  ///
  /// - Returns: 0, or the error of an earlier write that only now came out.
  @discardableResult
  package static func close(_ descriptor: Int32) -> Int32 {
    guard Glibc.close(descriptor) != 0 else { return 0 }
    let code = errno
    precondition(code != EBADF, "close of descriptor \(descriptor), which is not open")
    return code == EINTR ? 0 : code
  }

  /// At most `buffer.count` bytes; 0 at the end of the file.
  package static func read(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
    call("read") { Glibc.read(descriptor, buffer.baseAddress, buffer.count) }
  }

  package static func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Outcome {
    call("write") { Glibc.write(descriptor, bytes.baseAddress, bytes.count) }
  }

  /// Until the buffer is full or the file ends.
  package static func readAll(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
    var count = 0
    while count < buffer.count {
      switch read(descriptor, into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...])) {
      case .done(0): return .done(count)
      case .done(let more): count += more
      case .failed(let code): return .failed(code)
      }
    }
    return .done(count)
  }

  /// - Returns: 0 once every byte is written, else the error's number.
  package static func writeAll(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int32 {
    var done = 0
    while done < bytes.count {
      switch write(descriptor, UnsafeRawBufferPointer(rebasing: bytes[done...])) {
      case .done(let more): done += more
      case .failed(let code): return code
      }
    }
    return 0
  }

  /// The first bytes of a small file of /proc or /sys, without allocation; nil where it is not there.
  package static func readSmall(_ path: StaticString, into buffer: UnsafeMutableRawBufferPointer) -> Int? {
    path.withUTF8Buffer { readSmall(UnsafeRawPointer($0.baseAddress), into: buffer) }
  }

  package static func readSmall(_ path: String, into buffer: UnsafeMutableRawBufferPointer) -> Int? {
    path.withCString { readSmall(UnsafeRawPointer($0), into: buffer) }
  }

  private static func readSmall(_ path: UnsafeRawPointer?, into buffer: UnsafeMutableRawBufferPointer) -> Int? {
    guard let path = path?.assumingMemoryBound(to: CChar.self) else { return nil }
    let opened = call("open") { Int(Glibc.open(path, O_RDONLY | O_CLOEXEC, 0)) }
    guard let descriptor = opened.value.map(Int32.init) else { return nil }
    defer { close(descriptor) }
    return readAll(descriptor, into: buffer).value
  }

  /// The system's own words for an error number.
  package static func words(_ code: Int32) -> String { String(cString: strerror(code)) }

  private static func call(_ name: @autoclosure () -> String, _ body: () -> Int) -> Outcome {
    while true {
      let result = body()
      if result >= 0 { return .done(result) }
      let code = errno
      if code == EINTR { continue }
      precondition(code != EBADF && code != EFAULT, "\(name()): \(words(code)), a bug of ours")
      return .failed(code)
    }
  }
}
