import Glibc
import RoadBase
import RoadFrame

/// A fully connected conditional random field over a picture's pixels: classes hold together where pixels are near each
/// other and alike in colour (Kraehenbuehl and Koltun, NIPS 2011), set up as DeepLab does (``DenseCRFOptions``).
///
/// Mean field, from Q = softmax(−U) on, ``DenseCRFOptions/iterations`` times:
///
///     Q(x, l) ∝ exp(−U(x, l) + Σ_m w_m · (n_m · K_m(n_m · Q))(x, l))
///
/// with U = −log of the network's probabilities, K_1 a Gaussian of place and colour, K_2 one of place alone, both
/// filtered on a lattice, and n_m = 1/√(K_m 1): the symmetric normalisation that pydensecrf has. Real numbers: for
/// pictures offline, not for the loop over frames, and not the same to the last bit on every board.
public struct DenseCRF {
  private let options: DenseCRFOptions
  private let kernels: [(weight: Float, lattice: PermutohedralLattice, norms: [Float])]
  private let pixels: Int

  /// Prepares the two kernels for a picture.
  public init(_ picture: Picture, options: DenseCRFOptions = DenseCRFOptions()) {
    self.options = options
    pixels = picture.size.pixels
    let near = Self.features(picture, place: options.colourPlace, colour: options.colour)
    let smooth = Self.features(picture, place: options.place, colour: nil)
    kernels = [
      Self.kernel(options.colourWeight, near, dimensions: 5), Self.kernel(options.placeWeight, smooth, dimensions: 2),
    ]
  }

  private static func kernel(
    _ weight: Float, _ features: [Float], dimensions: Int
  ) -> (weight: Float, lattice: PermutohedralLattice, norms: [Float]) {
    let lattice = PermutohedralLattice(features: features, dimensions: dimensions)
    let sums = lattice.filter([Float](repeating: 1, count: lattice.points), count: 1)
    return (weight, lattice, sums.map { 1 / ($0 + 1e-20).squareRoot() })
  }

  private static func features(_ picture: Picture, place: Float, colour: Float?) -> [Float] {
    var features: [Float] = []
    features.reserveCapacity(picture.size.pixels * (colour == nil ? 2 : 5))
    for y in 0..<picture.size.height {
      let row = picture.row(y)
      for x in 0..<picture.size.width {
        features += [Float(x) / place, Float(y) / place]
        if let colour { for channel in 0..<3 { features.append(Float(row[4 * x + channel]) / colour) } }
      }
    }
    return features
  }

  /// - Parameter logits: of each pixel, row-major, `classes` side by side; the softmax of them are the probabilities.
  /// - Returns: the probabilities afterwards, in the same shape.
  public func probabilities(logits: [Float], classes: Int) -> [Float] {
    precondition(logits.count == pixels * classes, "\(logits.count) logits for \(pixels) pixels of \(classes)")
    let unary = Self.normalised(logits, classes: classes).map { log(max($0, 1e-10)) }
    var field = Self.normalised(unary, classes: classes)
    for _ in 0..<options.iterations {
      var energies = unary
      for (weight, lattice, norms) in kernels {
        let scaled = Self.scaled(field, by: norms, classes: classes)
        let sums = Self.scaled(lattice.filter(scaled, count: classes), by: norms, classes: classes)
        for index in energies.indices { energies[index] += weight * sums[index] }
      }
      field = Self.normalised(energies, classes: classes)
    }
    return field
  }

  /// The softmax of each pixel.
  private static func normalised(_ values: [Float], classes: Int) -> [Float] {
    var result = values
    for start in stride(from: 0, to: values.count, by: classes) {
      let range = start..<start + classes
      let most = range.reduce(-Float.infinity) { max($0, values[$1]) }
      var sum: Float = 0
      for index in range {
        result[index] = expf(values[index] - most)
        sum += result[index]
      }
      for index in range { result[index] /= sum }
    }
    return result
  }

  private static func scaled(_ values: [Float], by factors: [Float], classes: Int) -> [Float] {
    var result = values
    for (pixel, factor) in factors.enumerated() { for c in 0..<classes { result[pixel * classes + c] *= factor } }
    return result
  }
}

/// Weights and widths of a ``DenseCRF``.
///
/// As with DeepLab (Chen et al., 2018), they were chosen on pictures with labels, other ones than its figures are of:
/// contextnet on every sixth picture of CamVid val and every third of IDD Lite val. The kernel of place alone is given
/// there (3, 1), as is that of place and colour for PASCAL VOC (4, 67, 3): both smooth roads too much, whose edges on
/// IDD Lite became worse. A colour weight of 1 and a place weight of 1 made edges better on both sets.
public struct DenseCRFOptions: Hashable, Sendable {
  public var iterations = 10
  /// Of the kernel of place and colour: its weight, and its standard deviations in pixels and in steps of colour.
  public var colourWeight: Float = 1
  public var colourPlace: Float = 150
  public var colour: Float = 5
  /// Of the kernel of place alone.
  public var placeWeight: Float = 1
  public var place: Float = 1

  public init() {}
}
