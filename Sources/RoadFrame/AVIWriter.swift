import Glibc
import RoadBase

/// One AVI 1.0 file of JPEG frames with an index; sizes are brought up to date once a second (source: Microsoft's "AVI
/// RIFF File Reference").
///
/// Frames come by their time stamps (what is shown live) or one place after the other (what a recording holds). Memory
/// is taken by `init`; appending allocates nothing.
package final class AVIWriter {
  package struct Limits: Sendable {
    /// Of a file: AVI 1.0 counts in 32 bits, and many players in 31.
    package var bytes = 1 << 30
    /// Places for frames: 36 minutes at 30 a second.
    package var places = 1 << 16

    package init(bytes: Int = 1 << 30, places: Int = 1 << 16) {
      self.bytes = bytes
      self.places = places
    }
  }

  package let path: String
  /// Of the newest frame; that of the file's start before the first.
  package private(set) var lastTimestamp: UInt64
  private let descriptor: Int32
  private let size: PictureSize
  /// Frames a second, as the header says.
  private var rate: Double
  private let limits: Limits
  /// Each place's chunk: offset in the file and bytes.
  private let index: UnsafeMutablePointer<(offset: UInt32, bytes: UInt32)>
  private var places = 0
  private var end: Int
  private var begun: UInt64?
  private var largest = 0
  private var refreshed: UInt64 = 0
  private var isOpen = true

  private static let headerBytes = 12 + 8 + 4 + 64 + 8 + 4 + 64 + 48 + 12
  private static let moviStart = headerBytes - 4
  private static let refreshInterval: UInt64 = 1_000_000_000

  /// A new file: where the name is taken, "drive-2.avi" and so on.
  ///
  /// - Throws: `.output` when no file can be made there.
  package convenience init(
    path: String, size: PictureSize, rate: Double, limits: Limits = Limits()
  ) throws(RoadError) {
    try self.init(Self.create(path), size: size, rate: rate, limits: limits)
  }

  /// The same in the place of a file that may be there.
  package convenience init(replacing path: String, size: PictureSize, limits: Limits = Limits()) throws(RoadError) {
    let descriptor = try System.open(path, O_RDWR | O_CREAT | O_TRUNC, mode: 0o644) { Self.refusal(path, $0) }
    try self.init((path, descriptor), size: size, rate: 30, limits: limits)
  }

  private init(
    _ file: (path: String, descriptor: Int32), size: PictureSize, rate: Double, limits: Limits
  ) throws(RoadError) {
    (path, descriptor) = file
    self.size = size
    self.rate = rate
    self.limits = limits
    index = .allocate(capacity: limits.places)
    index.initialize(repeating: (0, 0), count: limits.places)
    end = Self.headerBytes
    lastTimestamp = MonotonicClock.now()
    try writeHeader()
  }

  deinit {
    if isOpen { System.close(descriptor) }
    index.deallocate()
  }

  /// Whether the next frame belongs into a new file.
  package var isFull: Bool { places + 1 >= limits.places || end > limits.bytes }

  package var frames: Int { places }

  /// Whether a frame of so many bytes leaves the file and its index within the limits.
  package func fits(_ bytes: Int) -> Bool {
    places + 1 < limits.places && end + bytes + 24 * (places + 2) < limits.bytes
  }

  /// At the next place.
  package func append(_ jpeg: UnsafeRawBufferPointer) throws(RoadError) {
    try appendChunk(jpeg)
    largest = max(largest, jpeg.count)
  }

  /// At the place that its time says.
  ///
  /// - Parameter timestamp: nanoseconds of the monotonic clock.
  package func append(_ jpeg: UnsafeRawBufferPointer, at timestamp: UInt64) throws(RoadError) {
    let begun = begun ?? timestamp
    self.begun = begun
    lastTimestamp = max(timestamp, lastTimestamp)
    let seconds = timestamp > begun ? Double(timestamp - begun) / 1e9 : 0
    let place = min(max(Int((seconds * rate).rounded()), places), limits.places - 1)
    while places < place { try appendChunk(UnsafeRawBufferPointer(start: nil, count: 0)) }
    try append(jpeg)
    guard timestamp > refreshed &+ Self.refreshInterval else { return }
    refreshed = timestamp
    try writeHeader()
  }

  /// Writes the index and closes; the file is whole without it, too.
  ///
  /// - Parameter rate: frames a second, where they are known only now.
  package func finish(rate: Double? = nil) throws(RoadError) {
    guard isOpen else { return }
    if let rate { self.rate = min(max(rate, 0.001), 1000) }
    isOpen = false
    var code = writeIndex()
    if code == 0 { code = headerCode(withIndex: true) }
    // What a failed write has left behind the last whole chunk.
    if code != 0 { ftruncate(descriptor, end) }
    let late = System.close(descriptor)
    if code == 0 { code = late }
    guard code == 0 else { throw failure(code) }
  }

  private func appendChunk(_ bytes: UnsafeRawBufferPointer) throws(RoadError) {
    precondition(places < limits.places, "\(places) frames in one file")
    var head = (Self.frameName, UInt32(bytes.count).littleEndian)
    var code = withUnsafeBytes(of: &head) { write($0, at: end) }
    if code == 0, bytes.count > 0 { code = write(bytes, at: end + 8) }
    if code == 0, bytes.count % 2 == 1 {
      var zero: UInt8 = 0
      code = withUnsafeBytes(of: &zero) { write($0, at: end + 8 + bytes.count) }
    }
    guard code == 0 else { throw failure(code) }
    index[places] = (UInt32(end - Self.moviStart), UInt32(bytes.count))
    places += 1
    end += 8 + (bytes.count + 1) / 2 * 2
  }

  /// "00dc": a compressed frame of stream 0.
  private static let frameName = UInt32(0x6364_3030).littleEndian

  private func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int32 {
    var done = 0
    while done < bytes.count {
      let count = pwrite(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, offset + done)
      if count > 0 { done += count } else if errno != EINTR { return errno }
    }
    return 0
  }

  private func writeIndex() -> Int32 {
    var fields = RIFFFields()
    fields.name("idx1")
    fields.number(16 * places)
    for place in 0..<places {
      fields.name("00dc")
      fields.number(index[place].bytes > 0 ? 0x10 : 0)
      fields.number(Int(index[place].offset))
      fields.number(Int(index[place].bytes))
    }
    return fields.bytes.withUnsafeBytes { write($0, at: end) }
  }

  private func writeHeader() throws(RoadError) {
    let code = headerCode(withIndex: false)
    if code != 0 { throw failure(code) }
  }

  private func headerCode(withIndex: Bool) -> Int32 {
    let whole = end + (withIndex ? 8 + 16 * places : 0)
    return withUnsafeTemporaryAllocation(byteCount: Self.headerBytes, alignment: 4) { buffer in
      fillHeader(buffer, fileBytes: whole, hasIndex: withIndex)
      return write(UnsafeRawBufferPointer(buffer), at: 0)
    }
  }

  private func failure(_ code: Int32) -> RoadError {
    RoadError(
      .output, "\(path): cannot be written: \(System.words(code))",
      remedy: code == ENOSPC || code == EDQUOT ? "free some space there or choose another disk" : "check the disk",
      code: code)
  }

  /// The first name that is free: "drive.avi", "drive-2.avi", …
  private static func create(_ path: String) throws(RoadError) -> (String, Int32) {
    let stem = path.dropLast(4)
    for number in 1...9999 {
      let name = number == 1 ? path : "\(stem)-\(number)\(path.suffix(4))"
      switch System.open(name, O_RDWR | O_CREAT | O_EXCL, mode: 0o644) {
      case .done(let descriptor): return (name, Int32(descriptor))
      case .failed(EEXIST): continue
      case .failed(let code):
        throw refusal(name, code)
      }
    }
    throw RoadError(.output, "\(path): there are 9999 of it", remedy: "choose another name")
  }

  private static func refusal(_ path: String, _ code: Int32) -> RoadError {
    RoadError(
      .output, "\(path): cannot be made: \(System.words(code))",
      remedy: "choose a folder that is there and that you may write to", code: code)
  }
}

