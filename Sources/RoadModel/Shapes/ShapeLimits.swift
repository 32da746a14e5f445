/// Bounds that keep arithmetic on untrusted shapes away from overflow.
public enum ShapeLimits {
  /// Largest size of one dimension.
  public static let dimension = 1 << 24
  /// Most elements of one tensor.
  public static let elements = 1 << 28

  /// The element count of a shape; nil when a dimension is negative or too large, or the product is.
  public static func count(_ shape: [Int]) -> Int? {
    var product = 1
    for size in shape {
      guard (0...dimension).contains(size) else { return nil }
      product *= size
      guard product <= elements else { return nil }
    }
    return product
  }
}
