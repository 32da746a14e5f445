import RoadKernelContract

#if arch(x86_64)
  import zKernelsAVX2
  import zKernelsAVXVNNI
#elseif arch(arm64)
  import zKernelsNEON
#endif

// Kernels that take only some layers, and the choice between them and the set's own.

extension KernelSet {
  /// For dense 3x3 convolutions whose products are dear, where a set has it.
  public var winograd: WeightKernel? { Self.winograds[instructionSet] }

  /// For 1x1 convolutions, where a set has it.
  public var pointwise: WeightKernel? { Self.pointwises[instructionSet] }

  /// For convolutions over at most three channels, where a set has it.
  public var picture: WeightKernel? { Self.pictures[instructionSet] }

  /// ``onnxRuntimeResize``, on vectors where a set has that.
  public var fineResize: PlainKernel<ONNXRuntimeResizeArguments> {
    Self.fineResizes[instructionSet] ?? onnxRuntimeResize
  }

  /// The kernel of a dense convolution, by the layer's window and channels: with fewer products where the set has that
  /// and its transforms pay, over widened bytes where the set has that. All give the same bytes.
  public func convolution(for layer: WeightLayer, _ window: WindowGeometry) -> WeightKernel {
    if let winograd, WinogradPacking.pays(layer, window) { return winograd }
    if let pointwise, window == WindowGeometry(kernelHeight: 1, kernelWidth: 1),
      (Self.leastPointwiseInputs...4096).contains(layer.inputChannels)
    {
      return pointwise
    }
    if let picture, PicturePacking.takes(layer, window) { return picture }
    return convolution
  }

  /// Pixels of a packed picture have less than a block of channels.
  private static let leastPointwiseInputs = TensorView.channelBlock
}

#if arch(x86_64)
  extension KernelSet {
    private static let winograds: [InstructionSet: WeightKernel] = [
      .avx2: WeightKernel("winograd/avx2", WinogradPacking()) { winogradAVX2($0, $1, $2) }
    ]

    private static let pointwises: [InstructionSet: WeightKernel] = [
      .avx2: WeightKernel("pointwise/avx2", PanelPacking.avx2Pointwise) { pointwiseAVX2($0, $1, $2) }
    ]

    private static let pictures: [InstructionSet: WeightKernel] = [
      .avx2: WeightKernel("picture/avx2", PicturePacking()) { pictureAVX2($0, $1, $2) }
    ]

    /// Wider units run it on 256 bits, too.
    private static let fineResizes: [InstructionSet: PlainKernel<ONNXRuntimeResizeArguments>] = [
      .avx2: fineResizeAVX2, .avx512vnni: fineResizeAVX2, .amx: fineResizeAVX2,
      .avxvnni: PlainKernel("resize-onnxruntime/avxvnni") { resizeOnVectors($0, $1, $2, onnxRuntimeResizeAVXVNNI) },
    ]

    private static let fineResizeAVX2 = PlainKernel<ONNXRuntimeResizeArguments>("resize-onnxruntime/avx2") {
      resizeOnVectors($0, $1, $2, onnxRuntimeResizeAVX2)
    }
  }
#else
  extension KernelSet {
    // On Arm, Winograd's transforms eat what it saves: Engine.md.
    private static let winograds: [InstructionSet: WeightKernel] = [:]
    private static let pointwises: [InstructionSet: WeightKernel] = [:]
    private static let pictures: [InstructionSet: WeightKernel] = [:]

    #if arch(arm64)
      private static let fineResizes: [InstructionSet: PlainKernel<ONNXRuntimeResizeArguments>] = [
        .neon: fineResizeNEON, .neondot: fineResizeNEON, .neoni8mm: fineResizeNEON,
      ]

      private static let fineResizeNEON = PlainKernel<ONNXRuntimeResizeArguments>("resize-onnxruntime/neon") {
        resizeOnVectors($0, $1, $2, onnxRuntimeResizeNEON)
      }
    #else
      private static let fineResizes: [InstructionSet: PlainKernel<ONNXRuntimeResizeArguments>] = [:]
    #endif
  }
#endif

#if arch(x86_64) || arch(arm64)
  /// A kernel's resize, or the definition's for what the kernel does not take.
  private func resizeOnVectors(
    _ arguments: UnsafePointer<ONNXRuntimeResizeArguments>, _ firstRow: Int, _ endRow: Int,
    _ kernel: (
      UnsafePointer<ONNXRuntimeResizeArguments>, Int, Int,
      (UnsafePointer<ONNXRuntimeResizeArguments>, Int, Int, Int, UInt32) -> Void
    ) -> Void
  ) {
    if arguments.pointee.rescalings != nil || arguments.pointee.destination.isPacked4
      || arguments.pointee.source.isPacked4
    {
      return onnxRuntimeResizeReference(arguments, firstRow: firstRow, endRow: endRow)
    }
    kernel(arguments, firstRow, endRow, onnxRuntimeResizeChannels)
  }
#endif
