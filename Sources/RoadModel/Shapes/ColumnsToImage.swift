import RoadBase

/// Col2Im over pictures: columns of blocks, N x C·h·w x L, added up where the blocks lie.
struct ColumnsToImage {
  let batch: Int
  let channels: Int
  let height: Int
  let width: Int
  let blockHeight: Int
  let blockWidth: Int
  let dilations: [Int]
  /// top, left, bottom, right
  let pads: [Int]
  let strides: [Int]

  init(_ node: Node, input: [Int], image: [Int], block: [Int]) throws(RoadError) {
    let sides = 1...ShapeLimits.dimension
    dilations = try node.integers("dilations", count: 2, default: [1, 1], in: 1...1024)
    pads = try node.integers("pads", count: 4, default: [0, 0, 0, 0], in: 0...ShapeLimits.dimension)
    strides = try node.integers("strides", count: 2, default: [1, 1], in: 1...1024)
    guard input.count == 3, image.count == 2, block.count == 2, image.allSatisfy(sides.contains),
      block.allSatisfy((1...1024).contains), input[1] > 0, input[1].isMultiple(of: block[0] * block[1])
    else { throw node.failure("blocks of \(block) in pictures of \(image), from an input of shape \(input)") }
    (batch, channels) = (input[0], input[1] / (block[0] * block[1]))
    (height, width, blockHeight, blockWidth) = (image[0], image[1], block[0], block[1])
    guard ShapeLimits.count(shape) != nil, blockRows > 0, blockColumns > 0, input[2] == blockRows * blockColumns else {
      throw node.failure("\(input[2]) blocks do not cover a picture of \(image): \(blockRows) x \(blockColumns) do")
    }
  }

  var shape: [Int] { [batch, channels, height, width] }

  var blockRows: Int { blocks(height + pads[0] + pads[2], blockHeight, axis: 0) }
  var blockColumns: Int { blocks(width + pads[1] + pads[3], blockWidth, axis: 1) }

  private func blocks(_ side: Int, _ block: Int, axis: Int) -> Int {
    let room = side - dilations[axis] * (block - 1) - 1
    return room < 0 ? 0 : room / strides[axis] + 1
  }

  /// Whether blocks lie side by side: then nothing is added, only moved.
  var isTiling: Bool {
    dilations == [1, 1] && pads.allSatisfy { $0 == 0 } && strides == [blockHeight, blockWidth]
  }

  /// Rows and columns at the end that blocks side by side leave zero.
  var rest: (rows: Int, columns: Int) { (height - blockRows * blockHeight, width - blockColumns * blockWidth) }

  func sum(_ columns: [Float]) -> FloatTensor {
    var result = FloatTensor(shape: shape)
    let (count, taps) = (blockRows * blockColumns, blockHeight * blockWidth)
    for plane in 0..<batch * channels {
      for tap in 0..<taps {
        let row = (plane * taps + tap) * count
        for block in 0..<count {
          let y = block / blockColumns * strides[0] + tap / blockWidth * dilations[0] - pads[0]
          let x = block % blockColumns * strides[1] + tap % blockWidth * dilations[1] - pads[1]
          guard (0..<height).contains(y), (0..<width).contains(x) else { continue }
          result.values[(plane * height + y) * width + x] += columns[row + block]
        }
      }
    }
    return result
  }
}

extension IndexOperators {
  static func columnsToImage(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let columns = try call.floats(0)
    let geometry = try ColumnsToImage(
      call.node, input: columns.shape, image: call.integers(1), block: call.integers(2))
    return [.floats(geometry.sum(columns.values))]
  }
}

extension ModelGraph {
  /// Col2Im of blocks side by side, as `fold` behind `unfold` makes them: a move of numbers.
  @Sendable static func tiledImage(_ node: Node, _ writer: inout DecompositionWriter) -> Bool {
    guard node.inputs.count == 3, let input = writer.types[node.inputs[0]]?.shape,
      let image = writer.initializers[node.inputs[1]]?.integers,
      let block = writer.initializers[node.inputs[2]]?.integers,
      let geometry = try? ColumnsToImage(node, input: input, image: image, block: block), geometry.isTiling
    else { return false }
    guard geometry.rest != (0, 0) else { return tile(node, geometry, to: node.outputs[0], &writer) }
    let tiled = writer.name(node, "tiled")
    let ends = TensorData(integers: [0, 0, 0, 0, 0, 0, geometry.rest.rows, geometry.rest.columns])
    _ = tile(node, geometry, to: tiled, &writer)
    writer.append(node, "Pad", [tiled, writer.constant(node, "ends", ends)], to: node.outputs[0])
    return true
  }

  private static func tile(
    _ node: Node, _ geometry: ColumnsToImage, to output: String, _ writer: inout DecompositionWriter
  ) -> Bool {
    let (rows, columns, channels) = (geometry.blockRows, geometry.blockColumns, geometry.channels)
    let (height, width) = (geometry.blockHeight, geometry.blockWidth)
    if height == width {
      let blocks = writer.reshaped(
        node, "blocks", node.inputs[0], [geometry.batch, channels * height * width, rows, columns])
      writer.append(
        node, "DepthToSpace", [blocks], to: output, ["blocksize": .integer(height), "mode": .string("CRD")])
      return true
    }
    let blocks = writer.reshaped(
      node, "blocks", node.inputs[0], [geometry.batch, channels, height, width, rows, columns])
    let turned = writer.name(node, "turned")
    writer.append(node, "Transpose", [blocks], to: turned, ["perm": .integers([0, 1, 4, 2, 5, 3])])
    writer.reshape(
      node, "shape", turned, [geometry.batch, channels, rows * height, columns * width], to: output)
    return true
  }
}
