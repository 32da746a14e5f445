internal import CVectorUnit
import RoadKernelContract

/// The vector that the shared kernels work on.
typealias Vector = SIMD4<Int64>
typealias HalfVector = SIMD2<Int64>
var vectorBytes: Int { 32 }

@inline(never)
public func additionAVXVNNI(_ arguments: UnsafePointer<AdditionArguments>, _ firstRow: Int, _ endRow: Int) {
  addition(arguments, firstRow, endRow)
}

@inline(never)
public func resizeAVXVNNI(_ arguments: UnsafePointer<ResizeArguments>, _ firstRow: Int, _ endRow: Int) {
  resize(arguments, firstRow, endRow)
}

/// - Precondition: the arguments have an affine form.
@inline(never)
public func tableAVXVNNI(_ arguments: UnsafePointer<TableArguments>, _ firstRow: Int, _ endRow: Int) {
  table(arguments, firstRow, endRow)
}

@inline(never)
public func blendRowAVXVNNI(_ arguments: UnsafePointer<BlendRowArguments>) { blendRow(arguments) }

@inline(never)
public func interpolateRowAVXVNNI(_ arguments: UnsafePointer<InterpolateRowArguments>) { interpolateRow(arguments) }

@inline(never)
public func packedYUVRowAVXVNNI(_ arguments: UnsafePointer<PackedYUVRowArguments>) { packedYUVRow(arguments) }

@inline(never)
public func classRowAVXVNNI(_ arguments: UnsafePointer<ClassRowArguments>) { classRow(arguments) }

@inline(never)
public func greyRowAVXVNNI(_ arguments: UnsafePointer<GreyRowArguments>) { greyRow(arguments) }

@inline(never)
public func steadyRowAVXVNNI(_ arguments: UnsafePointer<SteadyRowArguments>) { steadyRow(arguments) }

@inline(never)
public func floatProductAVXVNNI(_ arguments: UnsafePointer<FloatProductArguments>) { floatProduct(arguments) }

@inline(never)
public func roadCodesRowAVXVNNI(_ arguments: UnsafePointer<RoadCodesArguments>) { roadCodesRow(arguments) }

/// The two source pixels, 16 bytes, of each of two destination pixels.
@inline(__always)
func sourcePixels(_ row: UnsafePointer<Int16>, _ offsets: UnsafePointer<Int32>) -> Vector {
  rv_insert128(rv_widen128(rv_load128(row + Int(offsets[0]))), rv_load128(row + Int(offsets[1])))
}

@inline(never)
public func innerProductAVXVNNI(_ arguments: UnsafePointer<InnerProductArguments>, _ firstRow: Int, _ endRow: Int) {
  innerProduct(arguments, firstRow, endRow)
}

@inline(never)
public func normalisationAVXVNNI(_ arguments: UnsafePointer<NormalisationArguments>, _ firstRow: Int, _ endRow: Int) {
  normalisation(arguments, firstRow, endRow)
}

@inline(never)
public func binarySumAVXVNNI(_ arguments: UnsafePointer<BinaryArguments<BinarySum>>, _ firstRow: Int, _ endRow: Int) {
  binarySumLoop(arguments, firstRow, endRow)
}

@inline(never)
public func binaryProductAVXVNNI(
  _ arguments: UnsafePointer<BinaryArguments<BinaryProduct>>, _ firstRow: Int, _ endRow: Int
) {
  binaryProductLoop(arguments, firstRow, endRow)
}

@inline(never)
public func int16PanelsAVXVNNI(_ arguments: UnsafePointer<Int16PackedArguments>, _ firstRow: Int, _ endRow: Int) {
  int16Panels(arguments, firstRow, endRow)
}
