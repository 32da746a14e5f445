import RoadBase
import RoadKernelContract
import RoadModel

/// Tensors put one behind the other, each with numbers of its own.
struct Join: Producer {
  struct Part: Equatable {
    var source: TensorID
    /// Nil: as the tensor's format says.
    var dequantized: [Float]?
    /// Where along the axis it starts.
    var start: Int32
  }

  var parts: [Part]
  var shape: PlaneShape
  var axis: ConcatenationArguments.Axis

  let writesInt16 = true

  func range(in network: LoweredNetwork) -> ClosedRange<Float>? {
    let numbers = parts.flatMap { row(of: $0, in: network) }.filter(\.isFinite)
    return (numbers.min() ?? 0)...(numbers.max() ?? 0)
  }

  private func row(of part: Part, in network: LoweredNetwork) -> [Float] {
    part.dequantized ?? network.tensors[part.source].format.dequantized[0]
  }

  func losesInBytes(in network: LoweredNetwork) -> Bool { hasInt16(in: network) }

  private func hasInt16(in network: LoweredNetwork) -> Bool {
    parts.contains { network.tensors[$0.source].element == .int16 }
  }

  fileprivate func layer(_ name: String, to output: TensorID, _ tables: [[UInt8]?]) -> ConcatenationLayer {
    ConcatenationLayer(
      name: name, inputs: parts.map(\.source), output: output, axis: axis, starts: parts.map(\.start), tables: tables)
  }

  func emit(
    _ name: String, to output: TensorID, _ integers: ClosedRange<Int>, in network: inout LoweredNetwork
  ) throws(RoadError) {
    let to = network.tensors[output].format
    func integer(_ real: Float) -> Int { min(max(to.quantize(real), integers.lowerBound), integers.upperBound) }
    guard hasInt16(in: network) || to.element == .int16 else {
      let identity = (0...255).map { UInt8($0) }
      let tables = parts.map { row(of: $0, in: network).map { UInt8(integer($0)) } }
      return network.append(layer(name, to: output, tables.map { $0 == identity ? nil : $0 }))
    }
    let joined = parts.map { part in
      let source = network.tensors[part.source]
      let isSame = part.dequantized == nil && source.format == to && integers == to.integers
      return Int16ConcatenationLayer.Part(
        source: part.source, element: source.element,
        table: isSame ? nil : .init([row(of: part, in: network)], to: to, integers), start: Int(part.start))
    }
    network.append(
      Int16ConcatenationLayer(name: name, parts: joined, output: output, to: to.element, axis: axis))
  }
}

extension LoweredNetwork {
  /// Joined as they are, each channel's bytes keep their own meaning; nil where they do not lie so, and where joins are
  /// rounded.
  mutating func unrounded(_ join: Join, _ name: String, _ elements: StridedView) -> RealView? {
    guard rounding.keepsUnroundedSums, join.axis == .channels, elements.isSame(as: join.shape.canonicalElements),
      join.parts.allSatisfy({ tensors[$0.source].element == .uint8 })
    else { return nil }
    let rows = join.parts.flatMap { part in
      let source = tensors[part.source]
      return Array(repeating: part.dequantized ?? source.format.dequantized[0], count: source.channels)
    }
    let bytes = addTensor("\(name)/bytes", join.shape, tensors[join.parts[0].source].format.ofOneScale)
    append(join.layer(name, to: bytes, join.parts.map { _ in nil }))
    return RealView(view: ElementView(tensor: bytes, elements: elements), dequantized: rows)
  }
}
