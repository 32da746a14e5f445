/// Up to four rows of a product of two float matrices: what the quantizer's float convolutions and products come down
/// to. Frames never meet it: they are integers.
///
/// `output[r · outputPitch + c] = start[r] + Σ_k rows[r · depth + k] · columns[k · pitch + c]`, added in the order of
/// k, each product rounded before it is added: every instruction set gives the same bits.
public struct FloatProductArguments {
  /// ``pitch`` is a multiple of this.
  public static let block = 16
  public static let maximumRows = 4

  public var rows: UnsafePointer<Float>
  /// 1...4
  public var rowCount: Int
  public var depth: Int
  public var columns: UnsafePointer<Float>
  /// Floats from one k to the next; all of them are readable.
  public var pitch: Int
  /// 1...pitch
  public var columnCount: Int
  /// One for each row.
  public var start: UnsafePointer<Float>
  public var output: UnsafeMutablePointer<Float>
  public var outputPitch: Int

  public init(
    rows: UnsafePointer<Float>, rowCount: Int, depth: Int, columns: UnsafePointer<Float>, pitch: Int, columnCount: Int,
    start: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>, outputPitch: Int
  ) {
    precondition((1...Self.maximumRows).contains(rowCount), "\(rowCount) rows")
    precondition(pitch % Self.block == 0 && (1...pitch).contains(columnCount), "\(columnCount) columns, pitch \(pitch)")
    self.rows = rows
    self.rowCount = rowCount
    self.depth = depth
    self.columns = columns
    self.pitch = pitch
    self.columnCount = columnCount
    self.start = start
    self.output = output
    self.outputPitch = outputPitch
  }
}
