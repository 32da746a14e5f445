internal import CVectorUnit
import RoadKernelContract

// Shared source of the NEON targets with a dot product; each compiles its own copy (a linked folder) around its own
// `sourceBytes`.

/// The vector that the shared kernels work on.
typealias Vector = SIMD2<Int64>
var vectorBytes: Int { 16 }

/// 16 channels of one source row.
typealias RowBytes = Vector
/// 16 channels of a destination pixel.
typealias PixelBytes = Vector
typealias BlockSums = FourSums

/// 16 channels of a pixel: no strips.
enum OneStrip: Strips {
  static var strips: Int { 1 }

  @inline(__always)
  static func load(_ pointer: UnsafeRawPointer, _: StripOffsets) -> Vector { sourceBytes(pointer) }

  @inline(__always)
  static func store(_ pointer: UnsafeMutableRawPointer, _: StripOffsets, _ bytes: Vector) { rv_store(pointer, bytes) }
}

/// Depthwise convolution. Four rows of a column are interleaved, so that one dot product serves three taps of a 3x3
/// window; with the weights (w0, w1, w2, 0) it serves the upper and with (0, w0, w1, w2) the lower of two output rows.
@inline(__always)
func depthwise(_ arguments: UnsafePointer<DepthwiseArguments>, _ firstRow: Int, _ endRow: Int) {
  var walk = DepthwiseWalk(arguments, firstRow, endRow)
  var channels = arguments.pointee.destination.storedChannels
  while channels > 0 {
    switch walk.path {
    case .rowPairs: rowPairs(&walk)
    case .stride2: stride2Rows(&walk)
    case .anyWindow: anyWindow(&walk)
    }
    walk.endBlock(16)
    channels -= 16
  }
}

// Each takes a local copy of the walk, so that stores of pixels cannot change it in the eyes of the compiler.

@inline(never)
func rowPairs(_ walk: inout DepthwiseWalk) {
  let local = walk
  local.rowPairs(OneStrip.self)
}

@inline(never)
func stride2Rows(_ walk: inout DepthwiseWalk) {
  let local = walk
  local.rowsOfStride2(OneStrip.self)
}

@inline(never)
func anyWindow(_ walk: inout DepthwiseWalk) {
  let local = walk
  local.rowsOfAnyWindow(OneStrip.self)
}
