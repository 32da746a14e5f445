import CMaskSharing
import Glibc
import RoadBase
import RoadMask
import RoadSink
import Synchronization

/// The newest masks in POSIX shared memory, for other processes of this machine: no copy between the two, no system
/// call a frame. The layout and its reader are in `roadseg_masks.h`.
public final class SharedMasks: FrameSink {
  public let name = "shared masks"
  public let interest: SinkInterest = .map
  public var destination: String? { "/dev/shm\(memoryName)" }
  private let memoryName: String
  private let state = Mutex(State())

  private struct State: @unchecked Sendable { var memory: UnsafeMutableRawBufferPointer? }

  /// One that readers may be at, one that is newest, one to write.
  private static let slots = 3

  /// - Parameter name: "/roadseg".
  public init(name: String) { memoryName = name }

  /// - Throws: `.output` where the memory cannot be made, or another process writes masks there.
  public func start(_ session: SinkSession) throws(RoadError) {
    try takeOver()
    let size = session.source.size
    let classes = MaskMessage.classes(session.classes)
    let head = MemoryLayout<roadseg_shared>.size
    let slotBytes = Self.aligned(MemoryLayout<roadseg_slot>.size + MaskMessage.headBytes + size.pixels)
    let slotsOffset = Self.aligned(head + classes.count * MemoryLayout<roadseg_mask_class>.stride)
    let memory = try make(bytes: slotsOffset + Self.slots * slotBytes)
    classes.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: memory[head...]).copyMemory(from: $0) }
    var shared = roadseg_shared()
    MaskMessage.put("RSSM", &shared.magic)
    shared.version = MaskMessage.version
    shared.class_count = UInt16(classes.count)
    shared.classes_offset = UInt32(head)
    shared.width = UInt32(size.width)
    shared.height = UInt32(size.height)
    shared.slot_count = UInt32(Self.slots)
    shared.slot_bytes = UInt32(slotBytes)
    shared.slots_offset = UInt32(slotsOffset)
    shared.writer = UInt32(getpid())
    memory.storeBytes(of: shared, as: roadseg_shared.self)
    if let header = Self.header(memory) { roadseg_shared_set_open(header, 1) }
    state.withLock { $0.memory = memory }
  }

  public func receive(_ frame: ShownFrame) throws(RoadError) {
    guard let memory = state.withLock({ $0.memory }), let header = Self.header(memory) else {
      preconditionFailure("shared masks not started")
    }
    let (map, shared) = (frame.map, header.pointee)
    precondition(map.size.pixels == Int(shared.width) * Int(shared.height), "a mask of \(map.size)")
    let offset = Int(shared.slots_offset) + Int(shared.published % UInt64(Self.slots)) * Int(shared.slot_bytes)
    let slot = UnsafeMutableRawBufferPointer(rebasing: memory[offset..<offset + Int(shared.slot_bytes)])
    guard let base = slot.baseAddress?.assumingMemoryBound(to: roadseg_slot.self) else { return }
    let head = MemoryLayout<roadseg_slot>.size
    roadseg_slot_begin(base)
    slot.storeBytes(of: MaskMessage.head(frame.stamp, size: map.size), toByteOffset: head, as: roadseg_mask.self)
    UnsafeMutableRawBufferPointer(rebasing: slot[(head + MaskMessage.headBytes)...])
      .copyMemory(from: UnsafeRawBufferPointer(map.bytes))
    roadseg_slot_publish(header, base)
  }

  public func stop() {
    let memory = state.withLock { state in
      defer { state.memory = nil }
      return state.memory
    }
    guard let memory else { return }
    if let header = Self.header(memory) { roadseg_shared_set_open(header, 0) }
    shm_unlink(memoryName)
    munmap(memory.baseAddress, memory.count)
  }

  private static func header(_ memory: UnsafeMutableRawBufferPointer) -> UnsafeMutablePointer<roadseg_shared>? {
    memory.baseAddress?.assumingMemoryBound(to: roadseg_shared.self)
  }

  private static func aligned(_ bytes: Int) -> Int { (bytes + 63) / 64 * 64 }

  /// Memory that a process left that has died is removed; that of one that lives is not.
  private func takeOver() throws(RoadError) {
    let descriptor = shm_open(memoryName, O_RDONLY, 0)
    guard descriptor >= 0 else { return }
    defer { System.close(descriptor) }
    var shared = roadseg_shared()
    let count = withUnsafeMutableBytes(of: &shared) { System.readAll(descriptor, into: $0).value ?? 0 }
    let isOurs =
      count == MemoryLayout<roadseg_shared>.size && withUnsafeBytes(of: shared.magic) { $0.elementsEqual("RSSM".utf8) }
    guard isOurs else {
      throw RoadError(
        .output, "\(destination ?? ""): is there and holds no masks", remedy: "choose another name", code: EEXIST)
    }
    if shared.is_open == 1, shared.writer != UInt32(getpid()), kill(pid_t(shared.writer), 0) == 0 || errno == EPERM {
      throw RoadError(
        .output, "\(destination ?? ""): process \(shared.writer) writes masks there", remedy: "choose another name",
        code: EBUSY)
    }
    shm_unlink(memoryName)
  }

  private func make(bytes: Int) throws(RoadError) -> UnsafeMutableRawBufferPointer {
    let descriptor = shm_open(memoryName, O_RDWR | O_CREAT | O_EXCL, 0o644)
    var code = descriptor < 0 ? errno : 0
    defer { if descriptor >= 0 { System.close(descriptor) } }
    // Takes the memory now: a full /dev/shm would else be a bus error later.
    if code == 0 { code = posix_fallocate(descriptor, 0, bytes) }
    if code == 0 {
      let address = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
      if let address, address != UnsafeMutableRawPointer(bitPattern: -1) {
        return UnsafeMutableRawBufferPointer(start: address, count: bytes)
      }
      code = errno
    }
    if descriptor >= 0 { shm_unlink(memoryName) }
    throw RoadError(
      .output, "\(destination ?? ""): \(bytes) bytes of shared memory cannot be had: \(System.words(code))",
      remedy: "free some of /dev/shm, or choose another name", code: code)
  }
}
