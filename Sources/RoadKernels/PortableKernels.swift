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
  public static let wideScores = PlainKernel<WideScoresArguments>(
    name: "wide-scores/portable", run: wideScoresReference)
  public static let concatenation = PlainKernel<ConcatenationArguments>(
    name: "concatenation/portable", run: concatenationReference)
  public static let rearrangement = PlainKernel<RearrangementArguments>(
    name: "rearrangement/portable", run: rearrangementReference)
  public static let sampling = PlainKernel<SamplingArguments>(name: "sampling/portable", run: samplingReference)
  public static let resampling = PlainKernel<ResamplingArguments>(
    name: "resampling/portable", run: resamplingReference)
  public static let preciseResize = PlainKernel<PreciseResizeArguments>(
    name: "resize-precise/portable", run: preciseResize(_:firstRow:endRow:))
  public static let pairSum = PlainKernel<PairArguments<PairSum>>(name: "pair-sum/portable", run: pairSumReference)
  public static let pairLines = PlainKernel<PairArguments<PairLines>>(
    name: "pair-lines/portable", run: pairLinesReference)
  public static let pairProduct = PlainKernel<PairArguments<PairProduct>>(
    name: "pair-product/portable", run: pairProductReference)
  public static let pairTable = PlainKernel<PairArguments<PairTable>>(
    name: "pair-table/portable", run: pairTableReference)
}
