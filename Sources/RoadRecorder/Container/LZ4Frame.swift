/// Reads LZ4 frames (https://github.com/lz4/lz4, doc/lz4_Frame_format.md and lz4_Block_format.md).
///
/// Sixty lines instead of one more library on every board: only files of other programs are packed so. The checksums
/// of frames and blocks are passed over, for a chunk has its own. The bytes are untrusted.
enum LZ4Frame {
  private static let magic: UInt32 = 0x184D_2204

  private struct Flags {
    var hasBlockChecksums: Bool
    var hasContentSize: Bool
    var hasDictionary: Bool

    /// Nil for another version of the format.
    init?(_ byte: UInt8) {
      guard byte >> 6 == 1 else { return nil }
      hasBlockChecksums = byte & 0x10 != 0
      hasContentSize = byte & 0x08 != 0
      hasDictionary = byte & 0x01 != 0
    }
  }

  /// - Returns: false for damaged bytes, or any other size than the target's.
  static func decompress(_ bytes: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Bool {
    var reader = ByteReader(bytes)
    // Frame descriptor: flags, largest block, content size, checksum of the header.
    guard reader.u32() == magic, let flags = reader.u8().flatMap(Flags.init), !flags.hasDictionary,
      reader.take(flags.hasContentSize ? 10 : 2) != nil
    else { return false }
    var filled = 0
    while let head = reader.u32() {
      // The end mark.
      if head == 0 { return filled == target.count }
      guard let block = reader.take(Int(head & 0x7FFF_FFFF)) else { return false }
      if head >> 31 == 1 {
        guard block.count <= target.count - filled else { return false }
        UnsafeMutableRawBufferPointer(rebasing: target[filled...]).copyMemory(from: block)
        filled += block.count
      } else {
        guard let end = unpack(block, into: target, from: filled) else { return false }
        filled = end
      }
      if flags.hasBlockChecksums, reader.u32() == nil { return false }
    }
    return false
  }

  /// One block: literals and copies of what is there already, of earlier blocks, too.
  ///
  /// - Returns: where the target is filled up to.
  private static func unpack(
    _ block: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer, from start: Int
  ) -> Int? {
    var reader = ByteReader(block)
    var filled = start
    while let token = reader.u8() {
      guard let literals = length(Int(token >> 4), &reader), let bytes = reader.take(literals),
        literals <= target.count - filled
      else { return nil }
      UnsafeMutableRawBufferPointer(rebasing: target[filled...]).copyMemory(from: bytes)
      filled += literals
      // The last sequence has no copy.
      if reader.remaining == 0 { return filled }
      guard let distance = reader.u16().map(Int.init), let count = length(Int(token & 15), &reader), distance > 0,
        distance <= filled, count <= target.count - filled - 4
      else { return nil }
      // Byte by byte: source and target may overlap, which repeats a pattern.
      for place in filled..<filled + count + 4 { target[place] = target[place - distance] }
      filled += count + 4
    }
    return nil
  }

  /// Four bits, and bytes that are added as long as they are full.
  private static func length(_ bits: Int, _ reader: inout ByteReader) -> Int? {
    guard bits == 15 else { return bits }
    var length = bits
    while let byte = reader.u8() {
      length += Int(byte)
      if byte < 255 { return length }
    }
    return nil
  }
}
