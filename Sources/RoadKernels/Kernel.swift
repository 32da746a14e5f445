import RoadKernelContract

/// How a kernel wants its weights: written once, when the plan is made.
protocol WeightPacking: Sendable {
  /// Bytes that ``pack(_:into:)`` writes; the buffer is aligned to ``WeightLayer/alignment``.
  func byteCount(_ layer: WeightLayer) -> Int
  func pack(_ layer: WeightLayer, into buffer: UnsafeMutableRawBufferPointer)
}

/// A kernel whose weights are packed once, when the plan is made.
public struct WeightKernel: Sendable {
  public let name: String
  /// Computes the output rows `firstRow..<endRow`.
  public let run: @Sendable (UnsafePointer<ConvolutionArguments>, _ firstRow: Int, _ endRow: Int) -> Void
  private let packing: any WeightPacking

  init(
    _ name: String, _ packing: any WeightPacking,
    _ run: @escaping @Sendable (UnsafePointer<ConvolutionArguments>, Int, Int) -> Void
  ) {
    self.name = name
    self.packing = packing
    self.run = run
  }

  /// The same weights through other code: for tests.
  package func replacing(
    _ run: @escaping @Sendable (UnsafePointer<ConvolutionArguments>, Int, Int) -> Void
  ) -> WeightKernel {
    WeightKernel(name, packing, run)
  }

  /// Bytes that ``pack(_:_:)`` writes; the buffer is aligned to ``WeightLayer/alignment``.
  public func packedByteCount(_ layer: WeightLayer) -> Int { packing.byteCount(layer) }

  /// Writes weights, folded bias and requantization in the order in which this kernel, and no other, reads them.
  public func pack(_ layer: WeightLayer, _ buffer: UnsafeMutableRawBufferPointer) {
    packing.pack(layer, into: buffer)
  }
}

/// A kernel without weights.
public struct PlainKernel<Arguments>: Sendable {
  public let name: String
  /// Computes the output rows `firstRow..<endRow`.
  public let run: @Sendable (UnsafePointer<Arguments>, _ firstRow: Int, _ endRow: Int) -> Void

  init(_ name: String, _ run: @escaping @Sendable (UnsafePointer<Arguments>, Int, Int) -> Void) {
    self.name = name
    self.run = run
  }

  /// Other code under the same name: for tests.
  package func replacing(
    _ run: @escaping @Sendable (UnsafePointer<Arguments>, Int, Int) -> Void
  ) -> PlainKernel<Arguments> {
    PlainKernel(name, run)
  }
}

/// A kernel that computes one row of pixels.
public struct RowKernel<Arguments>: Sendable {
  public let name: String
  public let run: @Sendable (UnsafePointer<Arguments>) -> Void

  init(_ name: String, _ run: @escaping @Sendable (UnsafePointer<Arguments>) -> Void) {
    self.name = name
    self.run = run
  }

  /// Other code under the same name: for tests.
  package func replacing(_ run: @escaping @Sendable (UnsafePointer<Arguments>) -> Void) -> RowKernel<Arguments> {
    RowKernel(name, run)
  }
}
