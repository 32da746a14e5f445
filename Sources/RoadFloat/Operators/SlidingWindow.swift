import RoadBase

/// Where the window of a convolution or pooling lies: sizes, padding and the output's size, from the node's attributes.
struct SlidingWindow {
  let height: Int
  let width: Int
  let kernel: [Int]
  let strides: [Int]
  let dilations: [Int]
  /// Top, left.
  let padTop: Int
  let padLeft: Int
  let outputHeight: Int
  let outputWidth: Int

  var taps: Int { kernel[0] * kernel[1] }

  init(_ call: OperatorCall, input: [Int], kernel: [Int]) throws(RoadError) {
    let strides = call.integers(named: "strides") ?? [1, 1]
    let dilations = call.integers(named: "dilations") ?? [1, 1]
    guard kernel.count == 2, strides.count == 2, dilations.count == 2,
      (kernel + strides + dilations).allSatisfy({ (1...1024).contains($0) })
    else {
      throw call.failure(
        "kernel \(kernel), strides \(strides), dilations \(dilations): two numbers from 1 to 1024 each")
    }
    let spans = [(kernel[0] - 1) * dilations[0] + 1, (kernel[1] - 1) * dilations[1] + 1]
    let pads = try Self.pads(call, input: input, spans: spans, strides: strides)
    let roundUp = call.integer("ceil_mode", default: 0) != 0
    var outputs = [0, 0]
    for axis in 0..<2 {
      let room = input[axis + 2] + pads[axis] + pads[axis + 2] - spans[axis]
      guard room >= 0 else { throw call.failure("a window of \(spans) does not fit the input \(input)") }
      outputs[axis] = (room + (roundUp ? strides[axis] - 1 : 0)) / strides[axis] + 1
      // A window that would begin in the padding behind the input is left out.
      if roundUp, (outputs[axis] - 1) * strides[axis] >= input[axis + 2] + pads[axis] { outputs[axis] -= 1 }
    }
    (height, width) = (input[2], input[3])
    self.kernel = kernel
    self.strides = strides
    self.dilations = dilations
    (padTop, padLeft) = (pads[0], pads[1])
    (outputHeight, outputWidth) = (outputs[0], outputs[1])
  }

  private static func pads(_ call: OperatorCall, input: [Int], spans: [Int], strides: [Int]) throws(RoadError) -> [Int]
  {
    switch call.string("auto_pad", default: "NOTSET") {
    case "NOTSET":
      let pads = call.integers(named: "pads") ?? [0, 0, 0, 0]
      guard pads.count == 4, pads.allSatisfy({ (0...4096).contains($0) }) else { throw call.failure("pads \(pads)") }
      return pads
    case "VALID": return [0, 0, 0, 0]
    case let mode where mode == "SAME_UPPER" || mode == "SAME_LOWER":
      var pads = [0, 0, 0, 0]
      for axis in 0..<2 {
        let outputs = (input[axis + 2] + strides[axis] - 1) / strides[axis]
        let total = max((outputs - 1) * strides[axis] + spans[axis] - input[axis + 2], 0)
        pads[axis] = mode == "SAME_UPPER" ? total / 2 : total - total / 2
        pads[axis + 2] = total - pads[axis]
      }
      return pads
    case let mode: throw call.failure("auto_pad '\(mode)'")
    }
  }

  /// The taps of output row `y` of one plane: `taps` rows of `pitch` floats, zero where the window leaves the plane.
  func gather(_ plane: UnsafePointer<Float>, y: Int, into out: UnsafeMutablePointer<Float>, pitch: Int) {
    var row = out
    for ky in 0..<kernel[0] {
      let sourceY = y * strides[0] + ky * dilations[0] - padTop
      for kx in 0..<kernel[1] {
        defer { row += pitch }
        guard (0..<height).contains(sourceY) else {
          row.update(repeating: 0, count: outputWidth)
          continue
        }
        let line = plane + sourceY * width
        let offset = kx * dilations[1] - padLeft
        let step = strides[1]
        let inside = columns(tapOffset: offset)
        row.update(repeating: 0, count: inside.lowerBound)
        for x in inside { row[x] = line[x * step + offset] }
        (row + inside.upperBound).update(repeating: 0, count: outputWidth - inside.upperBound)
      }
    }
  }

  /// The output columns for which a tap at column `x · stride + tapOffset` lies inside the input.
  func columns(tapOffset offset: Int) -> Range<Int> {
    let step = strides[1]
    let first = offset >= 0 ? 0 : min((-offset + step - 1) / step, outputWidth)
    let end = max(first, min(outputWidth, (width - 1 - offset) < 0 ? 0 : (width - 1 - offset) / step + 1))
    return first..<end
  }
}
