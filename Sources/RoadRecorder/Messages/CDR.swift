/// Common Data Representation as ROS 2 serializes messages: little endian, each number at a multiple of its size,
/// counted from behind the four bytes of the header (OMG DDSI-RTPS 2.3, 10; ROS 2 design, "ROS on DDS").
struct CDRWriter {
  private static let header: [UInt8] = [0, 1, 0, 0]
  private(set) var bytes = header

  mutating func put<Number: FixedWidthInteger>(_ number: Number) {
    let size = MemoryLayout<Number>.size
    while (bytes.count - Self.header.count) % size != 0 { bytes.append(0) }
    withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func put(_ text: String) { put(text: text.utf8) }

  mutating func put(text: some Collection<UInt8>) {
    put(UInt32(text.count + 1))
    bytes.append(contentsOf: text)
    bytes.append(0)
  }
}

/// Reads untrusted messages of ROS 2 field by field; nil behind the end.
struct CDRReader {
  private let body: UnsafeRawBufferPointer
  private let isBigEndian: Bool
  private var offset = 0

  /// Nil for what does not begin with a header of plain CDR.
  init?(_ message: UnsafeRawBufferPointer) {
    guard message.count >= 4, message[0] == 0, message[1] <= 1 else { return nil }
    isBigEndian = message[1] == 0
    body = UnsafeRawBufferPointer(rebasing: message[4...])
  }

  mutating func number<Number: FixedWidthInteger & UnsignedInteger>(_ type: Number.Type) -> Number? {
    let size = MemoryLayout<Number>.size
    let start = (offset + size - 1) / size * size
    guard start + size <= body.count else { return nil }
    offset = start + size
    let number = body.loadUnaligned(fromByteOffset: start, as: Number.self)
    return isBigEndian ? Number(bigEndian: number) : Number(littleEndian: number)
  }

  mutating func byteSequence() -> UnsafeRawBufferPointer? {
    guard let count = number(UInt32.self), Int(count) <= body.count - offset else { return nil }
    defer { offset += Int(count) }
    return UnsafeRawBufferPointer(rebasing: body[offset..<offset + Int(count)])
  }

  /// Without the zero at its end.
  mutating func text() -> UnsafeRawBufferPointer? {
    guard let bytes = byteSequence() else { return nil }
    return bytes.last == 0 ? UnsafeRawBufferPointer(rebasing: bytes.dropLast()) : bytes
  }
}
