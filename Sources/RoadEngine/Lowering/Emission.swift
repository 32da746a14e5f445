import RoadBase
import RoadKernelContract
import RoadModel

// From real numbers to the integers of a format.
extension LoweredNetwork {
  /// Adds the layer for a pending result: the one place where a format chooses how a producer runs.
  mutating func emit(_ layer: PendingLayer, to format: TensorFormat, name: String) throws(RoadError) -> ElementView {
    switch path(of: layer, to: format) {
    case .direct: return try emitDirectly(layer, to: format, name: name)
    case .throughFunction: return try emitThroughFunction(layer, to: format, name: name)
    case .throughUInt8:
      let bytes = try emit(layer, to: TensorFormat(format.uint8), name: "\(name)/bytes")
      return convert(RealView(view: bytes), to: format, name: "\(layer.node)/int16", output: name)
    case .throughInt16:
      guard let common = try layer.range(in: self) else { throw unquantized(layer) }
      let finer = try emit(
        layer, to: .spanning(common.lowerBound, common.upperBound).int16, name: "\(layer.node)/int16")
      return convert(RealView(view: finer), to: format, name: "\(layer.node)/channels", output: name)
    case .throughSettled:
      return try checkedConvert(RealView(view: try settled(layer)), to: format, name: name, output: name)
    }
  }

  private enum Path {
    /// The producer's layer writes the format.
    case direct
    /// The producer writes 16 bits over the part of its range in which the function's integers change; a table makes
    /// the result.
    case throughFunction
    /// The producer writes only bytes.
    case throughUInt8
    /// Scales that differ by channel behind one factor for all: 16 bits over all that can come out, then a table for
    /// each channel.
    case throughInt16
    /// The same behind bytes.
    case throughSettled
  }

  private func path(of layer: PendingLayer, to format: TensorFormat) -> Path {
    let (producer, function) = (layer.producer, layer.epilogue.function)
    if let scales = format.channelScales, !producer.hasChannelFactors || function != nil {
      let isRanged = (try? layer.range(in: self)) != nil
      return isRanged && producer.writesInt16 && layer.shape.channels == scales.count && layer.isCanonical
        ? .throughInt16 : .throughSettled
    }
    if format.element == .int16, !producer.writesInt16 { return .throughUInt8 }
    return function == nil ? .direct : .throughFunction
  }

  private mutating func emitDirectly(
    _ layer: PendingLayer, to format: TensorFormat, name: String
  ) throws(RoadError) -> ElementView {
    if let scales = format.channelScales, layer.elements != nil || layer.shape.channels != scales.count {
      throw RoadError(.model, "\(scales.count) scales do not fit \(layer.shape.channels) channels")
    }
    guard let integers = format.integers(from: layer.epilogue.lowest, to: layer.epilogue.highest) else {
      throw RoadError(.model, "the activation before it ends at another byte in each channel, which is not supported")
    }
    let output = addTensor(name, layer.shape, format)
    do {
      try layer.folded(in: self).emit(layer.node, to: output, integers, in: &self)
    } catch {
      throw RoadError(.model, "quantizes node '\(layer.node)': \(error.cause)", remedy: error.remedy)
    }
    return ElementView(tensor: output, elements: layer.wholeElements)
  }

  private mutating func emitThroughFunction(
    _ layer: PendingLayer, to format: TensorFormat, name: String
  ) throws(RoadError) -> ElementView {
    guard let function = layer.epilogue.function, let farthest = try layer.folded(in: self).farthest(in: self),
      layer.producer.writesInt16, farthest.isFinite, farthest > 0
    else {
      throw RoadError(
        .model, "quantizes node '\(layer.node)': a function of a result that is not quantized, and has no known range")
    }
    let changing = Self.changing(within: farthest) { format.quantize(function($0)) }
    let finer = TensorFormat.spanning(changing.lowerBound, changing.upperBound).int16
    var plain = layer
    (plain.epilogue.function, plain.epilogue.lowest, plain.epilogue.highest) = (nil, -.infinity, .infinity)
    let source = try emitDirectly(plain, to: finer, name: "\(layer.node)/int16").tensor
    let output = addTensor(name, layer.shape, format)
    let integers = format.integers(from: layer.epilogue.lowest, to: layer.epilogue.highest) ?? format.integers
    append(
      ConversionLayer(
        name: "\(layer.node)/function", source: source, output: output, from: .int16, to: format.element,
        table: .init([finer.dequantized[0].map { function($0) }], to: format, integers)))
    return ElementView(tensor: output, elements: layer.wholeElements)
  }

