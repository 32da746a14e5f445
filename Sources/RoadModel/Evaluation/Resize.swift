import RoadBase

/// ONNX Resize of pictures, linear and nearest; ``ResizeGeometry`` says where each output coordinate reads.
enum ResizeOperator {
  static func compute(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let input = try call.picture(0)
    let geometry = try ResizeGeometry(node: call.node, input: input.shape) { call.data($0) }
    guard geometry.output[..<2] == input.shape[..<2] else {
      throw call.failure("an output of shape \(geometry.output) for input \(input.shape)")
    }
    guard !geometry.needsTaps else { return [.floats(weighed(input, geometry))] }
    return [.floats(resample(input, rows: taps(geometry, axis: 2), columns: taps(geometry, axis: 3)))]
  }

  private static func taps(_ geometry: ResizeGeometry, axis: Int) -> [Tap] {
    (0..<geometry.output[axis]).map { x in
      switch geometry.mode {
      case .linear:
        let tap = geometry.linearTap(x, axis: axis)
        return Tap(first: tap.first, second: tap.second, weight: tap.weight)
      case .nearest, .cubic:
        let nearest = geometry.nearestTap(x, axis: axis)
        return Tap(first: nearest, second: nearest, weight: 0)
      }
    }
  }

  /// Any number of taps on either axis.
  private static func weighed(_ input: FloatTensor, _ geometry: ResizeGeometry) -> FloatTensor {
    let rows = (0..<geometry.output[2]).map { geometry.taps($0, axis: 2) }
    let columns = (0..<geometry.output[3]).map { geometry.taps($0, axis: 3) }
    let (height, width) = (input.shape[2], input.shape[3])
    var values: [Float] = []
    for plane in 0..<input.shape[0] * input.shape[1] {
      for row in rows {
        for column in columns {
          guard let row, let column else {
            values.append(geometry.extrapolation)
            continue
          }
          var sum: Float = 0
          for (y, rowWeight) in row.weights.enumerated() {
            let start = (plane * height + row.first + y) * width + column.first
            var line: Float = 0
            for (x, weight) in column.weights.enumerated() { line += weight * input.values[start + x] }
            sum += rowWeight * line
          }
          values.append(sum)
        }
      }
    }
    return FloatTensor(shape: geometry.output, values: values)
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
  private struct Tap {
    let first: Int
    let second: Int
    let weight: Float
  }
}
