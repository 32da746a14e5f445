#if arch(arm64)
  import RoadKernelContract
  import zKernelsNEON
  import zKernelsNEONDot
  import zKernelsNEONI8MM

  extension KernelSet {
    static let sets: [InstructionSet: KernelSet] = [.neon: neon, .neondot: neondot, .neoni8mm: neoni8mm]

    static let neon: KernelSet = {
      var set = KernelSet(.neon)
      set.convolution = WeightKernel("convolution/neon", ArmPacking.neon) { convolutionNEON($0, $1, $2) }
      set.depthwise = WeightKernel("depthwise/neon", StripPacking.neon) { depthwiseNEON($0, $1, $2) }
      set.addition = PlainKernel("addition/neon") { additionNEON($0, $1, $2) }
      set.resize = PlainKernel("resize/neon") { resizeNEON($0, $1, $2) }
      set.table = PlainKernel("table/neon") { tableIfAffine($0, $1, $2, tableNEON) }
      set.blendRow = RowKernel("blend/neon") { blendRowNEON($0) }
      set.interpolateRow = RowKernel("interpolate/neon") { interpolateRowNEON($0) }
      set.packedYUVRow = RowKernel("packedYUV/neon") { packedYUVRowNEON($0) }
      set.roadCodesRow = RowKernel("roadCodes/neon") { roadCodesRowNEON($0) }
      set.classRow = RowKernel("classes/neon") { classRowNEON($0) }
      set.greyRow = RowKernel("grey/neon") { greyRowNEON($0) }
      set.steadyRow = RowKernel("steady/neon") { steadyRowNEON($0) }
      set.innerProduct = PlainKernel("inner-product/neon") { innerProductNEON($0, $1, $2) }
      set.normalisation = PlainKernel("normalisation/neon") { normalisationNEON($0, $1, $2) }
      set.binarySum = PlainKernel("binary-sum/neon") { binarySumNEON($0, $1, $2) }
      set.binaryProduct = PlainKernel("binary-product/neon") { binaryProductNEON($0, $1, $2) }
      set.floatProduct = RowKernel("float-product/neon") { floatProductNEON($0) }
      set.int16.packedConvolution = Int16PackedKernel("convolution-16/neon", lanes: 8) { int16PanelsNEON($0, $1, $2) }
      set.peakLoop = { peakLoopNEON($0) }
      return set
    }()

    /// The 8-bit dot product of Armv8.2 and later.
    static let neondot: KernelSet = {
      var set = KernelSet(.neondot, basedOn: .neon)
      set.convolution = WeightKernel("convolution/neondot", ArmPacking.neondot) { convolutionNEONDot($0, $1, $2) }
      set.depthwise = WeightKernel("depthwise/neondot", StripPacking.neondot) { depthwiseNEONDot($0, $1, $2) }
      set.peakLoop = { peakLoopNEONDot($0) }
      return set
    }()

    /// The 8-bit products of matrices of Armv8.6 and later.
    static let neoni8mm: KernelSet = {
      var set = KernelSet(.neoni8mm, basedOn: .neon)
      set.convolution = WeightKernel("convolution/neoni8mm", ArmPacking.neoni8mm) { convolutionNEONI8MM($0, $1, $2) }
      set.depthwise = WeightKernel("depthwise/neoni8mm", StripPacking.neoni8mm) { depthwiseNEONI8MM($0, $1, $2) }
      set.peakLoop = { peakLoopNEONI8MM($0) }
      return set
    }()
  }
#endif
