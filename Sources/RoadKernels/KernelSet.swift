import RoadKernelContract
import zKernelsAMX
import zKernelsAVX2
import zKernelsAVX512VNNI
import zKernelsAVXVNNI

/// The kernels of one instruction set. A line here is all it takes to have a kernel chosen at run time, tested against
/// the reference and measured.
public struct KernelSet: Sendable {
  public let instructionSet: InstructionSet
  public let convolution: WeightKernel
  public let depthwise: WeightKernel
  public let addition: PlainKernel<AdditionArguments>
  public let resize: PlainKernel<ResizeArguments>
  public let table: PlainKernel<TableArguments>
  public let blendRow: RowKernel<BlendRowArguments>
  public let interpolateRow: RowKernel<InterpolateRowArguments>
  public let packedYUVRow: RowKernel<PackedYUVRowArguments>
  public let roadCodesRow: RowKernel<RoadCodesArguments>
  public let classRow: RowKernel<ClassRowArguments>
  /// Runs the instruction set's fastest multiply-accumulate in registers only, the given number of turns, and returns the
  /// multiply-accumulates done: the machine's own peak, which every kernel's speed is a share of.
  public let peakLoop: @Sendable (_ turns: Int) -> Int

  /// Bytes that a thread's strips may take of the second-level cache; the rest is for weights and for what goes in and out. A
  /// small board has little; every processor with tiles has 2 MB a core, and tiles want long work.
  public var stripBudget: Int { instructionSet == .amx ? 768 << 10 : 192 << 10 }

  /// Of the instruction set that ``InstructionSet/best()`` names; where the environment names none that exists, of the
  /// fastest (whoever runs the network tells of the mistake).
  public static let ofThisMachine = KernelSet.of(
    (try? InstructionSet.best()) ?? InstructionSet.available.max() ?? .reference)

  /// - Precondition: the instruction set is available on this machine.
  public static func of(_ instructionSet: InstructionSet) -> KernelSet {
    precondition(
      InstructionSet.available.contains(instructionSet), "\(instructionSet.rawValue) is not available on this machine")
    switch instructionSet {
    case .reference: return .reference
    case .avx2: return .avx2
    case .avxvnni: return .avxvnni
    case .avx512vnni: return .avx512vnni
    case .amx: return .amx
    }
  }
}

/// A kernel whose weights are packed once, when the plan is made.
public struct WeightKernel: Sendable {
  public let name: String
  /// Bytes that ``pack`` writes; the buffer is aligned to ``WeightLayer/alignment``.
  public let packedByteCount: @Sendable (WeightLayer) -> Int
  /// Writes weights, folded bias and requantization in the order in which this kernel, and no other, reads them.
  public let pack: @Sendable (WeightLayer, UnsafeMutableRawBufferPointer) -> Void
  /// Computes the output rows `firstRow..<endRow`.
  public let run: @Sendable (UnsafePointer<ConvolutionArguments>, _ firstRow: Int, _ endRow: Int) -> Void
}

/// A kernel without weights.
public struct PlainKernel<Arguments>: Sendable {
  public let name: String
  /// Computes the output rows `firstRow..<endRow`.
  public let run: @Sendable (UnsafePointer<Arguments>, _ firstRow: Int, _ endRow: Int) -> Void
}

/// A kernel that computes one row of pixels.
public struct RowKernel<Arguments>: Sendable {
  public let name: String
  public let run: @Sendable (UnsafePointer<Arguments>) -> Void
}

extension KernelSet {
  static let avx2 = KernelSet(
    instructionSet: .avx2,
    convolution: WeightKernel(
      name: "convolution/avx2", packedByteCount: { PanelPacking.avx2.byteCount($0) },
      pack: { PanelPacking.avx2.pack($0, into: $1) }, run: { convolutionAVX2($0, $1, $2) }),
    depthwise: WeightKernel(
      name: "depthwise/avx2", packedByteCount: { StripPacking.avx2.byteCount($0) },
      pack: { StripPacking.avx2.pack($0, into: $1) }, run: { depthwiseAVX2($0, $1, $2) }),
    addition: PlainKernel(name: "addition/avx2", run: { additionAVX2($0, $1, $2) }),
    resize: PlainKernel(name: "resize/avx2", run: { resizeAVX2($0, $1, $2) }),
    table: PlainKernel(
      name: "table/avx2",
      run: { hasUsableAffine($0) ? tableAVX2($0, $1, $2) : tableScalar($0, firstRow: $1, endRow: $2) }),
    blendRow: RowKernel(name: "blend/avx2", run: { blendRowAVX2($0) }),
    interpolateRow: RowKernel(name: "interpolate/avx2", run: { interpolateRowAVX2($0) }),
    packedYUVRow: RowKernel(name: "packedYUV/avx2", run: { packedYUVRowAVX2($0) }),
    roadCodesRow: RowKernel(name: "roadCodes/avx2", run: { roadCodesRowAVX2($0) }),
    classRow: RowKernel(name: "classes/avx2", run: { classRowAVX2($0) }),
    peakLoop: { peakLoopAVX2($0) })

