import RoadBase

/// How well the edges of the road are met: Boundary IoU of Cheng et al. (CVPR 2021), over all pictures together.
///
/// Of mask and label count the pixels that are road and no farther than d from one that is not, d being 2 % of the
/// picture's diagonal, and what is outside of the picture not being road (distances as a square grows: the greater of
/// the two sides). Pixels without a label are not road in either. Its intersection over its union.
public struct BoundaryIoU: Sendable {
  public private(set) var common: UInt64 = 0
  public private(set) var union: UInt64 = 0
  private let road: UInt8

  /// - Parameter road: of mask and label.
  public init(road: UInt8) { self.road = road }

  /// Nil where there is no road.
  public var value: Double? { union == 0 ? nil : Double(common) / Double(union) }

  /// Pixels that an edge is wide at a size.
  public static func distance(_ size: PictureSize) -> Int {
    let diagonal = Double(size.width * size.width + size.height * size.height).squareRoot()
    return max(1, Int((0.02 * diagonal).rounded()))
  }

  public mutating func add(_ mask: ClassMap, label: ClassMap) {
    precondition(mask.size == label.size, "mask \(mask.size), label \(label.size)")
    let isKnown = label.bytes.map { $0 != ClassMap.void }
    let found = edge(isKnown.indices.map { isKnown[$0] && mask.bytes[$0] == road }, mask.size)
    let wanted = edge(label.bytes.map { $0 == road }, mask.size)
    for index in found.indices {
      if found[index] && wanted[index] { common += 1 }
      if found[index] || wanted[index] { union += 1 }
    }
  }

  private func edge(_ isRoad: [Bool], _ size: PictureSize) -> [Bool] {
    let (d, width) = (Self.distance(size), size.width + 1)
    // sums[y][x]: road above and left of that corner.
    var sums = [Int32](repeating: 0, count: width * (size.height + 1))
    for y in 0..<size.height {
      var row: Int32 = 0
      for x in 0..<size.width {
        if isRoad[y * size.width + x] { row += 1 }
        sums[(y + 1) * width + x + 1] = sums[y * width + x + 1] + row
      }
    }
    let whole = Int32((2 * d + 1) * (2 * d + 1))
    return isRoad.indices.map { index in
      guard isRoad[index] else { return false }
      let (x, y) = (index % size.width, index / size.width)
      let (left, right) = (max(x - d, 0), min(x + d + 1, size.width))
      let (top, bottom) = (max(y - d, 0), min(y + d + 1, size.height))
      let inside =
        sums[bottom * width + right] - sums[top * width + right] - sums[bottom * width + left]
        + sums[top * width + left]
      return inside < whole
    }
  }
}
