import Glibc
import RoadBase

/// MatMul, Gemm and Softmax: what attention is made of.
enum MatrixOperators {
  /// NumPy's rule: the last two axes multiply, those before them broadcast.
  static func product(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    var left = try call.floats(0)
    var right = try call.floats(1)
    let (isRow, isColumn) = (left.shape.count == 1, right.shape.count == 1)
    if isRow { left.shape = [1] + left.shape }
    if isColumn { right.shape += [1] }
    guard left.shape.count >= 2, right.shape.count >= 2,
      let inner = left.shape.last, inner == right.shape[right.shape.count - 2], let columns = right.shape.last,
      let batch = broadcastShape(Array(left.shape.dropLast(2)), Array(right.shape.dropLast(2)))
    else { throw call.failure("shapes \(left.shape) and \(right.shape) do not multiply") }
    let rows = left.shape[left.shape.count - 2]
    let starts = zip(matrixStarts(left.shape, batch), matrixStarts(right.shape, batch))
    var output = FloatTensor(shape: batch + [rows, columns])
    for (index, start) in starts.enumerated() {
      multiply(
        left.values[(start.0 * rows * inner)...].prefix(rows * inner),
        right.values[(start.1 * inner * columns)...].prefix(inner * columns),
        into: &output.values, at: index * rows * columns, Sizes(rows: rows, inner: inner, columns: columns))
    }
    output.shape = batch + (isRow ? [] : [rows]) + (isColumn ? [] : [columns])
    return [.floats(output)]
  }

  /// Which matrix of an operand each matrix of the result is made of.
  private static func matrixStarts(_ shape: [Int], _ batch: [Int]) -> [Int] {
    StridedView(of: Array(shape.dropLast(2))).broadcast(to: batch)?.offsets ?? []
  }

  private struct Sizes {
    let rows: Int
    let inner: Int
    let columns: Int
  }

  private static func multiply(
    _ left: ArraySlice<Float>, _ right: ArraySlice<Float>, into output: inout [Float], at start: Int, _ sizes: Sizes
  ) {
    let pitch = FloatProduct.pitch(sizes.columns)
    // Whole vectors to read, whatever the number of columns.
    var padded = [Float](repeating: 0, count: sizes.inner * pitch)
    for k in 0..<sizes.inner {
      padded.replaceSubrange(
        (k * pitch)..<(k * pitch + sizes.columns), with: right.dropFirst(k * sizes.columns).prefix(sizes.columns))
    }
    let zeros = [Float](repeating: 0, count: sizes.rows)
    left.withUnsafeBufferPointer { left in
      padded.withUnsafeBufferPointer { padded in
        zeros.withUnsafeBufferPointer { zeros in
          output.withUnsafeMutableBufferPointer { output in
            guard let left = left.baseAddress, let padded = padded.baseAddress, let zeros = zeros.baseAddress,
              let output = output.baseAddress
            else { return }
            let product = FloatProduct(
              rows: left, depth: sizes.inner, columns: padded, columnCount: sizes.columns, start: zeros,
              output: output + start, outputPitch: sizes.columns)
            let chunks = (sizes.rows + Self.chunk - 1) / Self.chunk
            parallel(chunks) { product.run(($0 * Self.chunk)..<min(($0 + 1) * Self.chunk, sizes.rows)) }
          }
        }
      }
    }
  }

  /// Rows that one thread computes at a time.
  private static let chunk = 32

  /// `alpha · A' · B' + beta · C`.
  static func general(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let left = try matrix(call, 0, transposed: call.integer("transA", default: 0) != 0)
    let right = try matrix(call, 1, transposed: call.integer("transB", default: 0) != 0)
    guard left.shape[1] == right.shape[0] else {
      throw call.failure("shapes \(left.shape) and \(right.shape) do not multiply")
    }
    let sizes = Sizes(rows: left.shape[0], inner: left.shape[1], columns: right.shape[1])
    var output = FloatTensor(shape: [sizes.rows, sizes.columns])
    multiply(left.values[...], right.values[...], into: &output.values, at: 0, sizes)
    let alpha = call.float("alpha", default: 1)
    for index in output.values.indices { output.values[index] *= alpha }
    guard call.has(2) else { return [.floats(output)] }
    let bias = try call.floats(2)
    guard let view = StridedView(of: bias.shape).broadcast(to: output.shape) else {
      throw call.failure("input 2 of shape \(bias.shape) does not fit \(output.shape)")
    }
    let beta = call.float("beta", default: 1)
    for (index, offset) in view.offsets.enumerated() { output.values[index] += beta * bias.values[offset] }
    return [.floats(output)]
  }

  private static func matrix(_ call: OperatorCall, _ index: Int, transposed: Bool) throws(RoadError) -> FloatTensor {
    let tensor = try call.floats(index)
    guard tensor.shape.count == 2 else { throw call.failure("input \(index) of shape \(tensor.shape) is no matrix") }
    guard transposed else { return tensor }
    let view = StridedView(of: tensor.shape).transposed([1, 0])
    return FloatTensor(shape: view.shape, values: view.offsets.map { tensor.values[$0] })
  }

  /// Over one axis from opset 13 on; before, over all axes from `axis` on together.
  static func softmax(_ call: OperatorCall) throws(RoadError) -> [TensorValue] { try softmax(call, logarithm: false) }

  static func logSoftmax(_ call: OperatorCall) throws(RoadError) -> [TensorValue] { try softmax(call, logarithm: true) }

  private static func softmax(_ call: OperatorCall, logarithm: Bool) throws(RoadError) -> [TensorValue] {
    var output = try call.floats(0)
    let rank = output.shape.count
    let axis = try call.axis(call.integer("axis", default: call.opset >= 13 ? -1 : 1), rank: rank)
    let end = call.opset >= 13 ? axis + 1 : rank
    let length = output.shape[axis..<end].reduce(1, *)
    let inner = output.shape[end...].reduce(1, *)
    let outer = output.shape[..<axis].reduce(1, *)
    for line in 0..<outer * inner {
      let start = line / inner * length * inner + line % inner
      let places = stride(from: start, to: start + length * inner, by: inner)
      let largest = places.reduce(-Float.infinity) { max($0, output.values[$1]) }
      var sum: Float = 0
      for place in places {
        output.values[place] -= largest
        sum += expf(output.values[place])
      }
      let logarithmOfSum = logf(sum)
      for place in places {
        let value = output.values[place]
        output.values[place] = logarithm ? value - logarithmOfSum : expf(value) / sum
      }
    }
    return [.floats(output)]
  }
}
