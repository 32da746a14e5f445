import RoadKernelContract

/// Kernels of which one implementation serves every instruction set: they move bytes, or run too rarely to be worth another. The reference
/// is what runs; those that a network meets often are loops that the compiler turns into vectors.
public enum PortableKernels {
  public static let maximum = PlainKernel<MaximumArguments>(name: "maximum/portable", run: maximumReference)
  public static let unpooling = PlainKernel<UnpoolingArguments>(name: "unpooling/portable", run: unpoolingReference)
  public static let average = PlainKernel<AverageArguments>(name: "average/portable", run: averageReference)
  public static let planeReduction = PlainKernel<ReductionArguments>(
    name: "plane-reduction/portable", run: planeReductionReference)
  public static let channelReduction = PlainKernel<ReductionArguments>(
    name: "channel-reduction/portable", run: channelReductionReference)
  public static let softmax = PlainKernel<SoftmaxArguments>(name: "softmax/portable", run: softmaxReference)
  public static let normalisation = PlainKernel<NormalisationArguments>(
    name: "normalisation/portable", run: normalisationReference)
  public static let innerProduct = PlainKernel<InnerProductArguments>(
    name: "inner-product/portable", run: innerProductReference)
  public static let int15Scores = PlainKernel<Int15ScoresArguments>(
    name: "wide-scores/portable", run: int15ScoresReference)
  public static let concatenation = PlainKernel<ConcatenationArguments>(
    name: "concatenation/portable", run: concatenationReference)
  public static let rearrangement = PlainKernel<RearrangementArguments>(
    name: "rearrangement/portable", run: rearrangementReference)
  public static let sampling = PlainKernel<SamplingArguments>(name: "sampling/portable", run: samplingReference)
  public static let resampling = PlainKernel<ResamplingArguments>(
    name: "resampling/portable", run: resamplingReference)
  public static let onnxRuntimeResize = PlainKernel<ONNXRuntimeResizeArguments>(
    name: "resize-precise/portable", run: onnxRuntimeResize(_:firstRow:endRow:))
  public static let binarySum = PlainKernel<BinaryArguments<BinarySum>>(
    name: "pair-sum/portable", run: binarySumReference)
  public static let perChannelAffine = PlainKernel<BinaryArguments<PerChannelAffine>>(
    name: "pair-lines/portable", run: perChannelAffineReference)
  public static let binaryProduct = PlainKernel<BinaryArguments<BinaryProduct>>(
    name: "pair-product/portable", run: binaryProductReference)
  public static let binaryTable = PlainKernel<BinaryArguments<BinaryTable>>(
    name: "pair-table/portable", run: binaryTableReference)
}
