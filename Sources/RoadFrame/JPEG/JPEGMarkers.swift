import Glibc

/// One marker of a JPEG with what belongs to it (ITU-T T.81, B.1.1).
struct JPEGMarker {
  var code: UInt8
  /// Where its 0xFF stands that the code follows.
  var at: Int
  /// The parameters behind the length; empty for a marker without.
  var parameters: Range<Int>
  /// Behind the segment; for the start of a scan behind the entropy-coded data.
  var end: Int
  /// Bytes before `at` that belong to nothing.
  var surplus: Int

  static let startOfImage: UInt8 = 0xD8
  static let endOfImage: UInt8 = 0xD9
  static let startOfScan: UInt8 = 0xDA
  static let huffmanTables: UInt8 = 0xC4
  static let quantizationTables: UInt8 = 0xDB

  /// A frame header: SOF0…SOF15 without DHT, JPG and DAC.
  var isFrame: Bool { (0xC0...0xCF).contains(code) && code != 0xC4 && code != 0xC8 && code != 0xCC }

  static func isRestart(_ code: UInt8) -> Bool { (0xD0...0xD7).contains(code) }
}

/// Walks the markers of a JPEG as decoders do: what is no marker where one should be is skipped, segments are skipped
/// by their length, entropy-coded data ends at 0xFF followed by anything but 0x00, 0xFF and the restart markers.
struct JPEGMarkers: IteratorProtocol {
  let bytes: UnsafeRawBufferPointer
  private(set) var position: Int
  /// Whether the bytes end within a segment.
  private(set) var isCut = false

  init(_ bytes: UnsafeRawBufferPointer, from start: Int) {
    self.bytes = bytes
    position = start
  }

  mutating func next() -> JPEGMarker? {
    let start = position
    guard let at = marker(from: start) else {
      position = bytes.count
      return nil
    }
    var found = JPEGMarker(
      code: bytes[at + 1], at: at, parameters: at + 2..<at + 2, end: at + 2, surplus: surplus(start..<at))
    if !Self.standsAlone(found.code) {
      guard at + 4 <= bytes.count else { return cut() }
      let length = Int(bytes[at + 2]) << 8 | Int(bytes[at + 3])
      guard length >= 2, at + 2 + length <= bytes.count else { return cut() }
      found.parameters = at + 4..<at + 2 + length
      found.end = at + 2 + length
      if found.code == JPEGMarker.startOfScan { found.end = endOfScan(from: found.end) }
    }
    position = found.end
    return found
  }

  private mutating func cut() -> JPEGMarker? {
    isCut = true
    position = bytes.count
    return nil
  }

  static func standsAlone(_ code: UInt8) -> Bool { code == 0x01 || (0xD0...0xD9).contains(code) }

  /// The next 0xFF that a code follows; fill bytes before it are passed over.
  private func marker(from start: Int) -> Int? {
    var at = start
    while let found = Self.find(0xFF, bytes, from: at), found + 1 < bytes.count {
      if bytes[found + 1] != 0xFF, bytes[found + 1] != 0 { return found }
      at = found + 1
    }
    return nil
  }

  /// Fill bytes (any number of 0xFF) are allowed before a marker and are no surplus.
  private func surplus(_ range: Range<Int>) -> Int {
    bytes[range].allSatisfy { $0 == 0xFF } ? 0 : range.count
  }

  private func endOfScan(from start: Int) -> Int {
    var at = start
    while let found = Self.find(0xFF, bytes, from: at), found + 1 < bytes.count {
      let code = bytes[found + 1]
      if code != 0, code != 0xFF, !JPEGMarker.isRestart(code) { return found }
      at = found + (code == 0xFF ? 1 : 2)
    }
    return bytes.count
  }

  /// Where `byte` stands next.
  static func find(_ byte: UInt8, _ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
    guard start < bytes.count, let base = bytes.baseAddress,
      let found = memchr(base + start, Int32(byte), bytes.count - start)
    else { return nil }
    return UnsafeRawPointer(found) - base
  }
}
