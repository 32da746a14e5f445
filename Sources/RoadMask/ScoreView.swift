/// Where the u8 class scores of one picture lie in memory, at the network's own stride: one byte a class, the classes of
/// a pixel side by side (NHWC).
///
/// `score = base[y · rowPitch + x · pixelPitch + c]` with c in `0 ..< classes`; the highest score wins. A monotone map of
/// the real logits, such as a quantization with one scale for all classes, leaves every winner as it is.
public struct ScoreView {
  public var base: UnsafePointer<UInt8>
  public var width: Int
  public var height: Int
  /// 1...255: 255 itself means void in a class map.
  public var classes: Int
  /// Bytes from one pixel to the next; at least `classes`.
  public var pixelPitch: Int
  /// Bytes from one row to the next.
  public var rowPitch: Int

  public init(
    base: UnsafePointer<UInt8>, width: Int, height: Int, classes: Int, pixelPitch: Int, rowPitch: Int
  ) {
    precondition(width > 0 && height > 0, "scores of \(width)x\(height) pixels")
    precondition((1...255).contains(classes), "\(classes) classes; a class map holds 1...255")
    precondition(pixelPitch >= classes, "pixel pitch \(pixelPitch) is less than the \(classes) classes")
    precondition(rowPitch >= (width - 1) * pixelPitch + classes, "row pitch \(rowPitch) is less than a row")
    self.base = base
    self.width = width
    self.height = height
    self.classes = classes
    self.pixelPitch = pixelPitch
    self.rowPitch = rowPitch
  }

  @inline(__always)
  func pixel(_ y: Int, _ x: Int) -> UnsafePointer<UInt8> { base + (y &* rowPitch &+ x &* pixelPitch) }
}
