import CZstd
import RoadBase

/// Zstandard through libzstd, level 1: cameras are faster than the higher ones.
package final class ZstdCompressor: @unchecked Sendable {
  private let context: OpaquePointer

  package init() throws(RoadError) {
    guard let context = ZSTD_createCCtx() else {
      throw RoadError(.recording, "libzstd gives no compressor", remedy: "free some memory")
    }
    self.context = context
  }

  deinit { ZSTD_freeCCtx(context) }

  /// Nil where it does not get smaller.
  package func compress(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
    let bound = ZSTD_compressBound(bytes.count)
    let packed = [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
      let size = ZSTD_compressCCtx(context, buffer.baseAddress, bound, bytes.baseAddress, bytes.count, 1)
      count = ZSTD_isError(size) == 0 ? size : 0
    }
    return packed.isEmpty || packed.count >= bytes.count ? nil : packed
  }
}

enum Zstd {
  /// - Returns: false for damaged bytes, or any other size than the target's.
  static func decompress(_ bytes: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Bool {
    ZSTD_decompress(target.baseAddress, target.count, bytes.baseAddress, bytes.count) == target.count
  }
}
