import RoadKernelContract
import RoadModel

/// A tensor seen as an ONNX value: which of its elements each index of the value's shape names.
///
/// Offsets count in the plane without padding, `(row · width + column) · channels + channel`. Reshapes, transpositions,
/// slices and broadcasts only change the view; bytes move when an operator needs them in another order.
struct ElementView: Equatable {
  var tensor: TensorID
  var elements: StridedView

  var shape: [Int] { elements.shape }
}

/// Which axes of an ONNX shape make the rows, the columns and the channels of a plane, in this order each.
struct Arrangement: Equatable {
  var rows: [Int]
  var columns: [Int]
  var channels: [Int]

  init(rows: [Int], columns: [Int], channels: [Int]) {
    self.rows = rows
    self.columns = columns
    self.channels = channels
  }

  /// NCHW for four axes with a batch of one; for others the last axis are the channels, the two before it columns and
  /// rows: a matrix of A x B is A pixels of B channels below each other.
  init(canonical shape: [Int]) {
    let axes = Array(shape.indices)
    if shape.count == 4, shape[0] == 1 {
      self.init(rows: [0, 2], columns: [3], channels: [1])
      return
    }
    // Leading axes of 1 say nothing.
    let real = axes.drop { shape[$0] == 1 }
    switch real.count {
    case 0, 1: self.init(rows: [], columns: [], channels: axes)
    case 2: self.init(rows: Array(axes.dropLast()), columns: [], channels: axes.suffix(1))
    default: self.init(rows: Array(axes.dropLast(2)), columns: [axes[axes.count - 2]], channels: axes.suffix(1))
    }
  }

  func plane(of shape: [Int]) -> PlaneShape {
    PlaneShape(
      height: rows.reduce(1) { $0 * shape[$1] }, width: columns.reduce(1) { $0 * shape[$1] },
      channels: channels.reduce(1) { $0 * shape[$1] })
  }

  /// The view that shows a plane so arranged as a value of the shape.
  func elements(of shape: [Int]) -> StridedView {
    var view = StridedView(of: shape)
    let plane = plane(of: shape)
    let pitches = [(rows, plane.width * plane.channels), (columns, plane.channels), (channels, 1)]
    for (axes, pitch) in pitches {
      var stride = pitch
      for axis in axes.reversed() {
        view.strides[axis] = stride
        stride *= shape[axis]
      }
    }
    return view
  }
}

extension StridedView {
  /// Whether both name the same elements; what an axis of one entry strides does not matter.
  func isSame(as other: StridedView) -> Bool {
    shape == other.shape && offset == other.offset
      && shape.indices.allSatisfy { shape[$0] == 1 || strides[$0] == other.strides[$0] }
  }

  /// The same elements in the same order under another shape of equal count; nil where no strides give them.
  func reshaped(_ target: [Int]) -> StridedView? {
    // Axes that lie behind each other merge into one; a target axis must divide a merged one.
    var merged: [(size: Int, stride: Int)] = []
    for axis in shape.indices where shape[axis] != 1 {
      if let last = merged.last, last.stride == strides[axis] * shape[axis] {
        merged[merged.count - 1] = (last.size * shape[axis], strides[axis])
      } else {
        merged.append((shape[axis], strides[axis]))
      }
    }
    var view = self
    view.shape = target
    view.strides = [Int](repeating: 1, count: target.count)
    for axis in target.indices.reversed() where target[axis] != 1 {
      guard let last = merged.last, last.size % target[axis] == 0 else { return nil }
      view.strides[axis] = last.stride
      merged[merged.count - 1] = (last.size / target[axis], last.stride * target[axis])
      if last.size == target[axis] { merged.removeLast() }
    }
    return merged.isEmpty ? view : nil
  }
}

extension PlaneShape {
  /// As an NCHW value.
  var valueShape: [Int] { [1, channels, height, width] }
}

extension PlaneShape {
  /// Its elements as an NCHW value.
  var canonicalElements: StridedView { Arrangement(canonical: valueShape).elements(of: valueShape) }
}