  /// The part of `-farthest...farthest` outside of which an integer stays as it is.
  private static func changing(within farthest: Float, _ integer: (Float) -> Int) -> ClosedRange<Float> {
    let steps = 1 << 15
    func real(_ index: Int) -> Float { farthest * Float(min(max(index, -steps), steps)) / Float(steps) }
    let integers = (-steps...steps).map { integer(real($0)) }
    let first = (integers.firstIndex { $0 != integers.first } ?? 0) - steps
    let last = (integers.lastIndex { $0 != integers.last } ?? 0) - steps
    let (lowest, highest) = (real(min(first, last) - 1), real(max(first, last) + 1))
    // The zero-point's rounding moves the finer integers by up to half a byte's step.
    let margin = (highest - lowest) / 256
    return lowest - margin...highest + margin
  }

  /// Bytes for a layer that no QuantizeLinear follows, over all that can come out of it.
  mutating func settled(_ layer: PendingLayer) throws(RoadError) -> ElementView {
    guard let range = try layer.range(in: self) else { throw unquantized(layer) }
    return try emit(layer, to: .spanning(range.lowerBound, range.upperBound), name: "\(layer.node)/output")
  }

  /// 16 bits over all that can come out of a layer that no QuantizeLinear follows; nil where that is not known.
  mutating func settledInt16(_ layer: PendingLayer) throws(RoadError) -> ElementView? {
    guard layer.producer.writesInt16 else { return nil }
    if layer.epilogue.function == nil, let range = try layer.range(in: self) {
      return try emit(layer, to: .spanning(range.lowerBound, range.upperBound).int16, name: "\(layer.node)/int16")
    }
    guard let farthest = try layer.folded(in: self).reach(in: self), farthest.isFinite, farthest > 0 else { return nil }
    var (lowest, highest) = (-farthest, farthest)
    if let function = layer.epilogue.function {
      let numbers = (-1024...1024).map { function(farthest * Float($0) / 1024) }
      guard numbers.allSatisfy(\.isFinite), let least = numbers.min(), let most = numbers.max() else { return nil }
      (lowest, highest) = (least, most)
    }
    let format = TensorFormat.spanning(layer.epilogue.clamped(lowest), layer.epilogue.clamped(highest)).int16
    return try emit(layer, to: format, name: "\(layer.node)/int16")
  }

  private func unquantized(_ layer: PendingLayer) -> RoadError {
    RoadError(.model, "the result of node '\(layer.node)' is not quantized")
  }
}

extension LoweredNetwork {
  mutating func append(_ layer: any Layer) { layers.append(layer) }

  /// A tensor as the NCHW value that it is.
  func canonicalView(of id: TensorID) -> ElementView {
    ElementView(tensor: id, elements: tensors[id].shape.canonicalElements)
  }

  /// Bytes with a scale of their own for a view that went through a function: its known numbers choose it.
  mutating func settled(_ view: RealView, name: String) -> ElementView {
    let source = tensors[view.tensor]
    guard !view.isPlain(in: source) || source.element == .int16 else { return view.view }
    if view.isPlain(in: source) {
      return convert(view, to: TensorFormat(source.quantization), name: name, output: name)
    }
    return convert(view, to: view.spanningFormat(in: source), name: name, output: name)
  }

  /// The view's numbers as integers of a format; the tensor itself where it has it already.
  ///
  /// - Parameter name: of the layer.
  mutating func convert(_ real: RealView, to format: TensorFormat, name: String, output: String) -> ElementView {
    let source = tensors[real.tensor]
    if real.dequantized == nil, source.format == format, real.tensor != input { return real.view }
    if let resized = requantizedResize(real, to: format, name: output) { return resized }
    let result = addTensor(output, source.shape, format)
    var rows = real.commonRow(of: source).map { [$0] } ?? real.rowsOfChannels(of: source)
    if let scales = format.channelScales { rows = scales.indices.map { rows[rows.count == 1 ? 0 : $0] } }
    if source.element == .uint8, format.element == .uint8 {
      append(TableLayer(name: name, rows, source: real.tensor, output: result, format: format))
    } else {
      append(
        ConversionLayer(
          name: name, source: real.tensor, output: result, from: source.element, to: format.element,
          table: .init(rows, to: format, format.integers)))
    }
    return ElementView(tensor: result, elements: real.view.elements)
  }

