import RoadBase
import RoadKernelContract
import RoadModel

/// A convolution: dense, depthwise or in groups, plain or transposed; also a product with a constant matrix.
struct Convolution: Producer {
  enum Window: Equatable {
    case plain(WindowGeometry)
    case transposed(SpatialWindow)
  }

  var source: TensorID
  var shape: PlaneShape
  var groups: Int
  var weights: WeightTensor
  var bias: ConstantTensor?
  var window: Window
  /// Sources of 16 bits, and weights that two bytes do not hold: the kernels for 16 bits run it whatever it writes.
  var needsInt16 = false
  /// Where the weights are finer than a byte: those of a byte, which serve a model's scores.
  var coarseWeights: WeightTensor?

  let writesInt16 = true
  let hasChannelFactors = true

  func farthest(in network: LoweredNetwork) -> Float? { weights.farthest(bias: bias, from: network.tensors[source]) }

  func folding(_ affine: ChannelAffine, in network: LoweredNetwork) throws(RoadError) -> (any Producer)? {
    var folded = self
    (folded.weights, folded.bias) = try weights.transformed(
      by: affine, bias: bias, step: network.tensors[source].format.step)
    folded.coarseWeights = nil
    return folded
  }

  func emit(
    _ name: String, to output: TensorID, _ integers: ClosedRange<Int>, in network: inout LoweredNetwork
  ) throws(RoadError) {
    switch (needsInt16 || network.tensors[output].element == .int16, window) {
    case (true, _): try emitInt16(name, to: output, integers, in: &network)
    case (false, .plain(let window)): try emitPlain(name, window, to: output, ByteClamp(integers), in: &network)
    case (false, .transposed(let window)):
      try emitTransposed(name, window, to: output, ByteClamp(integers), in: &network)
    }
  }

  private func emitPlain(
    _ name: String, _ window: WindowGeometry, to output: TensorID, _ clamp: ByteClamp,
    in network: inout LoweredNetwork
  ) throws(RoadError) {
    let grouping = weights.fitted(groups: groups, channels: network.tensors[source].channels)
    let read = grouping.isDoubled ? network.doubled(source, name) : source
    let packed = try packed([grouping.weights], to: output, clamp, in: network)
    var layer = ConvolutionLayer(
      name: name, source: read, output: output, window: window, depthwise: grouping.isDepthwise,
      parts: grouping.parts(of: packed.layers[0]), zeroPoint: packed.zeroPoint, clamp: packed.clamp)
    if !layer.depthwise, layer.parts.count == 1 {
      layer.regions =
        TapRegion.regions(window, from: network.tensors[read].shape, to: network.tensors[output].shape) ?? []
    }
    network.append(packed.tabled(layer))
  }

  private func emitTransposed(
    _ name: String, _ window: SpatialWindow, to output: TensorID, _ clamp: ByteClamp,
    in network: inout LoweredNetwork
  ) throws(RoadError) {
    let grouping = weights.fitted(groups: groups, channels: network.tensors[source].channels, slices: false)
    let read = grouping.isDoubled ? network.doubled(source, name) : source
    let phases = Self.phases(window, grouping.weights)
    let packed = try packed(phases.map(\.1), to: output, clamp, in: network)
    network.append(
      packed.tabled(
        TransposedConvolutionLayer(
          name: name, source: read, output: output, strideHeight: window.strideHeight,
          strideWidth: window.strideWidth, kernelText: WindowGeometry(window).text, depthwise: grouping.isDepthwise,
          phases: phases.map(\.0), weights: packed.layers, zeroPoint: packed.zeroPoint, clamp: packed.clamp)))
  }

  /// Between tensors of which one is of 16 bits, or with weights of 16.
  private func emitInt16(
    _ name: String, to output: TensorID, _ integers: ClosedRange<Int>, in network: inout LoweredNetwork
  ) throws(RoadError) {
    let (from, to) = (network.tensors[source], network.tensors[output])
    let (limit, phases) = (Int16Rescaling.accumulatorLimit, int16Phases)
    guard let all = phases.first?.1 else { throw RoadError(.model, "has no weights") }
    let products = all.scales.map { from.format.step * Double($0) }
    let whole = try all.accumulatorBias(bias, scales: products, limit: limit, network.rounding)
    for (_, weights) in phases {
      try weights.checkReach(whole.units, largest: from.element == .int16 ? 1 << 16 : 255, limit: limit)
    }
    var rescalings: [Int16Rescaling] = []
    for (channel, product) in products.enumerated() {
      let step = Double(to.format.scale(ofChannel: channel))
      rescalings.append(try .rescaling(product / step, to: to.format, integers, rest: whole.rests[channel]))
    }
    network.append(
      Int16ConvolutionLayer(
        name: name, kind: kind, source: source, output: output, windowText: geometry.text,
        strideHeight: stride.height, strideWidth: stride.width, groups: groups,
        phases: phases.map { Int16ConvolutionLayer.Phase(geometry: $0.0, weights: Int16Weights($0.1)) },
        bias: whole.units.map { Int64($0) }, rescalings: rescalings, sourceZeroPoint: from.format.zeroPoint,
        from: from.element, to: to.element))
  }
}

