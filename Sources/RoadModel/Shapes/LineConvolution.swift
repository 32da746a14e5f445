import RoadBase

extension Node {
  /// The attributes of a convolution over lines, N x C x W, for pictures of one row; nil where they are not those of lines.
  var overPicturesOfOneRow: Node? {
    var picture = self
    for name in ["kernel_shape", "strides", "dilations"] {
      guard let given = attributes[name] else { continue }
      guard case .integers(let values) = given, values.count == 1 else { return nil }
      picture.attributes[name] = .integers([1] + values)
    }
    if let given = attributes["pads"] {
      guard case .integers(let pads) = given, pads.count == 2 else { return nil }
      picture.attributes["pads"] = .integers([0, pads[0], 0, pads[1]])
    }
    return picture
  }
}
