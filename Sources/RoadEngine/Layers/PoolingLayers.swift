import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

/// MaxPool: the largest byte of each window, or which pixel of the window has it (argmax).
struct MaximumLayer: Layer {
  var name: String
  let kind = LayerKind.maximum
  let source: TensorID
  var output: TensorID
  let window: WindowGeometry
  let elements: TensorElement
  var writesArgmax = false

  var inputs: [TensorID] { [source] }
  var windowText: String { window.text }
  var rowWindow: WindowGeometry? { window }
  func halo(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
  func multiplyAccumulates(in network: LoweredNetwork) -> Int { 0 }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let kernel = elements == .int16 ? context.kernels.int16.maximum : context.kernels.maximum
    let (window, writesArgmax) = (window, writesArgmax)
    return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
      var arguments = MaximumArguments(
        source: sources[0], destination: destination, window: window, writesArgmax: writesArgmax)
      kernel.run(&arguments, rows.lowerBound, rows.upperBound)
    }
  }
}

/// AveragePool.
struct AverageLayer: Layer {
  let name: String
  let kind = LayerKind.average
  let source: TensorID
  let output: TensorID
  let window: WindowGeometry
  let rowTaps: [Int32]
  let columnTaps: [Int32]
  let factors: [Rescaling]
  let sourceZeroPoint: UInt8

  var inputs: [TensorID] { [source] }
  var windowText: String { window.text }
  var rowWindow: WindowGeometry? { window }
  func halo(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
  func multiplyAccumulates(in network: LoweredNetwork) -> Int { 0 }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let kernel = context.kernels.average
    let (window, zeroPoint) = (window, sourceZeroPoint)
    let factors = UnsafePointer(context.memory.copy(factors))
    let (rowTaps, columnTaps) = (
      UnsafePointer(context.memory.copy(rowTaps)), UnsafePointer(context.memory.copy(columnTaps))
    )
    return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
      var arguments = AverageArguments(
        source: sources[0], destination: destination, window: window, factors: factors, rowTaps: rowTaps,
        columnTaps: columnTaps, sourceZeroPoint: zeroPoint)
      kernel.run(&arguments, rows.lowerBound, rows.upperBound)
    }
  }
}

/// MaxUnpool.
struct UnpoolingLayer: Layer {
  let name: String
  let kind = LayerKind.unpooling
  let source: TensorID
  let argmax: TensorID
  let output: TensorID
  let window: WindowGeometry
  let zeroPoint: Int
  let elements: TensorElement

  var inputs: [TensorID] { [source, argmax] }
  var windowText: String { window.text }
  func halo(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
  func multiplyAccumulates(in network: LoweredNetwork) -> Int { 0 }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let window = window
    if elements == .int16 { return prepareInt16(context) }
    let (kernel, zeroPoint) = (context.kernels.unpooling, UInt8(zeroPoint))
    return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
      var arguments = UnpoolingArguments(
        source: sources[0], argmax: sources[1], destination: destination, window: window, zeroPoint: zeroPoint)
      kernel.run(&arguments, rows.lowerBound, rows.upperBound)
    }
  }

  private func prepareInt16(_ context: PlanContext) -> PreparedLayer {
    let (kernel, window, zeroPoint) = (context.kernels.int16.unpooling, window, Int16(zeroPoint))
    return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
      var arguments = Int16UnpoolingArguments(
        source: sources[0], argmax: sources[1], destination: destination, window: window, zeroPoint: zeroPoint)
      kernel.run(&arguments, rows.lowerBound, rows.upperBound)
    }
  }
}

/// Mean over windows, or over the whole picture, that reads or writes 16 bits.
struct Int16AverageLayer: Layer {
  let name: String
  let kind: LayerKind
  let source: TensorID
  let output: TensorID
  let window: WindowGeometry
  /// Those of the output (y, x) are at `rowFactors[y] + columnFactors[x]`.
  let factors: [Int16Rescaling]
  let rowFactors: [Int32]
  let columnFactors: [Int32]
  let sourceZeroPoint: Int
  let from: TensorElement
  let to: TensorElement

  var inputs: [TensorID] { [source] }
  var windowText: String { kind == .average ? window.text : "" }
  func halo(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
  func multiplyAccumulates(in network: LoweredNetwork) -> Int { 0 }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let kernel = context.kernels.int16.average(from: from, to: to)
    let (memory, window, zeroPoint) = (context.memory, window, Int64(sourceZeroPoint))
    let factors = UnsafePointer(memory.copy(factors))
    let (rowFactors, columnFactors) = (
      UnsafePointer(memory.copy(rowFactors)), UnsafePointer(memory.copy(columnFactors))
    )
    return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
      var arguments = Int16AverageArguments(
        source: sources[0], destination: destination, window: window, factors: factors, rowFactors: rowFactors,
        columnFactors: columnFactors, sourceZeroPoint: zeroPoint)
      kernel.run(&arguments, rows.lowerBound, rows.upperBound)
    }
  }
}
