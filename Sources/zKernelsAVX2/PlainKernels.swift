import RoadKernelContract

/// The vector that the shared kernels work on.
typealias Vector = SIMD4<Int64>
typealias HalfVector = SIMD2<Int64>
var vectorBytes: Int { 32 }

@inline(never)
public func additionAVX2(_ arguments: UnsafePointer<AdditionArguments>, _ firstRow: Int, _ endRow: Int) {
  addition(arguments, firstRow, endRow)
}

@inline(never)
public func resizeAVX2(_ arguments: UnsafePointer<ResizeArguments>, _ firstRow: Int, _ endRow: Int) {
  resize(arguments, firstRow, endRow)
}

/// - Precondition: the arguments have lines.
@inline(never)
public func tableAVX2(_ arguments: UnsafePointer<TableArguments>, _ firstRow: Int, _ endRow: Int) {
  table(arguments, firstRow, endRow)
}
