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
