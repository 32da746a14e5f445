import RoadKernelContract
import RoadKernels
import Testing

@Suite("Float products")
struct FloatProductTests {
  /// Every set adds in the same order and rounds as often: the bits are the plain loop's.
  @Test(arguments: InstructionSet.available, [1, 2, 3, 4])
  func bitsAreThoseOfThePlainLoop(instructionSet: InstructionSet, rows: Int) {
    var random = SystemRandomNumberGenerator()
    for (depth, columns) in [(1, 1), (3, 7), (17, 15), (9, 16), (64, 17), (5, 33), (130, 48)] {
      let pitch = (columns + 15) / 16 * 16
      let left = (0..<rows * depth).map { _ in Float.random(in: -2...2, using: &random) }
      let right = (0..<depth * pitch).map { _ in Float.random(in: -2...2, using: &random) }
      let start = (0..<rows).map { _ in Float.random(in: -1...1, using: &random) }
      let outputPitch = columns + 3
      var output = [Float](repeating: 77, count: rows * outputPitch)
      left.withUnsafeBufferPointer { left in
        right.withUnsafeBufferPointer { right in
          start.withUnsafeBufferPointer { start in
            output.withUnsafeMutableBufferPointer { output in
              var arguments = FloatProductArguments(
                rows: left.baseAddress!, rowCount: rows, depth: depth, columns: right.baseAddress!, pitch: pitch,
                columnCount: columns, start: start.baseAddress!, output: output.baseAddress!, outputPitch: outputPitch)
              KernelSet.of(instructionSet).floatProduct.run(&arguments)
            }
          }
        }
      }
      for row in 0..<rows {
        for column in 0..<columns {
          var sum = start[row]
          for k in 0..<depth { sum += left[row * depth + k] * right[k * pitch + column] }
          #expect(output[row * outputPitch + column].bitPattern == sum.bitPattern, "\(depth)x\(columns), row \(row)")
        }
        // What lies between the rows stays.
        #expect(output[(row * outputPitch + columns)..<((row + 1) * outputPitch)].allSatisfy { $0 == 77 })
      }
    }
  }
}
