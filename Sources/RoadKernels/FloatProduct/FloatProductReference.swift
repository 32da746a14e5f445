import RoadKernelContract

/// ``FloatProductArguments`` as they are defined, eight columns at a time.
@inline(never)
@Sendable
func floatProductReference(_ arguments: UnsafePointer<FloatProductArguments>) {
  let a = arguments.pointee
  for row in 0..<a.rowCount {
    let (factors, target) = (a.rows + row * a.depth, a.output + row * a.outputPitch)
    for column in stride(from: 0, to: a.columnCount, by: 8) {
      var sum = SIMD8<Float>(repeating: a.start[row])
      for k in 0..<a.depth {
        sum += UnsafeRawPointer(a.columns + (k * a.pitch + column)).loadUnaligned(as: SIMD8<Float>.self) * factors[k]
      }
      for lane in 0..<min(8, a.columnCount - column) { target[column + lane] = sum[lane] }
    }
  }
}
