import RoadBase

extension ModelGraph {
  /// Folds every BatchNormalization that follows a Conv or ConvTranspose alone into its weights and bias:
  /// `w' = w·γ/√(σ² + ε)`, `b' = (b − μ)·γ/√(σ² + ε) + β`, computed in double precision (Ioffe and Szegedy, 2015).
  public func foldingBatchNorms() throws(RoadError) -> ModelGraph {
    var graph = self
    let index = GraphIndex(self)
    var removed: Set<Int> = []
    for (position, node) in nodes.enumerated() where node.operation == "BatchNormalization" && node.domain.isEmpty {
      guard let source = node.input(0), let producer = index.producer[source],
        index.soleConsumer(of: source) == position, ["Conv", "ConvTranspose"].contains(nodes[producer].operation),
        let affine = try ChannelAffine(batchNorm: node, initializers: initializers),
        let folded = affine.folded(into: nodes[producer], initializers: initializers)
      else { continue }
      // Names of their own: weights may be shared with another convolution.
      let prefix = node.outputs[0]
      graph.initializers[prefix + ".weight"] = folded.weights
      graph.initializers[prefix + ".bias"] = folded.bias
      graph.nodes[producer].inputs = [graph.nodes[producer].inputs[0], prefix + ".weight", prefix + ".bias"]
      graph.nodes[producer].outputs[0] = prefix
      removed.insert(position)
    }
    graph.nodes = graph.nodes.indices.filter { !removed.contains($0) }.map { graph.nodes[$0] }
    return graph.removingUnread()
  }
}

/// `y = factor·x + offset`, one pair for each channel.
struct ChannelAffine {
  var factor: [Double]
  var offset: [Double]

  /// Nil when a parameter is not a constant of one value for each channel.
  init?(batchNorm node: Node, initializers: [String: TensorData]) throws(RoadError) {
    let parameters = (1...4).compactMap { node.input($0).flatMap { initializers[$0]?.floats.map(Double.init) } }
    guard parameters.count == 4, Set(parameters.map(\.count)).count == 1 else { return nil }
    let epsilon = Double(try node.float("epsilon", default: 1e-5))
    let (scale, bias, mean, variance) = (parameters[0], parameters[1], parameters[2], parameters[3])
    let factor = zip(scale, variance).map { $0 / ($1 + epsilon).squareRoot() }
    offset = factor.indices.map { bias[$0] - mean[$0] * factor[$0] }
    self.factor = factor
  }

  func folded(
    into node: Node, initializers: [String: TensorData]
  ) -> (weights: TensorData, bias: TensorData)? {
    guard let name = node.input(1), let weights = initializers[name], weights.elementType == .float,
      weights.shape.count == 4
    else { return nil }
    var bias = [Double](repeating: 0, count: factor.count)
    if let name = node.input(2) {
      guard let given = initializers[name], given.count == factor.count else { return nil }
      bias = given.floats.map(Double.init)
    }
    // Conv has its output channels first; ConvTranspose second, within groups.
    let isTransposed = node.operation == "ConvTranspose"
    let perGroup = isTransposed ? weights.shape[1] : weights.shape[0]
    guard perGroup > 0, factor.count.isMultiple(of: perGroup), weights.count > 0 else { return nil }
    let groups = factor.count / perGroup
    guard isTransposed ? weights.shape[0].isMultiple(of: groups) : groups == 1 else { return nil }
    let window = weights.shape[2] * weights.shape[3]
    let run = isTransposed ? window : weights.count / perGroup
    let inputsPerGroup = isTransposed ? weights.shape[0] / groups : 1
    let values = weights.floats.enumerated().map { position, weight in
      let block = position / run
      let channel = isTransposed ? block % perGroup + block / perGroup / inputsPerGroup * perGroup : block
      return Float(Double(weight) * factor[channel])
    }
    let biases = bias.indices.map { Float(bias[$0] * factor[$0] + offset[$0]) }
    return (
      TensorData(floats: values, shape: weights.shape), TensorData(floats: biases, shape: [biases.count])
    )
  }
}
