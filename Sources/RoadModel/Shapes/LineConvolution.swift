import RoadBase

extension Node {
  /// The attributes of a convolution or pool over lines, N x C x W, for pictures of one row; nil where they are not
  /// those of lines.
  var overPicturesOfOneRow: Node? {
    var picture = self
    for name in ["kernel_shape", "strides", "dilations"] {
      guard let given = attributes[name] else { continue }
      guard case .integers(let values) = given, values.count == 1 else { return nil }
      picture.attributes[name] = .integers([1] + values)
    }
    if let given = attributes["output_padding"] {
      guard case .integers(let values) = given, values.count == 1 else { return nil }
      picture.attributes["output_padding"] = .integers([0] + values)
    }
    if let given = attributes["output_shape"] {
      guard case .integers(let values) = given, let last = values.last else { return nil }
      picture.attributes["output_shape"] = .integers([1, last])
    }
    if let given = attributes["pads"] {
      guard case .integers(let pads) = given, pads.count == 2 else { return nil }
      picture.attributes["pads"] = .integers([0, pads[0], 0, pads[1]])
    }
    return picture
  }
}