  /// The same; throws where scales of channels do not meet the tensor's channels.
  mutating func checkedConvert(
    _ real: RealView, to format: TensorFormat, name: String, output: String
  ) throws(RoadError) -> ElementView {
    let source = tensors[real.tensor]
    if let scales = format.channelScales {
      guard source.element == .uint8 else {
        throw RoadError(.model, "a scale for each channel is supported behind convolutions and functions only")
      }
      if source.channels == scales.count, let resized = requantizedResize(real, to: format, name: output) {
        return resized
      }
      let isCanonical = real.view.elements.isSame(as: canonicalView(of: real.tensor).elements)
      guard isCanonical, source.channels == scales.count, real.tensor != input else {
        throw RoadError(.model, "\(scales.count) scales do not fit \(source.channels) channels")
      }
    }
    return convert(real, to: format, name: name, output: output)
  }

  /// A resize in binary32 that is quantized to scales of its own: from the source to them in one rounding.
  ///
  /// - Returns: nil where no such resize made the view's tensor, and for scales too far from the source's.
  private mutating func requantizedResize(_ view: RealView, to format: TensorFormat, name: String) -> ElementView? {
    guard view.dequantized == nil, format.element == .uint8,
      var layer = layers.last(where: { $0.output == view.tensor }) as? ONNXRuntimeResizeLayer,
      layer.rescalings.isEmpty
    else { return nil }
    let shape = tensors[view.tensor].shape
    let scales = format.channelScales ?? [Float](repeating: format.scale, count: shape.channels)
    layer.rescalings = scales.compactMap { .init(from: layer.quantization.scale, to: $0) }
    guard layer.rescalings.count == shape.channels else { return nil }
    layer.output = addTensor(name, shape, format)
    layer.outputZeroPoint = UInt8(format.zeroPoint)
    append(layer)
    return ElementView(tensor: layer.output, elements: view.view.elements)
  }

  /// A plane with the view's elements in an arrangement (the canonical one of its shape by default); they move only
  /// where they must.
  mutating func plane(of view: ElementView, _ arrangement: Arrangement? = nil) -> TensorID {
    let arrangement = arrangement ?? Arrangement(canonical: view.shape)
    let (shape, source) = (arrangement.plane(of: view.shape), tensors[view.tensor])
    if source.shape == shape, view.elements.isSame(as: arrangement.elements(of: view.shape)) { return view.tensor }
    let output = addTensor("\(source.name)/moved\(tensors.count)", shape, source.format.ofOneScale)
    var (moved, bytes, order) = (view, source.shape, arrangement)
    if source.element == .int16 {
      (moved, bytes.channels) = (view.bytesOfInt16, bytes.channels * 2)
      order.channels.append(view.shape.count)
    }
    append(
      RearrangementLayer(
        name: "\(source.name)/move", view: moved, source: bytes, arrangement: order, output: output,
        elementSize: source.element.size))
    return output
  }

  /// Each channel twice: c, c + n.
  mutating func doubled(_ source: TensorID, _ name: String) -> TensorID {
    let from = tensors[source]
    let shape = PlaneShape(height: from.height, width: from.width, channels: from.channels * 2)
    let output = addTensor("\(name)/doubled", shape, from.format.ofOneScale)
    append(
      ConcatenationLayer(
        name: "\(name)/double", inputs: [source, source], output: output, axis: .channels,
        starts: [0, Int32(from.channels)], tables: [nil, nil]))
    return output
  }

  /// The axis that runs over the channels of a view that shows each element of its tensor once; nil for others.
  func channelAxis(ofWhole view: ElementView) -> Int? {
    let (shape, strides) = (view.shape, view.elements.strides)
    let plane = tensors[view.tensor].shape
    guard view.elements.offset == 0, shape.reduce(1, *) == plane.height * plane.width * plane.channels,
      shape.indices.allSatisfy({ shape[$0] == 1 || strides[$0] > 0 })
    else { return nil }
    return shape.indices.first { shape[$0] == plane.channels && (strides[$0] == 1 || plane.channels == 1) }
  }
}

extension RealView {
  /// 256 levels over the view's numbers.
  func spanningFormat(in tensor: LoweredTensor) -> TensorFormat {
    let numbers = rows(of: tensor).joined().filter(\.isFinite)
    return .spanning(numbers.min() ?? 0, numbers.max() ?? 0)
  }
}

extension ElementView {
  /// The bytes that the view's 16-bit integers consist of: one more axis, of two.
  fileprivate var bytesOfInt16: ElementView {
    var view = self
    view.elements.shape.append(2)
    view.elements.strides = elements.strides.map { $0 * 2 } + [1]
    view.elements.offset *= 2
    return view
  }
}
