import RoadBase

/// The size that MaxUnpool makes: that of the pool it undoes.
public enum UnpoolGeometry {
  /// Without an output shape: `stride·(input − 1) + kernel − pads`.
  public static func natural(node: Node, input: [Int]) throws(RoadError) -> [Int] {
    guard input.count == 4 else { throw node.failure("its input has shape \(input), not four dimensions NCHW") }
    let range = 0...(1 << 16)
    let kernel = try node.integers("kernel_shape", count: 2, default: [], in: range)
    let strides = try node.integers("strides", count: 2, default: [1, 1], in: range)
    let pads = try node.integers("pads", count: 4, default: [0, 0, 0, 0], in: range)
    guard kernel.count == 2 else { throw node.failure("it has no kernel_shape") }
    let sides = (0..<2).map { axis -> Int in
      let reach = strides[axis] * (input[2 + axis] - 1) + kernel[axis]
      return reach - pads[axis] - pads[2 + axis]
    }
    guard sides.allSatisfy({ (1...ShapeLimits.dimension).contains($0) }) else {
      throw node.failure("its output would be \(sides) for an input of shape \(input)")
    }
    return [input[0], input[1]] + sides
  }
}
