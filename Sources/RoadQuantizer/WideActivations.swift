import RoadBase
import RoadFloat
import RoadModel

/// Which activations get 16 bits where 8 do not hold.
public enum WideActivations: Hashable, Sendable {
  case none
  /// Tensors, or nodes whose results they are, by name; tensors that share a scale follow.
  case named([String])
  /// The ones that cost the classes most, as few as needed: none while at 8 bits at least `worst` of the calibration
  /// pictures' pixels keep the class that the float model gives them; otherwise until `aim` of them do, or no more can
  /// be had.
  case found(worst: Double, aim: Double)

  /// Of a network that 8 bits serve, nothing changes.
  public static let automatic = WideActivations.found(worst: 0.97, aim: 0.98)
}

extension QuantizationScheme {
  /// The tensors that have one scale with another, itself among them.
  func sharing(_ tensor: String) -> Set<String> {
    let root = root(of: tensor)
    return Set(tensors.filter { self.root(of: $0) == root })
  }

  /// Where a tensor's scale comes from.
  func root(of tensor: String) -> String {
    var name = tensor
    while let source = sharedWith[name] { name = source }
    return name
  }

  /// - Throws: for a name that is neither a quantized tensor's nor that of a node which makes one.
  func tensors(named names: [String], in graph: ModelGraph) throws(RoadError) -> Set<String> {
    let all = Set(tensors)
    var chosen: Set<String> = []
    for name in names {
      guard let tensor = all.contains(name) ? name : result(ofNode: name, in: graph, all) else {
        throw RoadError(
          .option, "no quantized tensor and no node with one is named '\(name)'",
          remedy: "take the names that --report prints")
      }
      chosen.formUnion(sharing(tensor))
    }
    return chosen
  }

  /// The quantized tensor that a node makes, perhaps through the activation behind it.
  private func result(ofNode name: String, in graph: ModelGraph, _ all: Set<String>) -> String? {
    guard var output = graph.nodes.first(where: { $0.name == name })?.outputs.first else { return nil }
    while !all.contains(output) {
      guard let reader = graph.nodes.first(where: { $0.inputs.contains(output) }), let next = reader.outputs.first
      else {
        return nil
      }
      output = next
    }
    return output
  }
}

extension ModelGraph {
  /// The activations of a graph from ``Quantizer`` that have 16 bits, by their names in the float model, in graph
  /// order.
  public var wideActivations: [String] {
    nodes.compactMap { node in
      guard node.operation == "QuantizeLinear", node.inputs.count > 2,
        initializers[node.inputs[2]]?.elementType == .uint16, node.inputs[2].hasSuffix("_zero_point")
      else { return nil }
      return String(node.inputs[2].dropLast("_zero_point".count))
    }
  }
}

/// Finds the activations that 8 bits do not serve.
struct WideSearch {
  let network: CalibratedNetwork

  init(_ network: CalibratedNetwork) { self.network = network }

  /// The network in which `aim` of the samples' pixels keep the class that the float model gives them; in bytes alone
  /// where `worst` of them do.
  func quantized(worst: Double, aim: Double) throws(RoadError) -> ModelGraph {
    let bytes = try network.quantized(wide: [])
    guard let exact = try scores(of: network.graph), exact.allSatisfy({ $0.shape.count == 4 }),
      try agreement(exact, bytes) < worst
    else { return bytes }
    return try fewest { (graph) throws(RoadError) in try agreement(exact, graph) >= aim }
  }

  /// The network with the fewest of the ranked groups in 16 bits that is enough, else with all of them: by doubling,
  /// then between the last two.
  func fewest(_ isEnough: (ModelGraph) throws(RoadError) -> Bool) throws(RoadError) -> ModelGraph {
    let ranked = try ranked()
    guard !ranked.isEmpty else { return try network.quantized(wide: []) }
    func widest(_ count: Int) throws(RoadError) -> ModelGraph {
      try network.quantized(wide: Set(ranked.prefix(count).joined()))
    }
    var (few, many) = (0, 1)
    var found = try widest(many)
    while try !isEnough(found) {
      guard many < ranked.count else { return found }
      (few, many) = (many, min(many * 2, ranked.count))
      found = try widest(many)
    }
    while many - few > 1 {
      let middle = (few + many) / 2
      let graph = try widest(middle)
      if try isEnough(graph) { (many, found) = (middle, graph) } else { few = middle }
    }
    return found
  }

  private func agreement(_ exact: [FloatTensor], _ graph: ModelGraph) throws(RoadError) -> Double {
    guard let rounded = try scores(of: graph) else { return 1 }
    return Self.agreement(exact, rounded, level: network.graph.scoreThreshold.level)
  }

  /// Groups of tensors with one scale: first those whose rounding alone adds the most noise to the scores. Scores are
  /// left out, since whoever reads them has bytes.
  private func ranked() throws(RoadError) -> [Set<String>] {
    let (float, scheme) = (network.graph, network.scheme)
    guard let exact = try scores(of: float) else { return [] }
    let outputs = Set(float.outputs.map { scheme.root(of: $0.name) })
    var noises: [(tensors: Set<String>, noise: Double)] = []
    for tensor in scheme.tensors
    where scheme.sharedWith[tensor] == nil && scheme.fixed[tensor] == nil && !outputs.contains(tensor) {
      let group = scheme.sharing(tensor)
      var builder = QDQGraphBuilder(
        graph: float, scheme: scheme, quantizations: network.quantizations.filter { group.contains($0.key) })
      guard let rounded = try scores(of: builder.build()) else { continue }
      noises.append((group, Self.noise(exact, rounded)))
    }
    return noises.sorted { $0.noise > $1.noise }.map(\.tensors)
  }

  private func scores(of graph: ModelGraph) throws(RoadError) -> [FloatTensor]? {
    guard let input = graph.inputs.first(where: { graph.initializers[$0.name] == nil })?.name,
      let output = graph.outputs.first?.name
    else { return nil }
    let executor = try FloatExecutor(graph)
    var scores: [FloatTensor] = []
    for picture in network.samples {
      guard let tensor = try executor.run([input: picture])[output] else { return nil }
      scores.append(tensor)
    }
    return scores
  }

  /// Share of the pixels whose largest score is of the same class; of a single score, which lies on the same side of
  /// `level`.
  static func agreement(_ exact: [FloatTensor], _ rounded: [FloatTensor], level: Float = 0) -> Double {
    var (same, all) = (0, 0)
    for (x, y) in zip(exact, rounded) where x.shape == y.shape {
      let area = x.shape[2] * x.shape[3]
      if x.shape[1] == 1 {
        same += zip(x.values, y.values).count { ($0 > level) == ($1 > level) }
      } else {
        for pixel in 0..<area where largest(x, pixel, area) == largest(y, pixel, area) { same += 1 }
      }
      all += area
    }
    return all > 0 ? Double(same) / Double(all) : 1
  }

  private static func largest(_ scores: FloatTensor, _ pixel: Int, _ area: Int) -> Int {
    var best = 0
    for channel in 1..<scores.shape[1]
    where scores.values[channel * area + pixel] > scores.values[best * area + pixel] { best = channel }
    return best
  }

  private static func noise(_ exact: [FloatTensor], _ rounded: [FloatTensor]) -> Double {
    zip(exact, rounded).reduce(0) { sum, pair in
      zip(pair.0.values, pair.1.values).reduce(sum) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
    }
  }
}
