import Glibc
import RoadKernelContract

/// A few rows of a tensor that never exists whole: a window that slides down the picture.
///
/// Its view has the coordinates of the whole tensor, so kernels do not know the difference; only rows inside the window
/// may be touched. Rows and columns outside the picture hold the zero-point, as in any halo.
struct StripBuffer {
  private(set) var view: TensorView
  private let origin: UnsafeMutablePointer<UInt8>
  private let zeroPoint: Int32
  /// The rows in the buffer: everything from `firstRow`, computed up to `endRow`.
  private var firstRow = 0
  private var endRow = 0

  /// - Parameter layout: of the whole tensor; `byteCount(layout:rows:)` bytes at `start`.
  init(layout: TensorLayout, zeroPoint: UInt8, at start: UnsafeMutableRawPointer) {
    let bytes = start.assumingMemoryBound(to: UInt8.self)
    origin = bytes + PlanMemory.aligned(layout.halo * layout.pixelPitch)
    self.zeroPoint = Int32(zeroPoint)
    view = layout.view(at: start)
    view.base = origin
  }

  static func byteCount(layout: TensorLayout, rows: Int) -> Int {
    let side = layout.halo * layout.pixelPitch
    return PlanMemory.aligned(PlanMemory.aligned(side) + rows * layout.rowPitch + side)
  }

  mutating func empty() { (firstRow, endRow) = (0, 0) }

  /// Moves the window to `rows`, keeps what is already there, and returns the rows of the picture that are yet to be
  /// computed.
  mutating func slide(to rows: Range<Int>) -> Range<Int> {
    let kept = max(endRow - rows.lowerBound, 0)
    if kept > 0, rows.lowerBound > firstRow {
      let from = view.pixel(rows.lowerBound, -view.halo)
      memmove(origin - sideBytes, from, kept * view.rowPitch + sideBytes)
    }
    if kept == 0 || rows.lowerBound < firstRow { endRow = rows.lowerBound }
    firstRow = rows.lowerBound
    view.base = origin - firstRow * view.rowPitch
    let missing = endRow..<max(endRow, rows.upperBound)
    for y in missing where y < 0 || y >= view.height {
      memset(view.pixel(y, -view.halo), zeroPoint, view.rowPitch + sideBytes)
    }
    endRow = missing.upperBound
    let clamped = missing.clamped(to: 0..<view.height)
    return clamped
  }

  /// Left and right of rows that were just computed.
  func fillSides(_ rows: Range<Int>) {
    guard view.halo > 0 else { return }
    for y in rows {
      memset(view.pixel(y, -view.halo), zeroPoint, sideBytes)
      memset(view.pixel(y, view.width), zeroPoint, sideBytes)
    }
  }

  private var sideBytes: Int { view.halo * view.pixelPitch }
}
