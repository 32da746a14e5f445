import RoadBase
import RoadFloat
import RoadModel

/// Which activations get 16 bits where 8 do not hold.
public enum WideActivations: Hashable, Sendable {
  case none
  /// Tensors, or nodes whose results they are, by name; tensors that share a scale follow.
  case named([String])
  /// As few as needed: none while at 8 bits 99 % of some calibration pictures' pixels keep the class that the float
  /// model gives them, or where 16 bits for all bring less than half a point. Where fewer than `worst` of them keep it,
  /// so many that `aim` do; in between, what brings three quarters of the gain.
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
  private let progress: (_ done: Int, _ all: Int) -> Void

  init(_ network: CalibratedNetwork, progress: @escaping (_ done: Int, _ all: Int) -> Void = { _, _ in }) {
    self.network = network
    self.progress = progress
  }

  /// The network in bytes alone where they serve: `good` of the samples' pixels keep the class that the float model
  /// gives them, or 16 bits for all activations would bring less than half a point more. Else with as few groups as
  /// bring `aim` (nearly what all of them bring, where `aim` cannot be had); from `worst` on up, three quarters of the
  /// gain.
  func quantized(worst: Double, aim: Double) throws(RoadError) -> ModelGraph {
    let bytes = try network.quantized(wide: [])
    progress(0, 1)
    guard let exact = network.scores, exact.allSatisfy({ $0.shape.count == 4 }) else { return bytes }
    let narrow = try agreement(exact, bytes)
    guard narrow < Self.good else { return bytes }
    let groups = roots.map { network.scheme.sharing($0) }
    let best = try agreement(exact, network.quantized(wide: Set(groups.joined())))
    guard best - narrow >= Self.gain else { return bytes }
    let enough = narrow < worst ? min(aim, best - Self.gain / 4) : narrow + (best - narrow) * 3 / 4
    let few = try fewest(of: groups) { (graph) throws(RoadError) in try agreement(exact, graph) >= enough }
    return try network.quantized(wide: Set(few.joined()))
  }

  /// Share of the pixels from which on nothing is looked for, and what counts as a gain.
  private static let good = 0.99
  private static let gain = 0.005

  /// Groups whose 16 bits are enough together: parts of them, ever smaller ones, are left out where the rest is still
  /// enough. Groups that help only together are found, too, which looking at each alone does not.
  ///
  /// Zeller, Hildebrandt: Simplifying and isolating failure-inducing input, IEEE TSE 28 (2002), of one granularity a
  /// pass.
  private func fewest(
    of groups: [Set<String>], _ isEnough: (ModelGraph) throws(RoadError) -> Bool
  ) throws(RoadError) -> [Set<String>] {
    var (kept, size, step) = (groups, (groups.count + 1) / 2, 0)
    while size > 0 {
      var start = 0
      while start < kept.count {
        var rest = kept
        rest.removeSubrange(start..<min(start + size, kept.count))
        if try isEnough(network.quantized(wide: Set(rest.joined()))) { kept = rest } else { start += size }
        step += 1
        progress(step, max(step, Self.usualSteps))
      }
      // Single groups are worth a try only where few are left.
      size = size > max(groups.count / 32, 1) || kept.count <= Self.few ? size / 2 : 0
    }
    return kept
  }

  private static let usualSteps = 24
  private static let few = 12

  /// The network with the fewest of the ranked groups in 16 bits that is enough, else with all of them: by doubling,
  /// then between the last two.
  func fewest(_ isEnough: (ModelGraph) throws(RoadError) -> Bool) throws(RoadError) -> ModelGraph {
    let ranked = try ranked()
    guard !ranked.isEmpty else { return try network.quantized(wide: []) }
    var (few, many) = (0, 1)
    var found = try network.quantized(wide: Set(ranked.prefix(many).joined()))
    while try !isEnough(found) {
      guard many < ranked.count else { return found }
      (few, many) = (many, min(many * 2, ranked.count))
      found = try network.quantized(wide: Set(ranked.prefix(many).joined()))
    }
    return try fewest(of: ranked, above: few, to: many, found, isEnough)
  }

  /// - Parameters:
  ///   - few: so many are not enough.
  ///   - many: so many are: they make `found`.
  private func fewest(
    of ranked: [Set<String>], above few: Int, to many: Int, _ found: ModelGraph,
    _ isEnough: (ModelGraph) throws(RoadError) -> Bool
  ) throws(RoadError) -> ModelGraph {
    var (few, many, found) = (few, many, found)
    while many - few > 1 {
      let middle = (few + many) / 2
      let graph = try network.quantized(wide: Set(ranked.prefix(middle).joined()))
      if try isEnough(graph) { (many, found) = (middle, graph) } else { few = middle }
    }
    return found
  }

