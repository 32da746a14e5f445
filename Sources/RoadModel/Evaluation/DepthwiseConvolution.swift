/// Conv with as many groups as channels, one output channel each: no matrix to lay out, each tap adds one shifted row.
struct DepthwisePass {
  let input: FloatTensor
  let weights: FloatTensor
  let bias: [Float]
  let window: SpatialWindow

  func run(into output: inout FloatTensor) {
    let planes = input.shape[0] * input.shape[1]
    let plane = window.outputHeight * window.outputWidth
    output.values.withUnsafeMutableBufferPointer { values in
      guard let out = values.baseAddress else { return }
      input.values.withUnsafeBufferPointer { source in
        weights.values.withUnsafeBufferPointer { taps in
          guard let source = source.baseAddress, let taps = taps.baseAddress else { return }
          parallel(planes) { index in
            let channel = index % input.shape[1]
            for y in 0..<window.outputHeight {
              row(
                y, source + index * input.shape[2] * input.shape[3], taps + channel * window.taps, bias[channel],
                out + (index * plane + y * window.outputWidth))
            }
          }
        }
      }
    }
  }

  private func row(
    _ y: Int, _ plane: UnsafePointer<Float>, _ taps: UnsafePointer<Float>, _ bias: Float,
    _ out: UnsafeMutablePointer<Float>
  ) {
    out.update(repeating: bias, count: window.outputWidth)
    for ky in 0..<window.kernelHeight {
      let sourceY = y * window.strideHeight + ky * window.dilationHeight - window.padTop
      guard (0..<input.shape[2]).contains(sourceY) else { continue }
      for kx in 0..<window.kernelWidth {
        let offset = kx * window.dilationWidth - window.padLeft
        let inside = window.columns(tapOffset: offset, width: input.shape[3])
        let line = plane + sourceY * input.shape[3]
        let weight = taps[ky * window.kernelWidth + kx]
        if window.strideWidth == 1 {
          for x in inside { out[x] += weight * line[x + offset] }
        } else {
          for x in inside { out[x] += weight * line[x * window.strideWidth + offset] }
        }
      }
    }
  }
}
