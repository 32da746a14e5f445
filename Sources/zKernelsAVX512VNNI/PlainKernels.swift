internal import CVectorUnit
import RoadKernelContract

/// The vector that the shared kernels work on.
typealias Vector = SIMD8<Int64>
typealias HalfVector = SIMD4<Int64>
var vectorBytes: Int { 64 }

@inline(never)
public func additionAVX512VNNI(_ arguments: UnsafePointer<AdditionArguments>, _ firstRow: Int, _ endRow: Int) {
  addition(arguments, firstRow, endRow)
}

@inline(never)
public func resizeAVX512VNNI(_ arguments: UnsafePointer<ResizeArguments>, _ firstRow: Int, _ endRow: Int) {
  resize(arguments, firstRow, endRow)
}

/// - Precondition: the arguments have an affine form.
@inline(never)
public func tableAVX512VNNI(_ arguments: UnsafePointer<TableArguments>, _ firstRow: Int, _ endRow: Int) {
  table(arguments, firstRow, endRow)
}

@inline(never)
public func blendRowAVX512VNNI(_ arguments: UnsafePointer<BlendRowArguments>) { blendRow(arguments) }

@inline(never)
public func interpolateRowAVX512VNNI(_ arguments: UnsafePointer<InterpolateRowArguments>) { interpolateRow(arguments) }

@inline(never)
public func packedYUVRowAVX512VNNI(_ arguments: UnsafePointer<PackedYUVRowArguments>) { packedYUVRow(arguments) }

@inline(never)
public func classRowAVX512VNNI(_ arguments: UnsafePointer<ClassRowArguments>) { classRow(arguments) }

@inline(never)
public func greyRowAVX512VNNI(_ arguments: UnsafePointer<GreyRowArguments>) { greyRow(arguments) }

@inline(never)
public func steadyRowAVX512VNNI(_ arguments: UnsafePointer<SteadyRowArguments>) { steadyRow(arguments) }

@inline(never)
public func floatProductAVX512VNNI(_ arguments: UnsafePointer<FloatProductArguments>) { floatProduct(arguments) }

@inline(never)
public func roadCodesRowAVX512VNNI(_ arguments: UnsafePointer<RoadCodesArguments>) { roadCodesRow(arguments) }

/// The two source pixels, 16 bytes, of each of four destination pixels.
@inline(__always)
func sourcePixels(_ row: UnsafePointer<Int16>, _ offsets: UnsafePointer<Int32>) -> Vector {
  let first = rv_widen128(rv_load128(row + Int(offsets[0])))
  let second = rv_insert128_1(first, rv_load128(row + Int(offsets[1])))
  let third = rv_insert128_2(second, rv_load128(row + Int(offsets[2])))
  return rv_insert128_3(third, rv_load128(row + Int(offsets[3])))
}

@inline(never)
public func innerProductAVX512VNNI(_ arguments: UnsafePointer<InnerProductArguments>, _ firstRow: Int, _ endRow: Int) {
  innerProduct(arguments, firstRow, endRow)
}

@inline(never)
public func normalisationAVX512VNNI(
  _ arguments: UnsafePointer<NormalisationArguments>, _ firstRow: Int, _ endRow: Int
) {
  normalisation(arguments, firstRow, endRow)
}

@inline(never)
public func binarySumAVX512VNNI(
  _ arguments: UnsafePointer<BinaryArguments<BinarySum>>, _ firstRow: Int, _ endRow: Int
) {
  binarySumLoop(arguments, firstRow, endRow)
}

@inline(never)
public func binaryProductAVX512VNNI(
  _ arguments: UnsafePointer<BinaryArguments<BinaryProduct>>, _ firstRow: Int, _ endRow: Int
) {
  binaryProductLoop(arguments, firstRow, endRow)
}

@inline(never)
public func int16PanelsAVX512VNNI(_ arguments: UnsafePointer<Int16PackedArguments>, _ firstRow: Int, _ endRow: Int) {
  int16Panels(arguments, firstRow, endRow)
}
