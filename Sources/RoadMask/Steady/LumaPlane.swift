import RoadBase
import RoadKernelContract
import RoadKernels

/// A small grey picture: one byte for 2x2 pixels of a larger one.
///
/// A byte is `floor(Σ (red + 2·green + blue) / 16)` over the four; odd last rows and columns are left out. Made once
/// for a size; nothing is allocated afterwards.
public final class LumaPlane: @unchecked Sendable {
  public let size: PictureSize
  public let base: UnsafeMutablePointer<UInt8>
  private let greyRow = KernelSet.ofThisMachine.greyRow

  /// - Parameter picture: size of the larger one, sides of 2 and more.
  public init(halving picture: PictureSize) {
    precondition(picture.width >= 2 && picture.height >= 2, "half of \(picture)")
    size = PictureSize(width: picture.width / 2, height: picture.height / 2)
    base = .allocate(capacity: size.pixels)
    base.initialize(repeating: 0, count: size.pixels)
  }

  deinit { base.deallocate() }

  /// Fills some rows from RGBX.
  ///
  /// - Parameters:
  ///   - pixels: pixel (0, 0) of the larger picture, aligned to four bytes as its rows are.
  ///   - rowPitch: bytes from one of its rows to the next.
  public func fill(rows: Range<Int>, from pixels: UnsafePointer<UInt8>, rowPitch: Int) {
    for y in rows {
      let upper = pixels + 2 * y * rowPitch
      var row = GreyRowArguments(
        upper: upper, lower: upper + rowPitch, count: size.width, destination: base + y * size.width)
      greyRow.run(&row)
    }
  }
}
