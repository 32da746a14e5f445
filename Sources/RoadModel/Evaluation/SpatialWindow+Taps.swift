/// What a convolution's loops ask of a window: which input numbers its taps read.
extension SpatialWindow {
  var taps: Int { kernelHeight * kernelWidth }

  /// The taps of output row `y` of one plane: `taps` rows of `pitch` floats, zero where the window leaves the plane.
  func gather(
    _ plane: UnsafePointer<Float>, height: Int, width: Int, y: Int, into out: UnsafeMutablePointer<Float>, pitch: Int
  ) {
    var row = out
    for tapY in 0..<kernelHeight {
      let sourceY = y * strideHeight + tapY * dilationHeight - padTop
      for tapX in 0..<kernelWidth {
        defer { row += pitch }
        guard (0..<height).contains(sourceY) else {
          row.update(repeating: 0, count: outputWidth)
          continue
        }
        let line = plane + sourceY * width
        let offset = tapX * dilationWidth - padLeft
        let step = strideWidth
        let inside = columns(tapOffset: offset, width: width)
        row.update(repeating: 0, count: inside.lowerBound)
        for x in inside { row[x] = line[x * step + offset] }
        (row + inside.upperBound).update(repeating: 0, count: outputWidth - inside.upperBound)
      }
    }
  }

  /// The output columns for which a tap at column `x · stride + tapOffset` lies inside an input of that width.
  func columns(tapOffset offset: Int, width: Int) -> Range<Int> {
    let step = strideWidth
    let first = offset >= 0 ? 0 : min((-offset + step - 1) / step, outputWidth)
    let end = max(first, min(outputWidth, (width - 1 - offset) < 0 ? 0 : (width - 1 - offset) / step + 1))
    return first..<end
  }
}
