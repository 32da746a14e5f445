import Glibc
import RoadKernelContract

/// Bytes and pitches of one tensor with its halo.
///
/// The pixels right of a row are at the same time those left of the next row: the halo costs half, and filling it is
/// one `memset` a row.
package struct TensorLayout: Equatable {
  let height: Int
  let width: Int
  let channels: Int
  let pixelPitch: Int
  let halo: Int

  package init(height: Int, width: Int, channels: Int, pixelPitch: Int, halo: Int) {
    self.height = height
    self.width = width
    self.channels = channels
    self.pixelPitch = pixelPitch
    self.halo = halo
  }

  package var rowPitch: Int { (width + halo) * pixelPitch }
  /// From the first byte of the halo to pixel (0, 0); a multiple of the cache line.
  package var baseOffset: Int { PlanMemory.aligned(halo * rowPitch + halo * pixelPitch) }
  /// All bytes that may be read: the last halo row ends `halo` pixels right of the picture.
  package var byteCount: Int { baseOffset + (height + halo) * rowPitch + halo * pixelPitch }

  package func view(at start: UnsafeMutableRawPointer) -> TensorView {
    TensorView(
      base: start.assumingMemoryBound(to: UInt8.self) + baseOffset, height: height, width: width, channels: channels,
      pixelPitch: pixelPitch, rowPitch: rowPitch, halo: halo)
  }
}

extension TensorView {
  /// Fills the halo beside `rows`, and above and below the picture if they are its first or last. Called by whoever
  /// wrote the rows; needs the shared halo of ``TensorLayout``.
  package func fillHalo(beside rows: Range<Int>, with zeroPoint: UInt8) {
    guard halo > 0, !rows.isEmpty else { return }
    let side = halo * pixelPitch
    for y in rows { memset(pixel(y, width), Int32(zeroPoint), side) }
    if rows.lowerBound == 0 { memset(pixel(-halo, -halo), Int32(zeroPoint), halo * rowPitch + side) }
    if rows.upperBound == height { memset(pixel(height, 0), Int32(zeroPoint), halo * rowPitch + side) }
  }
}
