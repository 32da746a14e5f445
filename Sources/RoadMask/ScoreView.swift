/// Where the u8 class scores of one picture lie in memory, at the network's own stride: one byte a class, the classes
/// of a pixel side by side (NHWC).
///
/// `score = base[y · rowPitch + x · pixelPitch + c]` with c in `0 ..< classes`; the highest score wins. A monotone map
/// of the real logits, such as a quantization with one scale for all classes, leaves every winner as it is.
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
  /// Scores of 15 bits: the 7 bits below the byte of class c are the byte this far behind it. 0: scores of 8 bits.
  public var lowOffset: Int

  public init(
    base: UnsafePointer<UInt8>, width: Int, height: Int, classes: Int, pixelPitch: Int, rowPitch: Int,
    lowOffset: Int = 0
  ) {
    precondition(width > 0 && height > 0, "scores of \(width)x\(height) pixels")
    precondition((1...255).contains(classes), "\(classes) classes; a class map holds 1...255")
    precondition(pixelPitch >= classes, "pixel pitch \(pixelPitch) is less than the \(classes) classes")
    precondition(lowOffset == 0 || lowOffset >= classes, "low bits \(lowOffset) bytes behind \(classes) classes")
    precondition(
      lowOffset == 0 || pixelPitch >= lowOffset + classes, "pixel pitch \(pixelPitch) is less than the low bits")
    precondition(rowPitch >= (width - 1) * pixelPitch + classes, "row pitch \(rowPitch) is less than a row")
    self.base = base
    self.width = width
    self.height = height
    self.classes = classes
    self.pixelPitch = pixelPitch
    self.rowPitch = rowPitch
    self.lowOffset = lowOffset
  }

  /// The whole score of class `c` at a pixel.
  @inline(__always)
  static func score(_ pixel: UnsafePointer<UInt8>, _ c: Int, _ lowOffset: Int) -> UInt64 {
    let high = UInt64(pixel[c])
    return lowOffset == 0 ? high : high &<< 7 | UInt64(pixel[lowOffset &+ c])
  }

  /// The whole score of class `c` at a pixel.
  public func score(_ y: Int, _ x: Int, _ c: Int) -> Int { Int(Self.score(pixel(y, x), c, lowOffset)) }

  @inline(__always)
  func pixel(_ y: Int, _ x: Int) -> UnsafePointer<UInt8> { base + (y &* rowPitch &+ x &* pixelPitch) }
}
