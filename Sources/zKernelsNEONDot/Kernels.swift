internal import CVectorUnit
import RoadKernelContract

@inline(never)
public func convolutionNEONDot(_ arguments: UnsafePointer<ConvolutionArguments>, _ firstRow: Int, _ endRow: Int) {
  convolution(arguments, firstRow, endRow)
}

@inline(never)
public func depthwiseNEONDot(_ arguments: UnsafePointer<DepthwiseArguments>, _ firstRow: Int, _ endRow: Int) {
  depthwise(arguments, firstRow, endRow)
}

// The dot product is signed by signed: the top bit of the bytes is flipped (-128...127), and the packed bias makes up
// for it.

@inline(__always)
func sourceBytes(_ pointer: UnsafeRawPointer) -> Vector { rv_xor(rv_load(pointer), rv_set8(0x80)) }

/// Four bytes, four times.
@inline(__always)
func sourceBytes4(_ pointer: UnsafeRawPointer) -> Vector { rv_xor(rv_broadcast32(pointer), rv_set8(0x80)) }

/// 24 independent chains of sdot on registers: nothing this core does with bytes is faster. 16 products an instruction.
///
/// - Returns: the multiply-accumulates done.
@inline(never)
public func peakLoopNEONDot(_ turns: Int) -> Int { dotPeakLoop(turns) }
