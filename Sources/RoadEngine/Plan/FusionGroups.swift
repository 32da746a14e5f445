import RoadKernelContract

/// Which layers run together, strip by strip, so that what lies between them never exists whole.
///
/// A group is a chain: each layer but the last writes a tensor that only the next one reads. It holds at most one
/// window wider than a pixel after its first layer (a second would make threads compute many rows twice), and it ends
/// where its result is smallest: expand → depthwise → project (→ add) starts and ends narrow, the wide tensors stay in
/// cache.
struct FusionGroups {
  /// Layer indices, in an order in which every input is there when it is read.
  let groups: [[Int]]

  /// Every layer by itself.
  init(unfused network: LoweredNetwork) { groups = network.layers.indices.map { [$0] } }

  init(_ network: LoweredNetwork) {
    let readers = network.readers
    var taken = Set<Int>()
    var groups: [[Int]] = []
    for first in network.layers.indices where !taken.contains(first) {
      let chain = Self.chain(from: first, network, readers, taken: taken)
      let group = Array(chain.prefix(Self.bestLength(chain, network)))
      taken.formUnion(group)
      groups.append(group)
    }
    // A group waits for the inputs of its last layer; what its earlier layers make, nobody else reads.
    self.groups = groups.sorted { $0[$0.count - 1] < $1[$1.count - 1] }
  }

  private static func chain(
    from first: Int, _ network: LoweredNetwork, _ readers: [[Int]], taken: Set<Int>
  ) -> [Int] {
    guard network.layers[first].rowWindow != nil else { return [first] }
    var chain = [first]
    var windows = 0
    while let last = chain.last {
      let tensor = network.layers[last].output
      guard readers[tensor].count == 1, let next = readers[tensor].first, tensor != network.output else { break }
      guard !taken.contains(next), let window = network.layers[next].rowWindow else { break }
      // A layer that reads the tensor twice (x + x) would need two views of the strip.
      guard network.layers[next].inputs.filter({ $0 == tensor }).count == 1 else { break }
      windows += window.kernelHeight > 1 ? 1 : 0
      guard windows <= 1 else { break }
      chain.append(next)
    }
    return chain
  }

  /// Up to the last of the smallest results.
  private static func bestLength(_ chain: [Int], _ network: LoweredNetwork) -> Int {
    let sizes = chain.map { index in
      let tensor = network.tensors[network.layers[index].output]
      return tensor.height * tensor.width * tensor.pixelPitch
    }
    guard let smallest = sizes.min(), let last = sizes.lastIndex(of: smallest) else { return chain.count }
    return last + 1
  }
}

extension LoweredNetwork {
  /// For each tensor the layers that read it.
  var readers: [[Int]] {
    var readers = [[Int]](repeating: [], count: tensors.count)
    for (index, layer) in layers.enumerated() {
      for tensor in Set(layer.inputs) { readers[tensor].append(index) }
    }
    return readers
  }
}

extension WindowGeometry {
  /// One pixel: what elementwise layers read.
  static let pixel = WindowGeometry(kernelHeight: 1, kernelWidth: 1)

  /// The source rows that output rows see, those outside the picture included.
  func sourceRows(_ rows: Range<Int>) -> Range<Int> {
    sourceRow(rows.lowerBound, 0)..<(sourceRow(rows.upperBound - 1, kernelHeight - 1) + 1)
  }
}
