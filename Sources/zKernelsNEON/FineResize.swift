import RoadKernelContract

/// - Precondition: no rescalings, and channel-blocked tensors.
@inline(never)
public func onnxRuntimeResizeNEON(
  _ arguments: UnsafePointer<ONNXRuntimeResizeArguments>, _ firstRow: Int, _ endRow: Int,
  _ decide: (UnsafePointer<ONNXRuntimeResizeArguments>, Int, Int, Int, UInt32) -> Void
) {
  onnxRuntimeResize(arguments, firstRow, endRow, decide)
}
