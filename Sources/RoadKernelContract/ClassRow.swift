/// The classes of 16 pixels at a time in one output row of a bilinear upsampling.
///
/// With `s_c(j)` the vertically interpolated score of class `c` in score column `j`,
/// `upper · pairs.upper + lower · pairs.lower`, and for pixel `x` the column `j = columns[x]` and the weights
/// `(left, right)`, it gets the lowest class whose `left · s_c(j) + right · s_c(j + 1)` is greatest.
///
/// Keys are compared, `(that << shift) + mask − c` with `mask = 2^shift − 1`, so
/// ``weights`` come shifted. The caller keeps `s_c` in 0...32767 and keys within Int32.
public struct ClassRowArguments {
  /// Pixels of a block.
  public static let blockPixels = 16
  /// Entries that must be readable and, in ``interpolated``, writable behind the last score column.
  public static let padding = 17

  /// Upper score in the low 16 bits, lower in the high: `scorePairs[c · pitch + j]`.
  public var scorePairs: UnsafePointer<Int32>
  /// Written: `s_c(j)` in the low 16 bits, `s_c(j + 1)` in the high.
  public var interpolated: UnsafeMutablePointer<Int32>
  public var pitch: Int
  public var classes: Int
  /// Weight of the upper score in the low 16 bits, of the lower in the high.
  public var verticalWeights: Int32
  /// Score columns that the blocks read.
  public var firstColumn: Int
  public var endColumn: Int
  /// A score column for each pixel of each block, ascending; the first and the last of 16 at most 15 apart, of 8 at
  /// most 7.
  public var columns: UnsafePointer<Int32>
  /// Left weight in the low 16 bits, right in the high, both shifted, for each pixel of each block.
  public var weights: UnsafePointer<Int32>
  /// First pixel of each block in the row.
  public var starts: UnsafePointer<Int32>
  public var firstBlock: Int
  public var endBlock: Int
  public var mask: Int32
  /// The row's pixel 0.
  public var destination: UnsafeMutablePointer<UInt8>

  public init(
    scorePairs: UnsafePointer<Int32>, interpolated: UnsafeMutablePointer<Int32>, pitch: Int, classes: Int,
    verticalWeights: Int32, firstColumn: Int, endColumn: Int, columns: UnsafePointer<Int32>,
    weights: UnsafePointer<Int32>, starts: UnsafePointer<Int32>, firstBlock: Int, endBlock: Int, mask: Int32,
    destination: UnsafeMutablePointer<UInt8>
  ) {
    self.scorePairs = scorePairs
    self.interpolated = interpolated
    self.pitch = pitch
    self.classes = classes
    self.verticalWeights = verticalWeights
    self.firstColumn = firstColumn
    self.endColumn = endColumn
    self.columns = columns
    self.weights = weights
    self.starts = starts
    self.firstBlock = firstBlock
    self.endBlock = endBlock
    self.mask = mask
    self.destination = destination
  }
}
