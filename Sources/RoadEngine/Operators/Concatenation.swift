import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

/// Joins tensors; each brings its own scale to that of the result.
struct ConcatenationLayer: Layer {
  let name: String
  let kind = LayerKind.concatenation
  let inputs: [TensorID]
  let output: TensorID
  let axis: ConcatenationArguments.Axis
  let starts: [Int32]
  /// Nil: the bytes as they are.
  let tables: [[UInt8]?]

  var rowWindow: WindowGeometry? { axis == .channels ? .pixel : nil }
  func reach(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
  func multiplyAccumulates(in network: LoweredNetwork) -> Int { 0 }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let starts = UnsafePointer(context.memory.copy(starts))
    var pointers: [UnsafePointer<UInt8>?] = []
    for table in tables { pointers.append(table.map { UnsafePointer(context.memory.copy($0)) }) }
    let tables = UnsafePointer(context.memory.copy(pointers))
    let (axis, count) = (axis, inputs.count)
    let kernel = PortableKernels.concatenation
    if axis == .channels, self.starts.allSatisfy({ $0 % Int32(TensorView.channelBlock) == 0 }),
      self.tables.contains(where: { $0 != nil })
    {
      return prepareSlices(&context, tables)
    }
    return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
      var arguments = ConcatenationArguments(
        sources: sources, count: count, destination: destination, axis: axis, starts: starts, tables: tables)
      kernel.run(&arguments, rows.lowerBound, rows.upperBound)
    }
  }

  /// Every part starts at a channel block: the table kernel of the instruction set writes it in place.
  private func prepareSlices(
    _ context: inout PlanContext, _ tables: UnsafePointer<UnsafePointer<UInt8>?>
  ) -> PreparedLayer {
    let (kernel, copy) = (context.kernels.table, PortableKernels.concatenation)
    var lines: [UnsafePointer<ByteLines>?] = []
    for table in self.tables {
      let line = table.flatMap { ByteLines.fitting($0) }
      lines.append(line.map { UnsafePointer(context.memory.copy([$0])) })
    }
    let (allLines, starts) = (UnsafePointer(context.memory.copy(lines)), UnsafePointer(context.memory.copy(starts)))
    let (count, none) = (inputs.count, UnsafePointer(context.memory.copy([UnsafePointer<UInt8>?.none])))
    return PreparedLayer(kernel: "concatenation/\(kernel.name)") { sources, destination, rows in
      for index in 0..<count {
        guard let table = tables[index] else {
          var arguments = ConcatenationArguments(
            sources: sources + index, count: 1, destination: destination, axis: .channels, starts: starts + index,
            tables: none)
          copy.run(&arguments, rows.lowerBound, rows.upperBound)
          continue
        }
        var slice = destination
        slice.base += Int(starts[index])
        slice.channels = sources[index].channels
        var arguments = TableArguments(
          source: sources[index], destination: slice, tables: table, perChannel: false, lines: allLines[index])
        kernel.run(&arguments, rows.lowerBound, rows.upperBound)
      }
    }
  }
}

enum ConcatenationRule: OperatorRule {
  static func lower(_ node: Node, _ lowering: inout Lowering) throws(RoadError) {
    var views: [RealView] = []
    for index in node.inputs.indices { views.append(try lowering.joinable(index, of: node)) }
    guard let first = views.first else { throw RoadError(.model, "joins nothing") }
    let rank = first.shape.count
    let axis = try node.axis(try node.integer("axis", default: 0, in: -64...64), rank: rank)
    var result = first.shape
    for view in views.dropFirst() {
      var aligned = view.shape
      if aligned.count == rank { aligned[axis] = result[axis] }
      guard aligned == result else { throw RoadError(.model, "joins \(view.shape) to \(first.shape)") }
      result[axis] += view.shape[axis]
    }
    try join(node, views, axis: axis, result, &lowering)
  }

  private static func join(
    _ node: Node, _ views: [RealView], axis: Int, _ result: [Int], _ lowering: inout Lowering
  ) throws(RoadError) {
    let arrangement = Arrangement(canonical: result)
    let direction: ConcatenationArguments.Axis
    switch axis {
    case arrangement.rows.first(where: { result[$0] > 1 }): direction = .rows
    case arrangement.columns.first(where: { result[$0] > 1 }): direction = .columns
    case arrangement.channels.first(where: { result[$0] > 1 }): direction = .channels
    default: throw RoadError(.model, "joins shapes like \(result) along axis \(axis), which is not supported")
    }
    var (sources, starts, position) = ([TensorID](), [Int32](), 0)
    var levels: [[Float]] = []
    for view in views {
      levels.append(view.commonLevels(of: lowering.tensor(view.tensor)) ?? [])
      let source = lowering.plane(of: view.view, arrangement)
      let shape = lowering.tensor(source).shape
      sources.append(source)
      starts.append(Int32(position))
      position += direction == .rows ? shape.height : direction == .columns ? shape.width : shape.channels
    }
    let target = arrangement.plane(of: result)
    let (name, inputs, offsets, rows) = (node.name, sources, starts, levels)
    func layer(_ output: TensorID, _ tables: [[UInt8]?]) -> ConcatenationLayer {
      ConcatenationLayer(
        name: name, inputs: inputs, output: output, axis: direction, starts: offsets, tables: tables)
    }
    let elements = arrangement.elements(of: result)
    let quantizations = Set(sources.map { lowering.tensor($0).quantization })
    if quantizations.count == 1, views.allSatisfy({ $0.levels == nil }), let quantization = quantizations.first {
      let output = lowering.addTensor(node.outputs[0], target, quantization)
      lowering.append(layer(output, views.map { _ in nil }))
      return lowering.set(.real(RealView(view: ElementView(tensor: output, elements: elements))), outputOf: node)
    }
    var pending = PendingLayer(node: name, shape: target, elements: elements) {
      (lowering: inout Lowering, output, clamp) throws(RoadError) in
      let to = lowering.tensor(output).quantization
      let identity = (0...255).map { UInt8($0) }
      let tables = rows.map { row in row.map { min(max(to.quantize($0), clamp.low), clamp.high) } }
      lowering.append(layer(output, tables.map { $0 == identity ? nil : $0 }))
    }
    let numbers = levels.joined().filter(\.isFinite)
    pending.range = (numbers.min() ?? 0)...(numbers.max() ?? 0)
    lowering.set(.pending(pending), outputOf: node)
  }
}

extension Lowering {
  /// An input whose channels share one function of the byte; a constant becomes a tensor of its own.
  mutating func joinable(_ index: Int, of node: Node) throws(RoadError) -> RealView {
    if case .constant(let constant) = try required(index, of: node) {
      return RealView(view: try activation(of: constant))
    }
    let view = try real(index, of: node)
    guard view.tensor == network.input || view.commonLevels(of: tensor(view.tensor)) == nil else { return view }
    return RealView(view: settled(view, name: "\(node.name)/input\(index)"))
  }
}
