import RoadKernelContract
import RoadKernels

/// A product of two float matrices on this machine's vectors, with the same bits on every machine: see
/// ``FloatProductArguments``.
struct FloatProduct: @unchecked Sendable {
  let rows: UnsafePointer<Float>
  let depth: Int
  /// `depth` rows of ``pitch(_:)`` floats.
  let columns: UnsafePointer<Float>
  let columnCount: Int
  /// One for each row.
  let start: UnsafePointer<Float>
  let output: UnsafeMutablePointer<Float>
  let outputPitch: Int

  private static let kernel = KernelSet.ofThisMachine.floatProduct

  /// Floats from one row of columns to the next: whole vectors.
  static func pitch(_ columns: Int) -> Int {
    (columns + FloatProductArguments.block - 1) / FloatProductArguments.block * FloatProductArguments.block
  }

  /// Some rows of the result.
  func run(_ range: Range<Int>) {
    guard columnCount > 0 else { return }
    for row in stride(from: range.lowerBound, to: range.upperBound, by: FloatProductArguments.maximumRows) {
      var arguments = FloatProductArguments(
        rows: rows + row * depth, rowCount: min(FloatProductArguments.maximumRows, range.upperBound - row),
        depth: depth, columns: columns, pitch: Self.pitch(columnCount), columnCount: columnCount, start: start + row,
        output: output + row * outputPitch, outputPitch: outputPitch)
      Self.kernel.run(&arguments)
    }
  }
}
