import RoadBase

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
