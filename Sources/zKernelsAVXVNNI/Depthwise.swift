internal import CVectorUnit
import RoadKernelContract

/// 32 bytes of one source row.
typealias RowBytes = Vector
/// 32 bytes of the destination.
typealias PixelBytes = Vector
/// Sums of 32 channels, or of 16 in two strips.
typealias BlockSums = FourSums

enum OneStrip: Strips {
  static var strips: Int { 1 }

  @inline(__always)
  static func load(_ pointer: UnsafeRawPointer, _: StripOffsets) -> Vector { rv_load(pointer) }

  @inline(__always)
  static func store(_ pointer: UnsafeMutableRawPointer, _: StripOffsets, _ bytes: Vector) {
    rv_store(pointer, bytes)
  }
}

enum TwoStrips: Strips {
  static var strips: Int { 2 }

  @inline(__always)
  static func load(_ pointer: UnsafeRawPointer, _ offsets: StripOffsets) -> Vector {
    rv_insert128(rv_widen128(rv_load128(pointer)), rv_load128(pointer + offsets.second))
  }

  @inline(__always)
  static func store(_ pointer: UnsafeMutableRawPointer, _ offsets: StripOffsets, _ bytes: Vector) {
    rv_store128(pointer, rv_low128(bytes))
    rv_store128(pointer + offsets.second, rv_high128(bytes))
  }
}

/// Depthwise convolution. Four rows of a column are interleaved (8 unpacks for 32 channels), so that one vpdpbusd
/// serves three taps of a 3x3 window; with the weights (w0, w1, w2, 0) it serves the upper and with (0, w0, w1, w2) the
/// lower of two output rows.
@inline(never)
public func depthwiseAVXVNNI(_ arguments: UnsafePointer<DepthwiseArguments>, _ firstRow: Int, _ endRow: Int) {
  var walk = DepthwiseWalk(arguments, firstRow, endRow)
  var channels = arguments.pointee.destination.storedChannels
  while channels > 0 {
    let block = channels >= 32 ? 32 : 16
    switch (walk.path, block) {
    case (.rowPairs, 32): rowPairs32(&walk)
    case (.rowPairs, _): rowPairs16(&walk)
    case (.stride2, 32): stride2Rows32(&walk)
    case (.stride2, _): stride2Rows16(&walk)
    case (.anyWindow, 32): anyWindow32(&walk)
    case (.anyWindow, _): anyWindow16(&walk)
    }
    walk.endBlock(block)
    channels -= block
  }
}

// One concrete function a path and block width. Each takes a local copy of the walk, so that stores of pixels cannot
// change it in the eyes of the compiler.

@inline(never)
func rowPairs32(_ walk: inout DepthwiseWalk) {
  let local = walk
  local.rowPairs(OneStrip.self)
}

@inline(never)
func rowPairs16(_ walk: inout DepthwiseWalk) {
  let local = walk
  local.rowPairs(TwoStrips.self)
}

@inline(never)
func stride2Rows32(_ walk: inout DepthwiseWalk) {
  let local = walk
  local.rowsOfStride2(OneStrip.self)
}

@inline(never)
func stride2Rows16(_ walk: inout DepthwiseWalk) {
  let local = walk
  local.rowsOfStride2(TwoStrips.self)
}

@inline(never)
func anyWindow32(_ walk: inout DepthwiseWalk) {
  let local = walk
  local.rowsOfAnyWindow(OneStrip.self)
}

@inline(never)
func anyWindow16(_ walk: inout DepthwiseWalk) {
  let local = walk
  local.rowsOfAnyWindow(TwoStrips.self)
}
