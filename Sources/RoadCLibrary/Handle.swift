import CRoadseg
import RoadBase
import Synchronization

/// What an opaque pointer of `roadseg.h` stands for: an object that one thread uses at a time.
class Handle {
  private let isUsed = Atomic<Bool>(false)

  /// `ROADSEG_BUSY` where another thread is at it; errors become a status and this thread's message.
  func exclusively(_ body: () throws(RoadError) -> roadseg_status) -> roadseg_status {
    guard !isUsed.exchange(true, ordering: .acquiring) else {
      return failure(ROADSEG_BUSY, "another thread uses the handle; open one for each thread")
    }
    defer { isUsed.store(false, ordering: .releasing) }
    return reporting(body)
  }

  /// The caller owns a reference from now on.
  var pointer: OpaquePointer { OpaquePointer(Unmanaged.passRetained(self).toOpaque()) }

  static func from(_ pointer: OpaquePointer?) -> Self? {
    pointer.map { Unmanaged.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
  }

  static func release(_ pointer: OpaquePointer?) {
    if let pointer { Unmanaged<Self>.fromOpaque(UnsafeRawPointer(pointer)).release() }
  }
}

func reporting(_ body: () throws(RoadError) -> roadseg_status) -> roadseg_status {
  do throws(RoadError) {
    return try body()
  } catch {
    return failure(status(of: error), error.description)
  }
}

func failure(_ status: roadseg_status, _ message: String) -> roadseg_status {
  message.withCString(roadseg_set_last_error)
  return status
}

private func status(of error: RoadError) -> roadseg_status {
  switch error.subject {
  case .model: ROADSEG_BAD_MODEL
  case .picture: ROADSEG_BAD_FRAME
  case .device, .stream, .recording: ROADSEG_BAD_SOURCE
  case .option, .calibration: ROADSEG_BAD_ARGUMENT
  case .label, .profile, .output: ROADSEG_FAILED
  }
}

/// The caller's struct, whose first member is its size: members that it does not know yet are 0, those that this
/// library does not know are left out. Nil for one smaller than `least`, its size in the first version of the header.
func known<Struct: BitwiseCopyable>(
  _ pointer: UnsafePointer<Struct>?, atLeast least: Int = MemoryLayout<Struct>.size
) -> Struct? {
  guard let pointer else { return nil }
  let size = UnsafeRawPointer(pointer).load(as: Int.self)
  guard size >= least else { return nil }
  return withUnsafeTemporaryAllocation(of: Struct.self, capacity: 1) { place in
    let bytes = UnsafeMutableRawBufferPointer(place)
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
    bytes.copyMemory(from: UnsafeRawBufferPointer(start: pointer, count: min(size, bytes.count)))
    return place[0]
  }
}

/// Whether a struct to be filled is as large as in the first version of the header.
func hasRoom<Struct>(
  _ pointer: UnsafeMutablePointer<Struct>?, atLeast least: Int = MemoryLayout<Struct>.size
) -> Bool {
  pointer.map { UnsafeRawPointer($0).load(as: Int.self) >= least } ?? false
}

/// Fills as much of the caller's struct as it has, its size aside.
func fill<Struct: BitwiseCopyable>(_ pointer: UnsafeMutablePointer<Struct>, with value: Struct) {
  let size = UnsafeRawPointer(pointer).load(as: Int.self)
  let first = MemoryLayout<Int>.size
  withUnsafeBytes(of: value) { bytes in
    let target = UnsafeMutableRawBufferPointer(start: pointer, count: min(size, bytes.count))
    UnsafeMutableRawBufferPointer(rebasing: target[first...]).copyMemory(
      from: UnsafeRawBufferPointer(rebasing: bytes[first..<target.count]))
  }
}

/// A C string that lives as long as this and never changes.
final class CText: @unchecked Sendable {
  let bytes: UnsafeMutablePointer<CChar>

  init(_ text: String) {
    let utf8 = Array(text.utf8CString)
    bytes = .allocate(capacity: utf8.count)
    bytes.initialize(from: utf8, count: utf8.count)
  }

  deinit { bytes.deallocate() }
}
