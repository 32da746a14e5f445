import RoadKernelContract

/// Kernels that read or write int16: one implementation serves every instruction set, but for convolutions.
public struct Int16Kernels: Sendable {
  /// Convolutions in vectors; nil in the reference.
  public var packedConvolution: Int16PackedKernel?

  public func convolution(from: TensorElement, to: TensorElement) -> PlainKernel<Int16ConvolutionArguments> {
    let name = "convolution/\(suffix(from, to))"
    return switch (from, to) {
    case (.int16, .int16): PlainKernel(name) { int16Convolution($0, $1, $2, Int16.self, Int16.self) }
    case (.int16, .uint8): PlainKernel(name) { int16Convolution($0, $1, $2, Int16.self, UInt8.self) }
    case (.uint8, .int16): PlainKernel(name) { int16Convolution($0, $1, $2, UInt8.self, Int16.self) }
    case (.uint8, .uint8): PlainKernel(name) { int16Convolution($0, $1, $2, UInt8.self, UInt8.self) }
    }
  }

  /// The left operand is int16 wherever one of both is.
  public func sum(
    left: TensorElement, right: TensorElement, to: TensorElement
  ) -> PlainKernel<BinaryArguments<Int16Sum>> {
    let name = "sum/\(suffix(left, to))"
    return switch (left, right, to) {
    case (.int16, .int16, .int16): PlainKernel(name) { int16Sum($0, $1, $2, Int16.self, Int16.self, Int16.self) }
    case (.int16, .int16, .uint8): PlainKernel(name) { int16Sum($0, $1, $2, Int16.self, Int16.self, UInt8.self) }
    case (.int16, .uint8, .int16): PlainKernel(name) { int16Sum($0, $1, $2, Int16.self, UInt8.self, Int16.self) }
    case (.int16, .uint8, .uint8): PlainKernel(name) { int16Sum($0, $1, $2, Int16.self, UInt8.self, UInt8.self) }
    case (.uint8, .uint8, .int16): PlainKernel(name) { int16Sum($0, $1, $2, UInt8.self, UInt8.self, Int16.self) }
    default: preconditionFailure("no sum of \(left) and \(right) to \(to)")
    }
  }

  public func product(
    left: TensorElement, right: TensorElement, to: TensorElement
  ) -> PlainKernel<BinaryArguments<Int16Product>> {
    let name = "product/\(suffix(left, to))"
    return switch (left, right, to) {
    case (.int16, .int16, .int16): PlainKernel(name) { int16Product($0, $1, $2, Int16.self, Int16.self, Int16.self) }
    case (.int16, .int16, .uint8): PlainKernel(name) { int16Product($0, $1, $2, Int16.self, Int16.self, UInt8.self) }
    case (.int16, .uint8, .int16): PlainKernel(name) { int16Product($0, $1, $2, Int16.self, UInt8.self, Int16.self) }
    case (.int16, .uint8, .uint8): PlainKernel(name) { int16Product($0, $1, $2, Int16.self, UInt8.self, UInt8.self) }
    case (.uint8, .int16, .int16): PlainKernel(name) { int16Product($0, $1, $2, UInt8.self, Int16.self, Int16.self) }
    case (.uint8, .int16, .uint8): PlainKernel(name) { int16Product($0, $1, $2, UInt8.self, Int16.self, UInt8.self) }
    case (.uint8, .uint8, .int16): PlainKernel(name) { int16Product($0, $1, $2, UInt8.self, UInt8.self, Int16.self) }
    case (.uint8, .uint8, .uint8): PlainKernel(name) { int16Product($0, $1, $2, UInt8.self, UInt8.self, UInt8.self) }
    }
  }

  public func innerProduct(
    left: TensorElement, right: TensorElement, to: TensorElement
  ) -> PlainKernel<Int16InnerProductArguments> {
    let name = "inner-product/\(suffix(left, to))"
    return switch (left, right, to) {
    case (.int16, .int16, .int16):
      PlainKernel(name) { int16InnerProduct($0, $1, $2, Int16.self, Int16.self, Int16.self) }
    case (.int16, .int16, .uint8):
      PlainKernel(name) { int16InnerProduct($0, $1, $2, Int16.self, Int16.self, UInt8.self) }
    case (.int16, .uint8, .int16):
      PlainKernel(name) { int16InnerProduct($0, $1, $2, Int16.self, UInt8.self, Int16.self) }
    case (.int16, .uint8, .uint8):
      PlainKernel(name) { int16InnerProduct($0, $1, $2, Int16.self, UInt8.self, UInt8.self) }
    case (.uint8, .int16, .int16):
      PlainKernel(name) { int16InnerProduct($0, $1, $2, UInt8.self, Int16.self, Int16.self) }
    case (.uint8, .int16, .uint8):
      PlainKernel(name) { int16InnerProduct($0, $1, $2, UInt8.self, Int16.self, UInt8.self) }
    case (.uint8, .uint8, .int16):
      PlainKernel(name) { int16InnerProduct($0, $1, $2, UInt8.self, UInt8.self, Int16.self) }
    case (.uint8, .uint8, .uint8):
      PlainKernel(name) { int16InnerProduct($0, $1, $2, UInt8.self, UInt8.self, UInt8.self) }
    }
  }

