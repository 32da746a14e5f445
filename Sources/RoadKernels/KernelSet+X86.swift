#if arch(x86_64)
  import RoadKernelContract
  import zKernelsAMX
  import zKernelsAVX2
  import zKernelsAVX512VNNI
  import zKernelsAVXVNNI

  extension KernelSet {
    static let sets: [InstructionSet: KernelSet] = [.avx2: avx2, .avxvnni: avxvnni, .avx512vnni: avx512vnni, .amx: amx]

    static let avx2: KernelSet = {
      var set = KernelSet(.avx2)
      set.convolution = WeightKernel("convolution/avx2", PanelPacking.avx2) { convolutionAVX2($0, $1, $2) }
      set.depthwise = WeightKernel("depthwise/avx2", StripPacking.avx2) { depthwiseAVX2($0, $1, $2) }
      set.addition = PlainKernel("addition/avx2") { additionAVX2($0, $1, $2) }
      set.resize = PlainKernel("resize/avx2") { resizeAVX2($0, $1, $2) }
      set.table = PlainKernel("table/avx2") { tableIfAffine($0, $1, $2, tableAVX2) }
      set.blendRow = RowKernel("blend/avx2") { blendRowAVX2($0) }
      set.interpolateRow = RowKernel("interpolate/avx2") { interpolateRowAVX2($0) }
      set.packedYUVRow = RowKernel("packedYUV/avx2") { packedYUVRowAVX2($0) }
      set.roadCodesRow = RowKernel("roadCodes/avx2") { roadCodesRowAVX2($0) }
      set.classRow = RowKernel("classes/avx2") { classRowAVX2($0) }
      set.greyRow = RowKernel("grey/avx2") { greyRowAVX2($0) }
      set.steadyRow = RowKernel("steady/avx2") { steadyRowAVX2($0) }
      set.innerProduct = PlainKernel("inner-product/avx2") { innerProductAVX2($0, $1, $2) }
      set.normalisation = PlainKernel("normalisation/avx2") { normalisationAVX2($0, $1, $2) }
      set.binarySum = PlainKernel("binary-sum/avx2") { binarySumAVX2($0, $1, $2) }
      set.binaryProduct = PlainKernel("binary-product/avx2") { binaryProductAVX2($0, $1, $2) }
      set.floatProduct = RowKernel("float-product/avx2") { floatProductAVX2($0) }
      set.int16.packedConvolution = Int16PackedKernel("convolution-16/avx2", lanes: 16) {
        int16PanelsAVX2($0, $1, $2)
      }
      set.peakLoop = { peakLoopAVX2($0) }
      return set
    }()

    static let avxvnni: KernelSet = {
      var set = KernelSet(.avxvnni)
      set.convolution = WeightKernel("convolution/avxvnni", PanelPacking.avxvnni) { convolutionAVXVNNI($0, $1, $2) }
      set.depthwise = WeightKernel("depthwise/avxvnni", StripPacking.avxvnni) { depthwiseAVXVNNI($0, $1, $2) }
      set.addition = PlainKernel("addition/avxvnni") { additionAVXVNNI($0, $1, $2) }
      set.resize = PlainKernel("resize/avxvnni") { resizeAVXVNNI($0, $1, $2) }
      set.table = PlainKernel("table/avxvnni") { tableIfAffine($0, $1, $2, tableAVXVNNI) }
      set.blendRow = RowKernel("blend/avxvnni") { blendRowAVXVNNI($0) }
      set.interpolateRow = RowKernel("interpolate/avxvnni") { interpolateRowAVXVNNI($0) }
      set.packedYUVRow = RowKernel("packedYUV/avxvnni") { packedYUVRowAVXVNNI($0) }
      set.roadCodesRow = RowKernel("roadCodes/avxvnni") { roadCodesRowAVXVNNI($0) }
      set.classRow = RowKernel("classes/avxvnni") { classRowAVXVNNI($0) }
      set.greyRow = RowKernel("grey/avxvnni") { greyRowAVXVNNI($0) }
      set.steadyRow = RowKernel("steady/avxvnni") { steadyRowAVXVNNI($0) }
      set.innerProduct = PlainKernel("inner-product/avxvnni") { innerProductAVXVNNI($0, $1, $2) }
      set.normalisation = PlainKernel("normalisation/avxvnni") { normalisationAVXVNNI($0, $1, $2) }
      set.binarySum = PlainKernel("binary-sum/avxvnni") { binarySumAVXVNNI($0, $1, $2) }
      set.binaryProduct = PlainKernel("binary-product/avxvnni") { binaryProductAVXVNNI($0, $1, $2) }
      set.floatProduct = RowKernel("float-product/avxvnni") { floatProductAVXVNNI($0) }
      set.int16.packedConvolution = Int16PackedKernel("convolution-16/avxvnni", lanes: 16) {
        int16PanelsAVXVNNI($0, $1, $2)
      }
      set.peakLoop = { peakLoopAVXVNNI($0) }
      return set
    }()

    static let avx512vnni: KernelSet = {
      var set = KernelSet(.avx512vnni)
      set.convolution = WeightKernel("convolution/avx512vnni", PanelPacking.avx512vnni) {
        convolutionAVX512VNNI($0, $1, $2)
      }
      set.depthwise = WeightKernel("depthwise/avx512vnni", StripPacking.avx512vnni) { depthwiseAVX512VNNI($0, $1, $2) }
      set.addition = PlainKernel("addition/avx512vnni") { additionAVX512VNNI($0, $1, $2) }
      set.resize = PlainKernel("resize/avx512vnni") { resizeAVX512VNNI($0, $1, $2) }
      set.table = PlainKernel("table/avx512vnni") { tableIfAffine($0, $1, $2, tableAVX512VNNI) }
      set.blendRow = RowKernel("blend/avx512vnni") { blendRowAVX512VNNI($0) }
      set.interpolateRow = RowKernel("interpolate/avx512vnni") { interpolateRowAVX512VNNI($0) }
      set.packedYUVRow = RowKernel("packedYUV/avx512vnni") { packedYUVRowAVX512VNNI($0) }
      set.roadCodesRow = RowKernel("roadCodes/avx512vnni") { roadCodesRowAVX512VNNI($0) }
      set.classRow = RowKernel("classes/avx512vnni") { classRowAVX512VNNI($0) }
      set.greyRow = RowKernel("grey/avx512vnni") { greyRowAVX512VNNI($0) }
      set.steadyRow = RowKernel("steady/avx512vnni") { steadyRowAVX512VNNI($0) }
      set.innerProduct = PlainKernel("inner-product/avx512vnni") { innerProductAVX512VNNI($0, $1, $2) }
      set.normalisation = PlainKernel("normalisation/avx512vnni") { normalisationAVX512VNNI($0, $1, $2) }
      set.binarySum = PlainKernel("binary-sum/avx512vnni") { binarySumAVX512VNNI($0, $1, $2) }
      set.binaryProduct = PlainKernel("binary-product/avx512vnni") { binaryProductAVX512VNNI($0, $1, $2) }
      set.floatProduct = RowKernel("float-product/avx512vnni") { floatProductAVX512VNNI($0) }
      set.int16.packedConvolution = Int16PackedKernel("convolution-16/avx512vnni", lanes: 32) {
        int16PanelsAVX512VNNI($0, $1, $2)
      }
      set.peakLoop = { peakLoopAVX512VNNI($0) }
      return set
    }()

    /// Matrix products on tiles; whatever is not one runs on vectors.
    static let amx: KernelSet = {
      var set = KernelSet(.amx, basedOn: .avx512vnni)
      set.convolution = WeightKernel("convolution/amx", PanelPacking.avx512vnni) {
        if !convolutionAMX($0, $1, $2) { convolutionAVX512VNNI($0, $1, $2) }
      }
      set.peakLoop = { peakLoopAMX($0) }
      return set
    }()
  }
#endif
