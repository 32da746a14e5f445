import CZlib

/// The CRC-32 of zlib and PNG, which MCAP uses.
package enum CRC32 {
  package static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 { continued(0, bytes) }

  /// The CRC of what `start` is the CRC of, followed by `bytes`.
  package static func continued(_ start: UInt32, _ bytes: UnsafeRawBufferPointer) -> UInt32 {
    UInt32(truncatingIfNeeded: crc32_z(UInt(start), bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count))
  }
}