extension Convolution {
  private var geometry: WindowGeometry {
    switch window {
    case .plain(let window): window
    case .transposed(let window): WindowGeometry(window)
    }
  }

  private var kind: LayerKind {
    if case .transposed = window { return .transposed }
    return groups > 1 && groups == shape.channels ? .depthwise : geometry.isPointwise ? .pointwise : .convolution
  }

  private var stride: (height: Int, width: Int) {
    if case .transposed(let window) = window { (window.strideHeight, window.strideWidth) } else { (1, 1) }
  }

  private var int16Phases: [(TransposedConvolutionLayer.Phase, WeightTensor)] {
    if case .transposed(let window) = window { return Self.phases(window, weights) }
    let phase = TransposedConvolutionLayer.Phase(
      firstRow: 0, firstColumn: 0, rows: shape.height, columns: shape.width, window: geometry)
    return [(phase, weights)]
  }

  /// The kernels' weights, bias and factors for an output.
  private struct Packed {
    var layers: [WeightLayer]
    var tables: [ChannelTable]
    var zeroPoint: Int16
    var clamp: ByteClamp

    func tabled(_ layer: any Layer) -> any Layer {
      tables.isEmpty ? layer : TabledConvolutionLayer(convolution: layer, tables: tables)
    }
  }

  private func packed(
    _ weights: [WeightTensor], to output: TensorID, _ clamp: ByteClamp, in network: LoweredNetwork
  ) throws(RoadError) -> Packed {
    let (from, to) = (network.tensors[source].quantization, network.tensors[output])
    var parts: [ConvolutionWeights] = []
    for part in weights { parts.append(try part.layer(bias: bias, from: from, to: to, clamp, network.rounding)) }
    // Channels whose factor is 1 or more have tables; the tables of a layer hold its clamp.
    let tables = parts.first?.tables ?? []
    return Packed(
      layers: parts.map(\.weights), tables: tables, zeroPoint: Int16(to.format.zeroPoint),
      clamp: tables.isEmpty ? clamp : .none)
  }

  private static func phases(
    _ window: SpatialWindow, _ weights: WeightTensor
  ) -> [(TransposedConvolutionLayer.Phase, WeightTensor)] {
    let rows = PhaseAxis.all(
      stride: window.strideHeight, dilation: window.dilationHeight, taps: window.kernelHeight, pad: window.padTop,
      outputs: window.outputHeight)
    let columns = PhaseAxis.all(
      stride: window.strideWidth, dilation: window.dilationWidth, taps: window.kernelWidth, pad: window.padLeft,
      outputs: window.outputWidth)
    return rows.flatMap { row in
      columns.map { column in
        let isBlank = row.taps.isEmpty || column.taps.isEmpty
        let geometry = WindowGeometry(
          kernelHeight: isBlank ? 1 : row.taps.count, kernelWidth: isBlank ? 1 : column.taps.count,
          dilationHeight: row.dilation, dilationWidth: column.dilation, padTop: isBlank ? 0 : row.pad,
          padLeft: isBlank ? 0 : column.pad)
        let phase = TransposedConvolutionLayer.Phase(
          firstRow: row.first, firstColumn: column.first, rows: row.count, columns: column.count, window: geometry)
        return (phase, isBlank ? weights.blank : weights.taps(rows: row.taps, columns: column.taps))
      }
    }
  }
}

/// One phase of a transposed convolution along one axis.
///
/// Output `y` gets tap `k` of input `i` where `y + pad = i·stride + k·dilation`. Outputs `first, first + stride, ...`
/// share their taps; over them `i` grows by one a step, and from tap to tap it falls by `dilation·step ÷ stride`: a
/// plain convolution with the taps in reverse.
private struct PhaseAxis {
  var first: Int
  var count: Int
  /// In the order of rising input; empty where no tap reaches these outputs.
  var taps: [Int]
  var dilation: Int
  var pad: Int

  static func all(stride: Int, dilation: Int, taps: Int, pad: Int, outputs: Int) -> [PhaseAxis] {
    (0..<min(stride, outputs)).map { first in
      let reaching = (0..<taps).filter { (first + pad - $0 * dilation) % stride == 0 }
      let count = (outputs - first + stride - 1) / stride
      guard let nearest = reaching.first, let farthest = reaching.last else {
        return PhaseAxis(first: first, count: count, taps: [], dilation: 1, pad: 0)
      }
      let step = reaching.count > 1 ? reaching[1] - nearest : stride
      // Exact: both differ from a multiple of the stride by the same.
      return PhaseAxis(
        first: first, count: count, taps: reaching.reversed(), dilation: max(step * dilation / stride, 1),
        pad: -((first + pad - farthest * dilation) / stride))
    }
  }
}

extension Int16Weights {
  init(_ weights: WeightTensor) {
    let (taps, inputs) = (weights.height * weights.width, weights.inputs)
    values = [Int16](repeating: 0, count: weights.values.count)
    sums = [Int64](repeating: 0, count: weights.outputs * taps)
    for output in 0..<weights.outputs {
      for input in 0..<inputs {
        for tap in 0..<taps {
          let weight = weights.values[(output * inputs + input) * taps + tap]
          values[(output * taps + tap) * inputs + input] = weight
          sums[output * taps + tap] += Int64(weight)
        }
      }
    }
  }
}
