import RoadBase

extension ModelGraph {
  /// The graph with (x ÷ 255 − mean) ÷ deviation in front of it, for a model that was trained on normalised pictures and expects its
  /// caller to normalise: roadseg gives red, green and blue as 0...255.
  ///
  /// - Parameters:
  ///   - mean: of red, green and blue, in units of a picture of 0...1 (ImageNet: 0.485, 0.456, 0.406).
  ///   - deviation: likewise, above 0 (ImageNet: 0.229, 0.224, 0.225).
  /// - Throws: a model error unless the graph has one picture input.
  public func normalisingInput(mean: [Float], deviation: [Float]) throws(RoadError) -> ModelGraph {
    precondition(mean.count == 3 && deviation.count == 3, "\(mean.count) means, \(deviation.count) deviations")
    precondition(deviation.allSatisfy { $0 > 0 }, "deviations \(deviation)")
    let free = inputs.filter { initializers[$0.name] == nil }
    guard free.count == 1, let input = free.first?.name else {
      throw RoadError(.model, "the model has \(free.count) inputs", remedy: "export it with one: the picture")
    }
    let names = (mean: unusedName("\(input)_mean"), deviation: unusedName("\(input)_deviation"))
    let values = (centred: unusedName("\(input)_centred"), normalised: unusedName("\(input)_normalised"))
    var graph = self
    for index in graph.nodes.indices {
      graph.nodes[index].inputs = graph.nodes[index].inputs.map { $0 == input ? values.normalised : $0 }
    }
    graph.initializers[names.mean] = TensorData(floats: mean.map { 255 * $0 }, shape: [1, 3, 1, 1])
    graph.initializers[names.deviation] = TensorData(floats: deviation.map { 255 * $0 }, shape: [1, 3, 1, 1])
    graph.nodes.insert(
      contentsOf: [
        Node(name: values.centred, operation: "Sub", inputs: [input, names.mean], outputs: [values.centred]),
        Node(
          name: values.normalised, operation: "Div", inputs: [values.centred, names.deviation],
          outputs: [values.normalised]),
      ], at: 0)
    return graph
  }

  private func unusedName(_ wish: String) -> String {
    let taken = Set(initializers.keys).union(nodes.flatMap { $0.inputs + $0.outputs }).union(inputs.map(\.name))
    var name = wish
    while taken.contains(name) { name += "_" }
    return name
  }
}