  /// Share of the samples' pixels that keep the class which the float network gives them; nil where it gives no scores.
  func agreement(ofQuantized graph: ModelGraph) throws(RoadError) -> Double? {
    guard let exact = network.scores, exact.allSatisfy({ $0.shape.count == 4 }) else { return nil }
    return try agreement(exact, graph)
  }

  /// As the integer engine computes them; as the float executor does where the engine cannot.
  private func agreement(_ exact: [FloatTensor], _ graph: ModelGraph) throws(RoadError) -> Double {
    let level = network.graph.scoreThreshold.level
    if let shape = exact.first?.shape, let integers = IntegerAgreement(graph, scores: shape, level: level),
      let agreement = agreement(exact, integers, level: level)
    {
      return agreement
    }
    guard let rounded = try scores(of: graph) else { return 1 }
    return Self.agreement(exact, rounded, level: level)
  }

  private func agreement(_ exact: [FloatTensor], _ integers: IntegerAgreement, level: Float) -> Double? {
    var (same, all) = (0, 0)
    for (scores, picture) in zip(exact, network.samples) {
      guard scores.shape == exact[0].shape, let classes = integers.classes(of: picture) else { return nil }
      for (pixel, found) in classes.enumerated() where Self.winner(scores, pixel, classes.count, level) == Int(found) {
        same += 1
      }
      all += classes.count
    }
    return all > 0 ? Double(same) / Double(all) : nil
  }

  /// Tensors with a scale of their own, in graph order. Scores are left out, since whoever reads them has bytes.
  private var roots: [String] {
    let scheme = network.scheme
    let outputs = Set(network.graph.outputs.map { scheme.root(of: $0.name) })
    return scheme.tensors.filter { scheme.sharedWith[$0] == nil && scheme.fixed[$0] == nil && !outputs.contains($0) }
  }

  /// Groups of tensors with one scale: first those whose rounding alone adds the most noise to the scores of one
  /// sample.
  ///
  /// Neighbours are first measured together; one by one only those of the blocks that add the most.
  private func ranked() throws(RoadError) -> [Set<String>] {
    let (scheme, roots) = (network.scheme, roots)
    guard let sample = network.samples.first, let exact = network.scores.map({ Array($0.prefix(1)) }) else {
      return []
    }
    let size = max((roots.count + Self.blocks - 1) / Self.blocks, 1)
    let blocks = stride(from: 0, to: roots.count, by: size).map { Array(roots[$0..<min($0 + size, roots.count)]) }
    let closer = size > 1 ? Self.blocks / 4 * size : 0
    var done = 0
    func noises(_ blocks: [[String]]) throws(RoadError) -> [(tensors: [String], noise: Double)] {
      var found: [(tensors: [String], noise: Double)] = []
      for block in blocks {
        let group = Set(block.flatMap(scheme.sharing))
        var builder = QDQGraphBuilder(
          graph: network.graph, scheme: scheme, quantizations: network.quantizations.filter { group.contains($0.key) })
        if let rounded = try scores(of: builder.build(), [sample]) { found.append((block, Self.noise(exact, rounded))) }
        done += 1
        progress(done, blocks.count + closer)
      }
      return found.sorted { $0.noise > $1.noise }
    }
    let coarse = try noises(blocks)
    guard size > 1 else { return coarse.map { Set($0.tensors.flatMap(scheme.sharing)) } }
    let loud = coarse.prefix(Self.blocks / 4).flatMap(\.tensors)
    let fine = try noises(loud.map { [$0] }).flatMap(\.tensors)
    return (fine + coarse.dropFirst(Self.blocks / 4).flatMap(\.tensors)).map(scheme.sharing)
  }

  private static let blocks = 24

  private func scores(
    of graph: ModelGraph, _ samples: [FloatTensor]? = nil
  ) throws(RoadError) -> [FloatTensor]? {
    guard let input = graph.inputs.first(where: { graph.initializers[$0.name] == nil })?.name,
      let output = graph.outputs.first?.name
    else { return nil }
    let executor = try FloatExecutor(graph)
    var scores: [FloatTensor] = []
    for picture in samples ?? network.samples {
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
      for pixel in 0..<area where winner(x, pixel, area, level) == winner(y, pixel, area, level) { same += 1 }
      all += area
    }
    return all > 0 ? Double(same) / Double(all) : 1
  }

  /// The class of the largest score; of a single score, whether it is above `level`.
  private static func winner(_ scores: FloatTensor, _ pixel: Int, _ area: Int, _ level: Float) -> Int {
    guard scores.shape[1] > 1 else { return scores.values[pixel] > level ? 1 : 0 }
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
