internal import CVectorUnit
import RoadKernelContract

/// The vector that the shared kernels work on; a half is the lower half of one.
typealias Vector = SIMD2<Int64>
typealias HalfVector = SIMD2<Int64>
var vectorBytes: Int { 16 }

@inline(never)
public func additionNEON(_ arguments: UnsafePointer<AdditionArguments>, _ firstRow: Int, _ endRow: Int) {
  addition(arguments, firstRow, endRow)
}

@inline(never)
public func resizeNEON(_ arguments: UnsafePointer<ResizeArguments>, _ firstRow: Int, _ endRow: Int) {
  resize(arguments, firstRow, endRow)
}

/// - Precondition: the arguments have an affine form.
@inline(never)
public func tableNEON(_ arguments: UnsafePointer<TableArguments>, _ firstRow: Int, _ endRow: Int) {
  table(arguments, firstRow, endRow)
}

@inline(never)
public func blendRowNEON(_ arguments: UnsafePointer<BlendRowArguments>) { blendRow(arguments) }

@inline(never)
public func interpolateRowNEON(_ arguments: UnsafePointer<InterpolateRowArguments>) { interpolateRow(arguments) }

@inline(never)
public func packedYUVRowNEON(_ arguments: UnsafePointer<PackedYUVRowArguments>) { packedYUVRow(arguments) }

@inline(never)
public func classRowNEON(_ arguments: UnsafePointer<ClassRowArguments>) { classRow(arguments) }

@inline(never)
public func greyRowNEON(_ arguments: UnsafePointer<GreyRowArguments>) { greyRow(arguments) }

@inline(never)
public func steadyRowNEON(_ arguments: UnsafePointer<SteadyRowArguments>) { steadyRow(arguments) }

@inline(never)
public func floatProductNEON(_ arguments: UnsafePointer<FloatProductArguments>) { floatProduct(arguments) }

@inline(never)
public func roadCodesRowNEON(_ arguments: UnsafePointer<RoadCodesArguments>) { roadCodesRow(arguments) }

/// The two source pixels, 16 bytes, of one destination pixel.
@inline(__always)
func sourcePixels(_ row: UnsafePointer<Int16>, _ offsets: UnsafePointer<Int32>) -> Vector {
  rv_load(row + Int(offsets[0]))
}

@inline(never)
public func innerProductNEON(_ arguments: UnsafePointer<InnerProductArguments>, _ firstRow: Int, _ endRow: Int) {
  innerProduct(arguments, firstRow, endRow)
}

@inline(never)
public func normalisationNEON(_ arguments: UnsafePointer<NormalisationArguments>, _ firstRow: Int, _ endRow: Int) {
  normalisation(arguments, firstRow, endRow)
}

@inline(never)
public func binarySumNEON(_ arguments: UnsafePointer<BinaryArguments<BinarySum>>, _ firstRow: Int, _ endRow: Int) {
  binarySumLoop(arguments, firstRow, endRow)
}

@inline(never)
public func binaryProductNEON(
  _ arguments: UnsafePointer<BinaryArguments<BinaryProduct>>, _ firstRow: Int, _ endRow: Int
) {
  binaryProductLoop(arguments, firstRow, endRow)
}

@inline(never)
public func int16PanelsNEON(_ arguments: UnsafePointer<Int16PackedArguments>, _ firstRow: Int, _ endRow: Int) {
  int16Panels(arguments, firstRow, endRow)
}
