import RoadKernelContract

/// The kernels that run on this processor: those of the reference, with what an instruction set does faster in their
/// place.
///
/// A set is written as the reference with replacements, a line a kernel; that line is all it takes to have a kernel
/// chosen at run time, tested against the reference and measured.
public struct KernelSet: Sendable {
  public private(set) var instructionSet: InstructionSet

  // Convolutions and what most networks spend their time in.
  public var convolution = WeightKernel("convolution/reference", ReferencePacking(), convolutionReference)
  public var depthwise = WeightKernel("depthwise/reference", ReferencePacking(), depthwiseReference)
  public var addition = PlainKernel<AdditionArguments>("addition/reference", additionReference)
  public var resize = PlainKernel<ResizeArguments>("resize/reference", resizeReference)
  public var table = PlainKernel<TableArguments>("table/reference", tableReference)

  // Pixels: from the camera to the network, and from classes to the picture shown.
  public var blendRow = RowKernel<BlendRowArguments>("blend/reference", blendRowReference)
  public var interpolateRow = RowKernel<InterpolateRowArguments>("interpolate/reference", interpolateRowReference)
  public var packedYUVRow = RowKernel<PackedYUVRowArguments>("packedYUV/reference", packedYUVRowReference)
  public var roadCodesRow = RowKernel<RoadCodesArguments>("roadCodes/reference", roadCodesReference)
  public var classRow = RowKernel<ClassRowArguments>("classes/reference", classRowReference)

  // Scores over time.
  public var greyRow = RowKernel<GreyRowArguments>("grey/reference", greyRowReference)
  public var steadyRow = RowKernel<SteadyRowArguments>("steady/reference", steadyRowReference)

  // Kernels that move bytes, or run too rarely to be worth another than the reference; where a network meets them
  // often, they are loops that the compiler turns into vectors.
  public var maximum = PlainKernel<MaximumArguments>("maximum/portable", maximumReference)
  public var unpooling = PlainKernel<UnpoolingArguments>("unpooling/portable", unpoolingReference)
  public var average = PlainKernel<AverageArguments>("average/portable", averageReference)
  public var planeReduction = PlainKernel<ReductionArguments>("plane-reduction/portable", planeReductionReference)
  public var channelReduction = PlainKernel<ReductionArguments>("channel-reduction/portable", channelReductionReference)
  public var softmax = PlainKernel<SoftmaxArguments>("softmax/portable", softmaxReference)
  public var normalisation = PlainKernel<NormalisationArguments>("normalisation/reference", normalisationReference)
  public var innerProduct = PlainKernel<InnerProductArguments>("inner-product/reference", innerProductReference)
  public var int15Scores = PlainKernel<Int15ScoresArguments>("int16-scores/portable", int15ScoresReference)
  public var concatenation = PlainKernel<ConcatenationArguments>("concatenation/portable", concatenationReference)
  public var rearrangement = PlainKernel<RearrangementArguments>("rearrangement/portable", rearrangementPortable)
  public var sampling = PlainKernel<SamplingArguments>("sampling/portable", samplingReference)
  public var resampling = PlainKernel<ResamplingArguments>("resampling/portable", resamplingReference)
  public var onnxRuntimeResize = PlainKernel<ONNXRuntimeResizeArguments>(
    "resize-onnxruntime/portable", onnxRuntimeResizeReference)
  public var binarySum = PlainKernel<BinaryArguments<BinarySum>>("binary-sum/reference", binarySumReference)
  public var perChannelAffine = PlainKernel<BinaryArguments<PerChannelAffine>>(
    "binary-affine/portable", perChannelAffineReference)
  public var binaryProduct = PlainKernel<BinaryArguments<BinaryProduct>>(
    "binary-product/reference", binaryProductReference)
  public var binaryTable = PlainKernel<BinaryArguments<BinaryTable>>("binary-table/portable", binaryTableReference)

  /// Of the quantizer and of float models; frames never meet it.
  public var floatProduct = RowKernel<FloatProductArguments>("float-product/reference", floatProductReference)

  /// Kernels that read or write int16.
  public var int16 = Int16Kernels()

  /// Runs the instruction set's fastest multiply-accumulate in registers only, the given number of turns, and returns
  /// the multiply-accumulates done: the machine's own peak, which every kernel's speed is a share of.
  public var peakLoop: @Sendable (_ turns: Int) -> Int = { peakLoopReference(turns: $0) }

  /// Bytes that a thread's strips may take of the second-level cache.
  public var stripBudget: Int { CoreType.ofThisMachine.stripBudget(for: instructionSet) }

  /// Of the instruction set that ``InstructionSet/best()`` names; where the environment names none that exists, of the
  /// fastest (whoever runs the network tells of the mistake).
  public static let ofThisMachine = KernelSet.of(
    (try? InstructionSet.best()) ?? InstructionSet.available.max() ?? .reference)

  /// - Precondition: the instruction set is available on this machine.
  public static func of(_ instructionSet: InstructionSet) -> KernelSet {
    precondition(
      InstructionSet.available.contains(instructionSet), "\(instructionSet.rawValue) is not available on this machine")
    return sets[instructionSet] ?? .reference
  }

  static let reference = KernelSet(.reference)

  /// The reference's kernels, to be replaced.
  init(_ instructionSet: InstructionSet) { self.instructionSet = instructionSet }

  /// This set's kernels for another instruction set, to be replaced.
  init(_ instructionSet: InstructionSet, basedOn set: KernelSet) {
    self = set
    self.instructionSet = instructionSet
  }
}

#if !arch(x86_64) && !arch(arm64)
  extension KernelSet {
    /// No instruction set but the reference.
    static let sets: [InstructionSet: KernelSet] = [:]
  }
#endif

/// Eight independent chains of integer multiply-add.
@inline(never)
@Sendable
func peakLoopReference(turns: Int) -> Int {
  var sums = SIMD8<Int32>(0, 1, 2, 3, 4, 5, 6, 7)
  let factor = SIMD8<Int32>(repeating: Int32(truncatingIfNeeded: turns | 1))
  for _ in 0..<turns { sums = sums &* factor &+ factor }
  // The comparison keeps the loop from being removed.
  return sums.wrappedSum() == .min ? 0 : turns * 8
}