  public func int16Affine(from: TensorElement, to: TensorElement) -> PlainKernel<Int16AffineArguments> {
    let name = "int16-affine/\(suffix(from, to))"
    return switch (from, to) {
    case (.int16, .int16): PlainKernel(name) { RoadKernels.int16Affine($0, $1, $2, Int16.self, Int16.self) }
    case (.int16, .uint8): PlainKernel(name) { RoadKernels.int16Affine($0, $1, $2, Int16.self, UInt8.self) }
    case (.uint8, .int16): PlainKernel(name) { RoadKernels.int16Affine($0, $1, $2, UInt8.self, Int16.self) }
    case (.uint8, .uint8): PlainKernel(name) { RoadKernels.int16Affine($0, $1, $2, UInt8.self, UInt8.self) }
    }
  }

  public func conversion(from: TensorElement, to: TensorElement) -> PlainKernel<ConversionArguments> {
    let name = "conversion/\(suffix(from, to))"
    return switch (from, to) {
    case (.int16, .int16): PlainKernel(name) { convert($0, $1, $2, Int16.self, Int16.self) }
    case (.int16, .uint8): PlainKernel(name) { convert($0, $1, $2, Int16.self, UInt8.self) }
    case (.uint8, .int16): PlainKernel(name) { convert($0, $1, $2, UInt8.self, Int16.self) }
    case (.uint8, .uint8): PlainKernel(name) { convert($0, $1, $2, UInt8.self, UInt8.self) }
    }
  }

  public func average(from: TensorElement, to: TensorElement) -> PlainKernel<Int16AverageArguments> {
    let name = "average/\(suffix(from, to))"
    return switch (from, to) {
    case (.int16, .int16): PlainKernel(name) { int16Average($0, $1, $2, Int16.self, Int16.self) }
    case (.int16, .uint8): PlainKernel(name) { int16Average($0, $1, $2, Int16.self, UInt8.self) }
    case (.uint8, .int16): PlainKernel(name) { int16Average($0, $1, $2, UInt8.self, Int16.self) }
    case (.uint8, .uint8): PlainKernel(name) { int16Average($0, $1, $2, UInt8.self, UInt8.self) }
    }
  }

  /// Where one of both is int16.
  public func softmax(from: TensorElement, to: TensorElement) -> PlainKernel<Int16SoftmaxArguments> {
    let name = "softmax/\(suffix(from, to))"
    return switch (from, to) {
    case (.int16, .int16): PlainKernel(name) { int16Softmax($0, $1, $2, Int16.self, Int16.self) }
    case (.int16, .uint8): PlainKernel(name) { int16Softmax($0, $1, $2, Int16.self, UInt8.self) }
    case (.uint8, .int16): PlainKernel(name) { int16Softmax($0, $1, $2, UInt8.self, Int16.self) }
    case (.uint8, .uint8): PlainKernel(name) { int16Softmax($0, $1, $2, UInt8.self, UInt8.self) }
    }
  }

  /// Where one of both is int16.
  public func normalisation(from: TensorElement, to: TensorElement) -> PlainKernel<Int16NormalisationArguments> {
    let name = "normalisation/\(suffix(from, to))"
    return switch (from, to) {
    case (.int16, .int16): PlainKernel(name) { int16Normalisation($0, $1, $2, Int16.self, Int16.self) }
    case (.int16, .uint8): PlainKernel(name) { int16Normalisation($0, $1, $2, Int16.self, UInt8.self) }
    case (.uint8, .int16): PlainKernel(name) { int16Normalisation($0, $1, $2, UInt8.self, Int16.self) }
    case (.uint8, .uint8): PlainKernel(name) { int16Normalisation($0, $1, $2, UInt8.self, UInt8.self) }
    }
  }

  public func norm(from: TensorElement, to: TensorElement) -> PlainKernel<Int16NormArguments> {
    let name = "norm/\(suffix(from, to))"
    return switch (from, to) {
    case (.int16, .int16): PlainKernel(name) { int16Norm($0, $1, $2, Int16.self, Int16.self) }
    case (.int16, .uint8): PlainKernel(name) { int16Norm($0, $1, $2, Int16.self, UInt8.self) }
    case (.uint8, .int16): PlainKernel(name) { int16Norm($0, $1, $2, UInt8.self, Int16.self) }
    case (.uint8, .uint8): PlainKernel(name) { int16Norm($0, $1, $2, UInt8.self, UInt8.self) }
    }
  }

  /// Of int16.
  public func resampling(to: TensorElement) -> PlainKernel<ResamplingArguments> {
    let name = "resampling/\(suffix(.int16, to))"
    return switch to {
    case .int16: PlainKernel(name) { resample($0, $1, $2, Int16.self, Int16.self) }
    case .uint8: PlainKernel(name) { resample($0, $1, $2, Int16.self, UInt8.self) }
    }
  }

  public var maximum = PlainKernel<MaximumArguments>("maximum/16-16", int16Maximum)
  public var padding = PlainKernel<Int16PaddingArguments>("padding/16-16", int16Padding)
  public var unpooling = PlainKernel<Int16UnpoolingArguments>("unpooling/16-16", int16Unpooling)
  public var resize = PlainKernel<ResizeArguments>("resize/16-16", int16Resize)

  private func suffix(_ from: TensorElement, _ to: TensorElement) -> String { "\(from.size * 8)-\(to.size * 8)" }
}

extension TensorView {
  /// The elements of one pixel.
  @inline(__always)
  func elements<Element>(_ y: Int, _ x: Int, _: Element.Type) -> UnsafeMutablePointer<Element> {
    UnsafeMutableRawPointer(pixel(y, x)).assumingMemoryBound(to: Element.self)
  }
}
