import RoadKernelContract

/// Kernels that read or write 16-bit words: one implementation serves every instruction set, so every board gives the same words.
public enum Int16Kernels {
  public static func convolution(from: TensorElement, to: TensorElement) -> PlainKernel<Int16ConvolutionArguments> {
    let name = "convolution/\(suffix(from, to))"
    return switch (from, to) {
    case (.int16, .int16): PlainKernel(name: name) { int16Convolution($0, $1, $2, Int16.self, Int16.self) }
    case (.int16, .uint8): PlainKernel(name: name) { int16Convolution($0, $1, $2, Int16.self, UInt8.self) }
    case (.uint8, .int16): PlainKernel(name: name) { int16Convolution($0, $1, $2, UInt8.self, Int16.self) }
    case (.uint8, .uint8): PlainKernel(name: name) { int16Convolution($0, $1, $2, UInt8.self, UInt8.self) }
    }
  }

  /// The left operand is of words wherever one of both is.
  public static func sum(
    left: TensorElement, right: TensorElement, to: TensorElement
  ) -> PlainKernel<BinaryArguments<Int16Sum>> {
    let name = "sum/\(suffix(left, to))"
    return switch (left, right, to) {
    case (.int16, .int16, .int16): PlainKernel(name: name) { int16Sum($0, $1, $2, Int16.self, Int16.self, Int16.self) }
    case (.int16, .int16, .uint8): PlainKernel(name: name) { int16Sum($0, $1, $2, Int16.self, Int16.self, UInt8.self) }
    case (.int16, .uint8, .int16): PlainKernel(name: name) { int16Sum($0, $1, $2, Int16.self, UInt8.self, Int16.self) }
    case (.int16, .uint8, .uint8): PlainKernel(name: name) { int16Sum($0, $1, $2, Int16.self, UInt8.self, UInt8.self) }
    case (.uint8, .uint8, .int16): PlainKernel(name: name) { int16Sum($0, $1, $2, UInt8.self, UInt8.self, Int16.self) }
    default: preconditionFailure("no sum of \(left) and \(right) to \(to)")
    }
  }

  public static func conversion(from: TensorElement, to: TensorElement) -> PlainKernel<ConversionArguments> {
    let name = "conversion/\(suffix(from, to))"
    return switch (from, to) {
    case (.int16, .int16): PlainKernel(name: name) { convert($0, $1, $2, Int16.self, Int16.self) }
    case (.int16, .uint8): PlainKernel(name: name) { convert($0, $1, $2, Int16.self, UInt8.self) }
    case (.uint8, .int16): PlainKernel(name: name) { convert($0, $1, $2, UInt8.self, Int16.self) }
    case (.uint8, .uint8): PlainKernel(name: name) { convert($0, $1, $2, UInt8.self, UInt8.self) }
    }
  }

  public static func average(from: TensorElement, to: TensorElement) -> PlainKernel<Int16AverageArguments> {
    let name = "average/\(suffix(from, to))"
    return switch (from, to) {
    case (.int16, .int16): PlainKernel(name: name) { int16Average($0, $1, $2, Int16.self, Int16.self) }
    case (.int16, .uint8): PlainKernel(name: name) { int16Average($0, $1, $2, Int16.self, UInt8.self) }
    case (.uint8, .int16): PlainKernel(name: name) { int16Average($0, $1, $2, UInt8.self, Int16.self) }
    case (.uint8, .uint8): PlainKernel(name: name) { int16Average($0, $1, $2, UInt8.self, UInt8.self) }
    }
  }

  public static let maximum = PlainKernel<MaximumArguments>(name: "maximum/16-16", run: int16Maximum)
  public static let unpooling = PlainKernel<Int16UnpoolingArguments>(name: "unpooling/16-16", run: int16Unpooling)
  public static let resize = PlainKernel<ResizeArguments>(name: "resize/16-16", run: int16Resize)

  private static func suffix(_ from: TensorElement, _ to: TensorElement) -> String { "\(from.size * 8)-\(to.size * 8)" }
}

extension TensorView {
  /// The elements of one pixel.
  @inline(__always)
  func elements<Element>(_ y: Int, _ x: Int, _: Element.Type) -> UnsafeMutablePointer<Element> {
    UnsafeMutableRawPointer(pixel(y, x)).assumingMemoryBound(to: Element.self)
  }
}
