import RoadBase

/// Whether a picture can be seen at all: how bright and how sharp it is, on the network's own input.
///
/// Of the small grey picture (``LumaPlane``), without its rim, with gx = p(x + 1) − p(x − 1), gy likewise and the
/// Laplacian l = 4·p − the four neighbours: edges are the pixels with |gx| + |gy| ≥ 16, sharpness is
/// `floor(100 · Σ|l| / Σ(|gx| + |gy|))` over them. Contrast and light cancel out; of a blurred edge the Laplacian falls
/// faster than the gradient. Glare are the blocks of 8x8 below 40 percent of the height of which every pixel is 250 and
/// more: a low sun, its reflection on a wet road, headlights; above, a bright sky is nothing unusual.
public struct PictureHealth: Hashable, Sendable {
  /// In the order in which they are told.
  public enum Word: String, Sendable, CaseIterable {
    case good, dark, glare, blurred, dirty
  }

  /// Mean luma, 0...255.
  public let luma: Int
  /// Nil with fewer than 64 pixels of edges.
  public let sharpness: Int?

  /// Per mille of the picture below 40 percent of its height.
  public let glare: Int
  /// Per mille of the picture that dirt on the lens blurs (``LensDirt``); nil as long as nobody can tell.
  public var dirt: Int?

  /// Measured: of 305 pictures of CamVid, IDD Lite and the dashcam clip none is darker than 46 or less sharp than 41;
  /// blurred by a Gaussian of two pixels at 480x360 none is sharper than 32.
  private static let darkest = 32
  private static let leastSharpness = 36
  private static let fewestEdges = 64
  /// Measured: of 649 pictures of CamVid, IDD Lite and the dashcam clip none has more than 29.
  private static let mostGlare = 50
  /// Neither the dashcam clip nor CamVid val has any; behind a computed drop that blurs 4.5 % of the picture they have
  /// 19 and 18.
  private static let mostDirt = 15
  private static let clipped: UInt8 = 250
  private static let block = 8

  public init(luma: Int, sharpness: Int?, glare: Int = 0, dirt: Int? = nil) {
    self.luma = luma
    self.sharpness = sharpness
    self.glare = glare
    self.dirt = dirt
  }

  public init(of plane: LumaPlane) {
    let (width, height) = (plane.size.width, plane.size.height)
    var sums = EdgeSums()
    var light = 0
    for y in 0..<height {
      let row = UnsafePointer(plane.base + y &* width)
      light &+= EdgeSums.light(row, count: width)
      if y > 0, y &+ 1 < height { sums.add(row, width: width) }
    }
    luma = light / (width &* height)
    sharpness = sums.edges >= Self.fewestEdges ? 100 &* sums.bends / sums.gradients : nil
    glare = Self.glare(of: plane)
  }

  private static func glare(of plane: LumaPlane) -> Int {
    let (columns, rows) = (plane.size.width / block, plane.size.height / block)
    let first = (2 * rows + 4) / 5
    guard columns > 0, rows > first else { return 0 }
    var bright = 0
    for row in first..<rows {
      for column in 0..<columns where isClipped(plane, column &* block, row &* block) { bright &+= 1 }
    }
    return 1000 * bright / (columns * (rows - first))
  }

  private static func isClipped(_ plane: LumaPlane, _ x: Int, _ y: Int) -> Bool {
    for line in y..<y &+ block {
      let row = plane.base + (line &* plane.size.width &+ x)
      for column in 0..<block where row[column] < clipped { return false }
    }
    return true
  }

  public var word: Word {
    if luma < Self.darkest { return .dark }
    if glare >= Self.mostGlare { return .glare }
    if let sharpness, sharpness < Self.leastSharpness { return .blurred }
    return dirt.map { $0 >= Self.mostDirt } == true ? .dirty : .good
  }
}
