import RoadKernelContract

/// Kernels that read or write 16-bit words: one implementation serves every instruction set, so every board gives the same words.
public enum WideKernels {
  public static func convolution(from: ElementKind, to: ElementKind) -> PlainKernel<WideConvolutionArguments> {
    let name = "convolution/\(suffix(from, to))"
    return switch (from, to) {
    case (.word, .word): PlainKernel(name: name) { wideConvolution($0, $1, $2, Int16.self, Int16.self) }
    case (.word, .byte): PlainKernel(name: name) { wideConvolution($0, $1, $2, Int16.self, UInt8.self) }
    case (.byte, .word): PlainKernel(name: name) { wideConvolution($0, $1, $2, UInt8.self, Int16.self) }
    case (.byte, .byte): PlainKernel(name: name) { wideConvolution($0, $1, $2, UInt8.self, UInt8.self) }
    }
  }

  /// The left operand is of words wherever one of both is.
  public static func sum(
    left: ElementKind, right: ElementKind, to: ElementKind
  ) -> PlainKernel<PairArguments<WideSum>> {
    let name = "sum/\(suffix(left, to))"
    return switch (left, right, to) {
    case (.word, .word, .word): PlainKernel(name: name) { wideSum($0, $1, $2, Int16.self, Int16.self, Int16.self) }
    case (.word, .word, .byte): PlainKernel(name: name) { wideSum($0, $1, $2, Int16.self, Int16.self, UInt8.self) }
    case (.word, .byte, .word): PlainKernel(name: name) { wideSum($0, $1, $2, Int16.self, UInt8.self, Int16.self) }
    case (.word, .byte, .byte): PlainKernel(name: name) { wideSum($0, $1, $2, Int16.self, UInt8.self, UInt8.self) }
    case (.byte, .byte, .word): PlainKernel(name: name) { wideSum($0, $1, $2, UInt8.self, UInt8.self, Int16.self) }
    default: preconditionFailure("no sum of \(left) and \(right) to \(to)")
    }
  }

  public static func conversion(from: ElementKind, to: ElementKind) -> PlainKernel<ConversionArguments> {
    let name = "conversion/\(suffix(from, to))"
    return switch (from, to) {
    case (.word, .word): PlainKernel(name: name) { convert($0, $1, $2, Int16.self, Int16.self) }
    case (.word, .byte): PlainKernel(name: name) { convert($0, $1, $2, Int16.self, UInt8.self) }
    case (.byte, .word): PlainKernel(name: name) { convert($0, $1, $2, UInt8.self, Int16.self) }
    case (.byte, .byte): PlainKernel(name: name) { convert($0, $1, $2, UInt8.self, UInt8.self) }
    }
  }

  public static func average(from: ElementKind, to: ElementKind) -> PlainKernel<WideAverageArguments> {
    let name = "average/\(suffix(from, to))"
    return switch (from, to) {
    case (.word, .word): PlainKernel(name: name) { wideAverage($0, $1, $2, Int16.self, Int16.self) }
    case (.word, .byte): PlainKernel(name: name) { wideAverage($0, $1, $2, Int16.self, UInt8.self) }
    case (.byte, .word): PlainKernel(name: name) { wideAverage($0, $1, $2, UInt8.self, Int16.self) }
    case (.byte, .byte): PlainKernel(name: name) { wideAverage($0, $1, $2, UInt8.self, UInt8.self) }
    }
  }

  public static let maximum = PlainKernel<MaximumArguments>(name: "maximum/16-16", run: wideMaximum)
  public static let unpooling = PlainKernel<WideUnpoolingArguments>(name: "unpooling/16-16", run: wideUnpooling)
  public static let resize = PlainKernel<ResizeArguments>(name: "resize/16-16", run: wideResize)

  private static func suffix(_ from: ElementKind, _ to: ElementKind) -> String { "\(from.size * 8)-\(to.size * 8)" }
}

extension TensorView {
  /// The elements of one pixel.
  @inline(__always)
  func elements<Element>(_ y: Int, _ x: Int, _: Element.Type) -> UnsafeMutablePointer<Element> {
    UnsafeMutableRawPointer(pixel(y, x)).assumingMemoryBound(to: Element.self)
  }
}
