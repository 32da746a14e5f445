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

/// - Precondition: the arguments have lines.
@inline(never)
public func tableAVX512VNNI(_ arguments: UnsafePointer<TableArguments>, _ firstRow: Int, _ endRow: Int) {
  table(arguments, firstRow, endRow)
}