  static let avxvnni = KernelSet(
    instructionSet: .avxvnni,
    convolution: WeightKernel(
      name: "convolution/avxvnni", packedByteCount: { PanelPacking.avxvnni.byteCount($0) },
      pack: { PanelPacking.avxvnni.pack($0, into: $1) }, run: { convolutionAVXVNNI($0, $1, $2) }),
    depthwise: WeightKernel(
      name: "depthwise/avxvnni", packedByteCount: { StripPacking.avxvnni.byteCount($0) },
      pack: { StripPacking.avxvnni.pack($0, into: $1) }, run: { depthwiseAVXVNNI($0, $1, $2) }),
    addition: PlainKernel(name: "addition/avxvnni", run: { additionAVXVNNI($0, $1, $2) }),
    resize: PlainKernel(name: "resize/avxvnni", run: { resizeAVXVNNI($0, $1, $2) }),
    table: PlainKernel(
      name: "table/avxvnni",
      run: { hasUsableAffine($0) ? tableAVXVNNI($0, $1, $2) : tableScalar($0, firstRow: $1, endRow: $2) }),
    blendRow: RowKernel(name: "blend/avxvnni", run: { blendRowAVXVNNI($0) }),
    interpolateRow: RowKernel(name: "interpolate/avxvnni", run: { interpolateRowAVXVNNI($0) }),
    packedYUVRow: RowKernel(name: "packedYUV/avxvnni", run: { packedYUVRowAVXVNNI($0) }),
    roadCodesRow: RowKernel(name: "roadCodes/avxvnni", run: { roadCodesRowAVXVNNI($0) }),
    classRow: RowKernel(name: "classes/avxvnni", run: { classRowAVXVNNI($0) }),
    peakLoop: { peakLoopAVXVNNI($0) })

  static let avx512vnni = KernelSet(
    instructionSet: .avx512vnni,
    convolution: WeightKernel(
      name: "convolution/avx512vnni", packedByteCount: { PanelPacking.avx512vnni.byteCount($0) },
      pack: { PanelPacking.avx512vnni.pack($0, into: $1) }, run: { convolutionAVX512VNNI($0, $1, $2) }),
    depthwise: WeightKernel(
      name: "depthwise/avx512vnni", packedByteCount: { StripPacking.avx512vnni.byteCount($0) },
      pack: { StripPacking.avx512vnni.pack($0, into: $1) }, run: { depthwiseAVX512VNNI($0, $1, $2) }),
    addition: PlainKernel(name: "addition/avx512vnni", run: { additionAVX512VNNI($0, $1, $2) }),
    resize: PlainKernel(name: "resize/avx512vnni", run: { resizeAVX512VNNI($0, $1, $2) }),
    table: PlainKernel(
      name: "table/avx512vnni",
      run: { hasUsableAffine($0) ? tableAVX512VNNI($0, $1, $2) : tableScalar($0, firstRow: $1, endRow: $2) }),
    blendRow: RowKernel(name: "blend/avx512vnni", run: { blendRowAVX512VNNI($0) }),
    interpolateRow: RowKernel(name: "interpolate/avx512vnni", run: { interpolateRowAVX512VNNI($0) }),
    packedYUVRow: RowKernel(name: "packedYUV/avx512vnni", run: { packedYUVRowAVX512VNNI($0) }),
    roadCodesRow: RowKernel(name: "roadCodes/avx512vnni", run: { roadCodesRowAVX512VNNI($0) }),
    classRow: RowKernel(name: "classes/avx512vnni", run: { classRowAVX512VNNI($0) }),
    peakLoop: { peakLoopAVX512VNNI($0) })

  /// Matrix products on tiles; whatever is not one runs on vectors.
  static let amx = KernelSet(
    instructionSet: .amx,
    convolution: WeightKernel(
      name: "convolution/amx", packedByteCount: { PanelPacking.avx512vnni.byteCount($0) },
      pack: { PanelPacking.avx512vnni.pack($0, into: $1) },
      run: { if !convolutionAMX($0, $1, $2) { convolutionAVX512VNNI($0, $1, $2) } }),
    depthwise: avx512vnni.depthwise, addition: avx512vnni.addition, resize: avx512vnni.resize,
    table: avx512vnni.table, blendRow: avx512vnni.blendRow, interpolateRow: avx512vnni.interpolateRow,
    packedYUVRow: avx512vnni.packedYUVRow, roadCodesRow: avx512vnni.roadCodesRow, classRow: avx512vnni.classRow,
    peakLoop: { peakLoopAMX($0) })

  static let reference = KernelSet(
    instructionSet: .reference,
    convolution: WeightKernel(
      name: "convolution/reference", packedByteCount: ReferenceWeights.byteCount, pack: ReferenceWeights.pack,
      run: convolutionReference),
    depthwise: WeightKernel(
      name: "depthwise/reference", packedByteCount: ReferenceWeights.byteCount, pack: ReferenceWeights.pack,
      run: depthwiseReference),
    addition: PlainKernel(name: "addition/reference", run: additionReference),
    resize: PlainKernel(name: "resize/reference", run: resizeReference),
    table: PlainKernel(name: "table/reference", run: tableReference),
    blendRow: RowKernel(name: "blend/reference", run: blendRowReference),
    interpolateRow: RowKernel(name: "interpolate/reference", run: interpolateRowReference),
    packedYUVRow: RowKernel(name: "packedYUV/reference", run: packedYUVRowReference),
    roadCodesRow: RowKernel(name: "roadCodes/reference", run: roadCodesReference),
    classRow: RowKernel(name: "classes/reference", run: classRowReference),
    peakLoop: peakLoopReference)
}

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
