// Arguments of the kernels that turn rows of camera pixels into rows of other pixels: what lies before and behind the
// network. They compute one row; source and destination rows are apart unless said otherwise.

/// The row between two rows of bytes, in Q7: with `w = 16·h + l`, `128·a + (b − a)·h + floor(((b − a)·l + 8) / 2^4)`.
public struct BlendRowArguments {
  public var above: UnsafePointer<UInt8>
  public var below: UnsafePointer<UInt8>
  /// Q11 share of `below`, 0...2048.
  public var weight: Int16
  /// Bytes.
  public var count: Int
  public var destination: UnsafeMutablePointer<Int16>

  public init(
    above: UnsafePointer<UInt8>, below: UnsafePointer<UInt8>, weight: Int16, count: Int,
    destination: UnsafeMutablePointer<Int16>
  ) {
    self.above = above
    self.below = below
    self.weight = weight
    self.count = count
    self.destination = destination
  }
}

/// Pixels between the pixels of a row in Q7, to bytes: `floor((a·(2048 − w) + b·w + 2^17) / 2^18)` for four channels a
/// pixel.
public struct InterpolateRowArguments {
  /// Four samples a pixel, 0...32640; four more after the last pixel are readable, whatever they hold.
  public var row: UnsafePointer<Int16>
  /// For each destination pixel the first sample of the left one of its two source pixels; the right one follows it.
  public var offsets: UnsafePointer<Int32>
  /// For each destination pixel four times the pair (2048 − w, w), w in 0...2048; 0 where the right pixel does not
  /// exist.
  public var weights: UnsafePointer<Int16>
  /// Destination pixels.
  public var count: Int
  public var destination: UnsafeMutablePointer<UInt8>

  public init(
    row: UnsafePointer<Int16>, offsets: UnsafePointer<Int32>, weights: UnsafePointer<Int16>, count: Int,
    destination: UnsafeMutablePointer<UInt8>
  ) {
    self.row = row
    self.offsets = offsets
    self.weights = weights
    self.count = count
    self.destination = destination
  }
}

/// Pairs of pixels of packed 4:2:2 (YUYV, UYVY) to RGBX:
///
///     R = clamp(floor((luma·(Y − black) + redV·(V − 128)                       + 2^12) / 2^13), 0, 255)
///     G = clamp(floor((luma·(Y − black) − greenU·(U − 128) − greenV·(V − 128)  + 2^12) / 2^13), 0, 255)
///     B = clamp(floor((luma·(Y − black) + blueU·(U − 128)                      + 2^12) / 2^13), 0, 255)     X = 255
public struct PackedYUVRowArguments {
  /// Four bytes a pair, at any address.
  public var source: UnsafePointer<UInt8>
  public var pairs: Int
  /// Whether luma comes first (YUYV) or chroma (UYVY).
  public var lumaFirst: Bool
  /// Q13, 0...32767.
  public var luma: Int16
  public var redV: Int16
  public var greenU: Int16
  public var greenV: Int16
  public var blueU: Int16
  /// 0 or 16.
  public var black: Int16
  public var destination: UnsafeMutablePointer<UInt8>

  public init(
    source: UnsafePointer<UInt8>, pairs: Int, lumaFirst: Bool, luma: Int16, redV: Int16, greenU: Int16,
    greenV: Int16, blueU: Int16, black: Int16, destination: UnsafeMutablePointer<UInt8>
  ) {
    self.source = source
    self.pairs = pairs
    self.lumaFirst = lumaFirst
    self.luma = luma
    self.redV = redV
    self.greenU = greenU
    self.greenV = greenV
    self.blueU = blueU
    self.black = black
    self.destination = destination
  }
}

/// What the overlay paints on each pixel of a row of classes. On the road it is `inner`, or `outline` where one of
/// eight pixels is not road: those one and `thickness` to the left, to the right, above and below. Beside it, it is
/// `fringe` where one of the four neighbours is road, and else the class itself or `plain`.
public struct RoadCodesArguments {
  /// The row; `thickness` pixels left and right of those computed are readable.
  public var row: UnsafePointer<UInt8>
  public var up: UnsafePointer<UInt8>
  public var down: UnsafePointer<UInt8>
  public var farUp: UnsafePointer<UInt8>
  public var farDown: UnsafePointer<UInt8>
  public var thickness: Int
  public var count: Int
  public var road: UInt8
  public var outline: UInt8
  public var fringe: UInt8
  /// For pixels beside the road; nil keeps their class.
  public var plain: UInt8?
  public var destination: UnsafeMutablePointer<UInt8>

  public init(
    row: UnsafePointer<UInt8>, up: UnsafePointer<UInt8>, down: UnsafePointer<UInt8>, farUp: UnsafePointer<UInt8>,
    farDown: UnsafePointer<UInt8>, thickness: Int, count: Int, road: UInt8, outline: UInt8, fringe: UInt8,
    plain: UInt8?, destination: UnsafeMutablePointer<UInt8>
  ) {
    self.row = row
    self.up = up
    self.down = down
    self.farUp = farUp
    self.farDown = farDown
    self.thickness = thickness
    self.count = count
    self.road = road
    self.outline = outline
    self.fringe = fringe
    self.plain = plain
    self.destination = destination
  }
}