extension AVIWriter {
  /// RIFF('AVI ', LIST('hdrl', avih, LIST('strl', strh, strf)), LIST('movi', …
  private func fillHeader(_ buffer: UnsafeMutableRawBufferPointer, fileBytes: Int, hasIndex: Bool) {
    var out = HeaderCursor(buffer: buffer)
    let thousandths = Int((rate * 1000).rounded())
    out.put("RIFF", fileBytes - 8, "AVI ")
    out.put("LIST", 4 + 64 + 8 + 4 + 64 + 48, "hdrl")
    out.put("avih")
    // Microseconds a frame, bytes a second (unknown), padding, has an index, frames, initial frames, streams, buffer.
    out.put(56, Int((1e6 / rate).rounded()), 0, 0, hasIndex ? 0x10 : 0, places, 0, 1, largest)
    out.put(size.width, size.height, 0, 0, 0, 0)
    out.put("LIST", 4 + 64 + 48, "strl")
    out.put("strh")
    out.put(56)
    out.put("vids")
    out.put("MJPG")
    // Flags, priority and language, initial frames, scale, rate, start, length, buffer, quality (default), sample size.
    out.put(0, 0, 0, 1000, thousandths, 0, places, largest, 0xFFFF_FFFF, 0)
    out.put(0, size.height << 16 | size.width)
    out.put("strf")
    out.put(40, 40, size.width, size.height, 24 << 16 | 1)
    out.put("MJPG")
    out.put(3 * size.pixels, 0, 0, 0, 0)
    out.put("LIST", end - Self.moviStart, "movi")
    precondition(out.offset == Self.headerBytes, "an AVI header of \(out.offset) bytes")
  }
}

/// Numbers of 32 bits and names of four letters, one behind the other.
private struct HeaderCursor {
  let buffer: UnsafeMutableRawBufferPointer
  var offset = 0

  mutating func put(_ name: StaticString) {
    name.withUTF8Buffer { letters in
      for (index, letter) in letters.enumerated() { buffer[offset + index] = letter }
    }
    offset += 4
  }

  mutating func put(_ name: StaticString, _ bytes: Int, _ kind: StaticString) {
    put(name)
    put(bytes)
    put(kind)
  }

  mutating func put(_ numbers: Int...) {
    for number in numbers {
      buffer.storeBytes(of: UInt32(truncatingIfNeeded: number).littleEndian, toByteOffset: offset, as: UInt32.self)
      offset += 4
    }
  }
}

/// The same into memory that grows, for the index.
private struct RIFFFields {
  var bytes: [UInt8] = []

  mutating func name(_ name: String) { bytes += Array(name.utf8) }
  mutating func number(_ value: Int) {
    withUnsafeBytes(of: UInt32(truncatingIfNeeded: value).littleEndian) { bytes += $0 }
  }
}
