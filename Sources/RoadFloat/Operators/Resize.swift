import RoadBase

/// ONNX Resize of pictures: linear and nearest, every coordinate mode but `tf_crop_and_resize`.
enum ResizeOperator {
  static func compute(_ call: OperatorCall) throws(RoadError) -> [Value] {
    let input = try call.picture(0)
    let (sizes, scales) = try target(call, input: input.shape)
    let coordinates = call.string("coordinate_transformation_mode", default: "half_pixel")
    let mode = call.string("mode", default: "nearest")
    let rounding = call.string("nearest_mode", default: "round_prefer_floor")
    var axes: [[Tap]] = []
    for axis in 2..<4 {
      let plan = AxisGeometry(
        source: input.shape[axis], target: sizes[axis], scale: scales[axis], coordinates: coordinates)
      guard let taps = plan.taps(mode: mode, rounding: rounding) else {
        throw call.failure("mode '\(mode)', coordinates '\(coordinates)', nearest_mode '\(rounding)' are not supported")
      }
      axes.append(taps)
    }
    return [.floats(resample(input, rows: axes[0], columns: axes[1]))]
  }

  private static func target(_ call: OperatorCall, input: [Int]) throws(RoadError) -> (sizes: [Int], scales: [Double]) {
    if call.has(3) {
      let sizes = try call.integers(3)
      guard sizes.count == 4, sizes[0] == input[0], sizes[1] == input[1], sizes.allSatisfy({ (1...65536).contains($0) })
      else { throw call.failure("sizes \(sizes) for input \(input)") }
      return (sizes, zip(sizes, input).map { Double($0) / Double($1) })
    }
    let scales = try call.floats(2).values.map { Double($0) }
    guard scales.count == 4, scales[0] == 1, scales[1] == 1, scales.allSatisfy({ $0 > 0 && $0 < 1000 }) else {
      throw call.failure("scales \(scales) for input \(input)")
    }
    let sizes = zip(scales, input).map { Int((Double($1) * $0).rounded(.down)) }
    guard sizes.allSatisfy({ $0 > 0 }) else { throw call.failure("an output of shape \(sizes)") }
    return (sizes, scales)
  }

  private static func resample(_ input: FloatTensor, rows: [Tap], columns: [Tap]) -> FloatTensor {
    let planes = input.shape[0] * input.shape[1]
    let (height, width) = (input.shape[2], input.shape[3])
    var output = FloatTensor(shape: [input.shape[0], input.shape[1], rows.count, columns.count])
    output.values.withUnsafeMutableBufferPointer { values in
      guard let out = values.baseAddress else { return }
      input.values.withUnsafeBufferPointer { source in
        guard let source = source.baseAddress else { return }
        parallel(planes) { plane in
          for (y, row) in rows.enumerated() {
            let above = source + (plane * height + row.first) * width
            let below = source + (plane * height + row.second) * width
            let line = out + (plane * rows.count + y) * columns.count
            for (x, column) in columns.enumerated() {
              let top = above[column.first] * (1 - column.weight) + above[column.second] * column.weight
              let bottom = below[column.first] * (1 - column.weight) + below[column.second] * column.weight
              line[x] = top * (1 - row.weight) + bottom * row.weight
            }
          }
        }
      }
    }
    return output
  }

  /// Two source positions and the share of the second.
  struct Tap {
    let first: Int
    let second: Int
    let weight: Float
  }

  private struct AxisGeometry {
    let source: Int
    let target: Int
    let scale: Double
    let coordinates: String

    /// The source coordinate of output position `x`, as ONNX's Resize text defines it; nil for an unknown mode.
    func coordinate(_ x: Int) -> Double? {
      switch coordinates {
      case "half_pixel": (Double(x) + 0.5) / scale - 0.5
      case "pytorch_half_pixel": target > 1 ? (Double(x) + 0.5) / scale - 0.5 : 0
      case "asymmetric": Double(x) / scale
      case "align_corners": target > 1 ? Double(x) * Double(source - 1) / Double(target - 1) : 0
      case "half_pixel_symmetric":
        Double(source) / 2 * (1 - Double(target) / (scale * Double(source))) + (Double(x) + 0.5) / scale - 0.5
      default: nil
      }
    }

    func taps(mode: String, rounding: String) -> [Tap]? {
      var taps: [Tap] = []
      for x in 0..<target {
        guard let position = coordinate(x) else { return nil }
        switch mode {
        case "linear":
          let clamped = min(max(position, 0), Double(source - 1))
          let first = Int(clamped)
          taps.append(Tap(first: first, second: min(first + 1, source - 1), weight: Float(clamped - Double(first))))
        case "nearest":
          guard let nearest = Self.round(position, rounding) else { return nil }
          let index = min(max(nearest, 0), source - 1)
          taps.append(Tap(first: index, second: index, weight: 0))
        default: return nil
        }
      }
      return taps
    }

    private static func round(_ value: Double, _ mode: String) -> Int? {
      switch mode {
      case "round_prefer_floor": Int((value - 0.5).rounded(.up))
      case "round_prefer_ceil": Int((value + 0.5).rounded(.down))
      case "floor": Int(value.rounded(.down))
      case "ceil": Int(value.rounded(.up))
      default: nil
      }
    }
  }
}
