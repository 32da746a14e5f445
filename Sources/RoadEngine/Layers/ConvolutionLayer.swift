import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

/// Convolution, dense, depthwise or in groups, with the activation fused into the clamp of its output.
struct ConvolutionLayer: Layer {
  /// A group: the channels that it reads and writes.
  struct Part {
    var firstInput = 0
    var firstOutput = 0
    var weights: WeightLayer
  }

  let name: String
  let source: TensorID
  let output: TensorID
  let window: WindowGeometry
  let depthwise: Bool
  let parts: [Part]
  let zeroPoint: Int16
  let clamp: ByteClamp
  /// Where wide dilations see little of the picture: the output in parts, each with the taps that do.
  var regions: [TapRegion] = []

  var inputs: [TensorID] { [source] }

  var kind: LayerKind {
    if depthwise { return .depthwise }
    return window.isPointwise ? .pointwise : .convolution
  }

  var windowText: String { window.text }
  var rowWindow: WindowGeometry? { window }

  func halo(ofInput input: Int, in network: LoweredNetwork) -> Int {
    window.halo(from: network.tensors[source].shape, to: network.tensors[output].shape)
  }

  func multiplyAccumulates(in network: LoweredNetwork) -> Int {
    let to = network.tensors[output]
    guard regions.isEmpty else {
      return regions.reduce(0) { $0 + $1.products } * parts[0].weights.inputChannels * to.channels
    }
    return to.height * to.width * to.channels * parts[0].weights.products
  }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    if !regions.isEmpty { return prepareRegions(&context) }
    // Groups of a convolution have the same shape: one kernel for all, unless one has weights beyond its bound.
    let dense = parts.map { context.kernels.convolution(for: $0.weights, self.window) }
    let agree = dense.allSatisfy { $0.name == dense[0].name }
    let kernel = depthwise ? context.kernels.depthwise : agree ? dense[0] : context.kernels.convolution
    let packed = parts.map { context.packed($0.weights, by: kernel) }
    let (window, zeroPoint, clamp) = (window, zeroPoint, clamp)
    let roundsAsONNXRuntime = parts[0].weights.onnxRuntimeFactors != nil
    if parts.count == 1 {
      let (base, roundsToNearest) = (packed[0], parts[0].weights.roundsToNearest)
      return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
        var arguments = ConvolutionArguments(
          source: sources[0], destination: destination, window: window, packed: base, zeroPoint: zeroPoint,
          low: clamp.low, high: clamp.high, roundsAsONNXRuntime: roundsAsONNXRuntime,
          roundsToNearest: roundsToNearest)
        kernel.run(&arguments, rows.lowerBound, rows.upperBound)
      }
    }
    let slices = zip(parts, packed).map { part, packed in
      (
        part.firstInput, part.firstOutput, part.weights.inputChannels, part.weights.outputChannels, packed,
        part.weights.roundsToNearest
      )
    }
    let (list, count) = (UnsafePointer(context.memory.copy(slices)), slices.count)
    return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
      for index in 0..<count {
        let (firstInput, firstOutput, inputs, outputs, packed, roundsToNearest) = list[index]
        var arguments = ConvolutionArguments(
          source: sources[0].slice(firstInput, inputs), destination: destination.slice(firstOutput, outputs),
          window: window, packed: packed, zeroPoint: zeroPoint, low: clamp.low, high: clamp.high,
          roundsAsONNXRuntime: roundsAsONNXRuntime, roundsToNearest: roundsToNearest)
        kernel.run(&arguments, rows.lowerBound, rows.upperBound)
      }
    }
  }
}

extension ConvolutionLayer {
  /// Every region as a convolution of its own; those with the same taps share their weights.
  private func prepareRegions(_ context: inout PlanContext) -> PreparedLayer {
    let (window, zeroPoint, clamp, weights) = (window, zeroPoint, clamp, parts[0].weights)
    let (roundsAsONNXRuntime, roundsToNearest) = (weights.onnxRuntimeFactors != nil, weights.roundsToNearest)
    var packed: [[Range<Int>]: (kernel: WeightKernel, base: UnsafeRawPointer)] = [:]
    let ready = regions.map { region in
      let taps = [region.kernelRows, region.kernelColumns]
      if packed[taps] == nil {
        let some = weights.taps(taps[0], taps[1])
        let kernel = context.kernels.convolution(for: some, region.window(of: window))
        packed[taps] = (kernel, context.packed(some, by: kernel))
      }
      return (region, packed[taps])
    }.compactMap { region, packed in packed.map { (region, $0.kernel, $0.base) } }
    return PreparedLayer(kernel: context.kernels.convolution(for: weights, window).name) { sources, destination, rows in
      for (region, kernel, base) in ready {
        let own = rows.clamped(to: region.rows)
        if own.isEmpty { continue }
        var arguments = ConvolutionArguments(
          source: region.source(sources[0], window), destination: region.destination(destination),
          window: region.window(of: window), packed: base, zeroPoint: zeroPoint, low: clamp.low, high: clamp.high,
          roundsAsONNXRuntime: roundsAsONNXRuntime, roundsToNearest: roundsToNearest)
        kernel.run(&arguments, own.lowerBound, own.upperBound)
      }
    }
  }
}

extension PlanContext {
  /// Weights in the order in which a kernel reads them.
  func packed(_ weights: WeightLayer, by kernel: WeightKernel) -> UnsafeRawPointer {
    let packed = memory.allocate(kernel.packedByteCount(weights))
    kernel.pack(weights, packed)
    guard let base = packed.baseAddress else { preconditionFailure("no memory for packed weights") }
    return UnsafeRawPointer(base)
  }
}

extension WindowGeometry {
  var isPointwise: Bool { kernelHeight == 1 && kernelWidth == 1 }

  /// Pixels outside a source picture that an output of the size given reads.
  func halo(from: PlaneShape, to: PlaneShape) -> Int {
    let below = sourceRow(to.height - 1, kernelHeight - 1) - (from.height - 1)
    let right = sourceColumn(to.width - 1, kernelWidth - 1) - (from.width - 1)
    return max(padTop, padLeft, below, right, 0)
  }
}

extension WindowGeometry {
  init(_ window: SpatialWindow) {
    self.init(
      kernelHeight: window.kernelHeight, kernelWidth: window.kernelWidth, strideHeight: window.strideHeight,
      strideWidth: window.strideWidth, dilationHeight: window.dilationHeight, dilationWidth: window.dilationWidth,
      padTop: window.padTop, padLeft: window.padLeft)
  }

  /// "3x3 s2 d1", both sides where they differ: "5x1 s2x1 d1".
  var text: String {
    func both(_ height: Int, _ width: Int) -> String { height == width ? "\(height)" : "\(height)x\(width)" }
    let (strides, dilations) = (both(strideHeight, strideWidth), both(dilationHeight, dilationWidth))
    return "\(kernelHeight)x\(kernelWidth) s\(strides) d\(dilations)"
  }
}
