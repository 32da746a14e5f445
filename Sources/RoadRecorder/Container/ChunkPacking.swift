/// How the records of a chunk are packed, by the name in the chunk: roadseg writes "" and "zstd", and reads "lz4", too.
enum ChunkPacking {
  /// - Returns: false for damaged bytes, any other size than the target's, and names that the format does not know.
  static func unpack(
    _ bytes: UnsafeRawBufferPointer, _ name: String, into target: UnsafeMutableRawBufferPointer
  ) -> Bool {
    switch name {
    case "zstd": Zstd.decompress(bytes, into: target)
    case "lz4": LZ4Frame.decompress(bytes, into: target)
    default: false
    }
  }

  /// - Parameter size: of the result, exactly.
  static func unpack(_ bytes: UnsafeRawBufferPointer, _ name: String, size: Int) -> [UInt8]? {
    var isWhole = false
    let unpacked = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      isWhole = unpack(bytes, name, into: UnsafeMutableRawBufferPointer(buffer))
      count = isWhole ? size : 0
    }
    return isWhole ? unpacked : nil
  }
}
