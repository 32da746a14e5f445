import RoadBase

/// Whether a picture can be seen at all: how bright and how sharp it is, on the network's own input.
///
/// Of the small grey picture (``LumaPlane``), without its rim, with gx = p(x + 1) − p(x − 1), gy likewise and the
/// Laplacian l = 4·p − the four neighbours: edges are the pixels with |gx| + |gy| ≥ 16, sharpness is
/// `floor(100 · Σ|l| / Σ(|gx| + |gy|))` over them. Contrast and light cancel out; of a blurred edge the Laplacian falls
/// faster than the gradient.
public struct PictureHealth: Hashable, Sendable {
  /// In the order in which they are told.
  public enum Word: String, Sendable, CaseIterable {
    case good, dark, blurred
  }

  /// Mean luma, 0...255.
  public let luma: Int
  /// Nil with fewer than 64 pixels of edges.
  public let sharpness: Int?

  /// Measured: of 305 pictures of CamVid, IDD Lite and the dashcam clip none is darker than 46 or less sharp than 41;
  /// blurred by a Gaussian of two pixels at 480x360 none is sharper than 32.
  private static let darkest = 32
  private static let leastSharpness = 36
  private static let fewestEdges = 64

  public init(luma: Int, sharpness: Int?) {
    self.luma = luma
    self.sharpness = sharpness
  }

  public init(of plane: LumaPlane) {
    let (width, height) = (plane.size.width, plane.size.height)
    var (sum, edges, gradients, bends) = (0, 0, 0, 0)
    for index in 0..<width &* height { sum &+= Int(plane.base[index]) }
    if width > 2, height > 2 {
      for y in 1..<height &- 1 {
        let row = plane.base + y &* width
        let (upper, lower) = (row - width, row + width)
        for x in 1..<width &- 1 {
          let (left, right) = (Int32(row[x &- 1]), Int32(row[x &+ 1]))
          let (above, below) = (Int32(upper[x]), Int32(lower[x]))
          let gradient = abs(right &- left) &+ abs(below &- above)
          guard gradient >= 16 else { continue }
          edges &+= 1
          gradients &+= Int(gradient)
          bends &+= Int(abs(4 &* Int32(row[x]) &- left &- right &- above &- below))
        }
      }
    }
    luma = sum / (width &* height)
    sharpness = edges >= Self.fewestEdges ? 100 &* bends / gradients : nil
  }

  public var word: Word {
    if luma < Self.darkest { return .dark }
    return sharpness.map { $0 < Self.leastSharpness } == true ? .blurred : .good
  }
}
