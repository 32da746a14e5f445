import RoadBase

/// What a model that does not normalise its pictures itself was trained on: `(x − mean) ÷ deviation` for each channel.
public struct InputNormalisation: Hashable, Sendable {
  /// Of the model's three channels, for pixels of 0...255 (ImageNet: 123.675, 116.28, 103.53).
  public let mean: [Float]
  /// Likewise, above 0 (ImageNet: 58.395, 57.12, 57.375).
  public let deviation: [Float]
  /// Whether the numbers were given for pixels of 0...255.
  public let isOfBytes: Bool

  /// The same for the channels in the opposite order.
  public var reversed: InputNormalisation {
    InputNormalisation(mean: mean.reversed(), deviation: deviation.reversed(), isOfBytes: isOfBytes)
  }

  private init(mean: [Float], deviation: [Float], isOfBytes: Bool) {
    self.mean = mean
    self.deviation = deviation
    self.isOfBytes = isOfBytes
  }

  /// Numbers above 1 are meant for pictures of 0...255 (123.675, 116.28, 103.53 and 58.395, 57.12, 57.375), all others
  /// for pictures of 0...1.
  ///
  /// - Throws: an option error for numbers that are neither.
  public init(mean: [Double], deviation: [Double]) throws(RoadError) {
    precondition(mean.count == 3 && deviation.count == 3, "\(mean.count) means, \(deviation.count) deviations")
    let isOfBytes = (mean + deviation).contains { $0 > 1 }
    // Of bytes, a mean of 0 subtracts nothing and a deviation of 1 divides by nothing.
    let fits =
      mean.allSatisfy { (0...255).contains($0) && (!isOfBytes || $0 == 0 || $0 > 1) }
      && deviation.allSatisfy { $0 > 0 && $0 <= 255 && (!isOfBytes || $0 >= 1) }
    guard fits else {
      func text(_ numbers: [Double]) -> String { numbers.map { "\($0)" }.joined(separator: ",") }
      throw RoadError(
        .option, "mean \(text(mean)) and deviation \(text(deviation)) are of no range of values",
        remedy: "give both for pixels of 0...1 (0.485,0.456,0.406 and 0.229,0.224,0.225) or both for 0...255")
    }
    self.isOfBytes = isOfBytes
    // Doubles, so that 0.485 and 123.675 come to the same number.
    self.mean = mean.map { Float(isOfBytes ? $0 : 255 * $0) }
    self.deviation = deviation.map { Float(isOfBytes ? $0 : 255 * $0) }
  }
}

extension ModelGraph {
  /// Key, in the metadata, that tells of a normalisation or channel order that roadseg put in front of the model.
  public static let pictureInputKey = "picture_input"

  /// The graph with red, green and blue in the order blue, green, red in front of it.
  ///
  /// - Throws: a model error unless the graph has one picture input.
  public func swappingRedAndBlue() throws(RoadError) -> ModelGraph {
    var (graph, input) = try readyForInput()
    let (order, swapped) = (graph.unusedName("\(input)_order"), graph.unusedName("\(input)_swapped"))
    graph.redirect(input, to: swapped)
    graph.initializers[order] = TensorData(integers: [2, 1, 0], shape: [3])
    graph.nodes.insert(
      Node(
        name: swapped, operation: "Gather", inputs: [input, order], outputs: [swapped],
        attributes: ["axis": .integer(1)]), at: 0)
    return graph
  }

  /// The graph with (x − mean) ÷ deviation in front of it, for a model that was trained on normalised pictures and
  /// expects its caller to normalise: roadseg gives red, green and blue as 0...255.
  ///
  /// - Throws: a model error unless the graph has one picture input, of real numbers.
  public func normalisingInput(_ normalisation: InputNormalisation) throws(RoadError) -> ModelGraph {
    var (graph, input) = try readyForInput()
    if let type = inputs.first(where: { $0.name == input })?.elementType, type != .float {
      throw RoadError(
        .model, "input '\(input)' takes \(type), pixels as they are",
        remedy: "leave out --mean, --std and --value-range")
    }
    let names = (mean: graph.unusedName("\(input)_mean"), deviation: graph.unusedName("\(input)_deviation"))
    let values = (centred: graph.unusedName("\(input)_centred"), normalised: graph.unusedName("\(input)_normalised"))
    graph.redirect(input, to: values.normalised)
    graph.initializers[names.mean] = TensorData(floats: normalisation.mean, shape: [1, 3, 1, 1])
    graph.initializers[names.deviation] = TensorData(floats: normalisation.deviation, shape: [1, 3, 1, 1])
    graph.nodes.insert(
      contentsOf: [
        Node(name: values.centred, operation: "Sub", inputs: [input, names.mean], outputs: [values.centred]),
        Node(
          name: values.normalised, operation: "Div", inputs: [values.centred, names.deviation],
          outputs: [values.normalised]),
      ], at: 0)
    return graph
  }

  private func readyForInput() throws(RoadError) -> (graph: ModelGraph, input: String) {
    let free = inputs.filter { initializers[$0.name] == nil }
    guard free.count == 1, let input = free.first?.name else {
      throw RoadError(.model, "the model has \(free.count) inputs", remedy: "export it with one: the picture")
    }
    return (self, input)
  }

  /// Whoever reads `name` reads `other` from now on.
  mutating func redirect(_ name: String, to other: String) {
    for index in nodes.indices { nodes[index].inputs = nodes[index].inputs.map { $0 == name ? other : $0 } }
  }

  func unusedName(_ wish: String) -> String {
    let taken = Set(initializers.keys).union(nodes.flatMap { $0.inputs + $0.outputs }).union(inputs.map(\.name))
    var name = wish
    while taken.contains(name) { name += "_" }
    return name
  }
}
