/// Which elements of a row-major tensor another shape shows: slices, transpositions and broadcasts are all one walk.
public struct StridedView: Hashable, Sendable {
  public var shape: [Int]
  /// In elements; 0 repeats, negative walks backwards.
  public var strides: [Int]
  public var offset = 0

  /// The whole tensor.
  public init(of shape: [Int]) {
    self.shape = shape
    strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
  }

  public func transposed(_ permutation: [Int]) -> StridedView {
    var view = self
    view.shape = permutation.map { shape[$0] }
    view.strides = permutation.map { strides[$0] }
    return view
  }

  /// Elements `start`, `start + step`, ... of one axis, `count` of them.
  public func sliced(axis: Int, start: Int, step: Int, count: Int) -> StridedView {
    var view = self
    view.offset += start * strides[axis]
    view.shape[axis] = count
    view.strides[axis] *= step
    return view
  }

  /// Repeated to a shape by the rules of ONNX broadcasting; nil where they forbid it.
  public func broadcast(to target: [Int]) -> StridedView? {
    guard target.count >= shape.count else { return nil }
    let missing = target.count - shape.count
    var view = self
    view.shape = target
    view.strides = [Int](repeating: 0, count: missing) + strides
    for axis in shape.indices where shape[axis] != target[missing + axis] {
      guard shape[axis] == 1 else { return nil }
      view.strides[missing + axis] = 0
    }
    return view
  }

  /// The source offset of every element, in row-major order of the view.
  public var offsets: [Int] {
    var result = [offset]
    for axis in shape.indices {
      let stride = strides[axis]
      let size = shape[axis]
      var next: [Int] = []
      next.reserveCapacity(result.count * size)
      for base in result { for index in 0..<size { next.append(base + index * stride) } }
      result = next
    }
    return result
  }
}

/// The shape that two shapes broadcast to (https://github.com/onnx/onnx/blob/main/docs/Broadcasting.md); nil if none.
public func broadcastShape(_ left: [Int], _ right: [Int]) -> [Int]? {
  var result: [Int] = []
  for axis in 1...max(left.count, right.count, 1) {
    let a = axis <= left.count ? left[left.count - axis] : 1
    let b = axis <= right.count ? right[right.count - axis] : 1
    guard a == b || a == 1 || b == 1 else { return nil }
    result.append(a == 1 ? b : a)
  }
  return left.isEmpty && right.isEmpty ? [] : result.reversed()
}
