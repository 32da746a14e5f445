internal import CVectorUnit
import RoadKernelContract

/// Depthwise convolution. Four rows of a column are interleaved (8 unpacks for 64 channels), so that one vpdpbusd
/// serves three taps of a 3x3 window; with the weights (w0, w1, w2, 0) it serves the upper and with (0, w0, w1, w2) the
/// lower of two output rows.
@inline(never)
public func depthwiseAVX512VNNI(_ arguments: UnsafePointer<DepthwiseArguments>, _ firstRow: Int, _ endRow: Int) {
  var walk = DepthwiseWalk(arguments, firstRow, endRow)
  var channels = arguments.pointee.destination.storedChannels
  while channels > 0 {
    let block = channels >= 64 ? 64 : channels >= 32 ? 32 : 16
    switch walk.path {
    case .rowPairs: rowPairs(&walk, block)
    case .stride2: stride2(&walk, block)
    case .anyWindow: anyWindow(&walk, block)
    }
    walk.endBlock(block)
    channels -= block
  }
}

@inline(__always)
private func rowPairs(_ walk: inout DepthwiseWalk, _ block: Int) {
  switch block {
  case 64: rowPairs64(&walk)
  case 32: rowPairs32(&walk)
  default: rowPairs16(&walk)
  }
}

@inline(__always)
private func stride2(_ walk: inout DepthwiseWalk, _ block: Int) {
  switch block {
  case 64: stride2Rows64(&walk)
  case 32: stride2Rows32(&walk)
  default: stride2Rows16(&walk)
  }
}

@inline(__always)
private func anyWindow(_ walk: inout DepthwiseWalk, _ block: Int) {
  switch block {
  case 64: anyWindow64(&walk)
  case 32: anyWindow32(&walk)
  default: anyWindow16(&walk)
  }
}

// One concrete function a path and block width. Each takes a local copy of the walk, so that stores of pixels cannot
// change it in the eyes of the compiler.

@inline(never)
func rowPairs64(_ walk: inout DepthwiseWalk) {
  let local = walk
  local.rowPairs(OneStrip.self)
}

@inline(never)
func rowPairs32(_ walk: inout DepthwiseWalk) {
  let local = walk
  local.rowPairs(TwoStrips.self)
}

@inline(never)
func rowPairs16(_ walk: inout DepthwiseWalk) {
  let local = walk
  local.rowPairs(FourStrips.self)
}

@inline(never)
func stride2Rows64(_ walk: inout DepthwiseWalk) {
  let local = walk
  local.rowsOfStride2(OneStrip.self)
}

@inline(never)
func stride2Rows32(_ walk: inout DepthwiseWalk) {
  let local = walk
  local.rowsOfStride2(TwoStrips.self)
}

@inline(never)
func stride2Rows16(_ walk: inout DepthwiseWalk) {
  let local = walk
  local.rowsOfStride2(FourStrips.self)
}

@inline(never)
func anyWindow64(_ walk: inout DepthwiseWalk) {
  let local = walk
  local.rowsOfAnyWindow(OneStrip.self)
}

@inline(never)
func anyWindow32(_ walk: inout DepthwiseWalk) {
  let local = walk
  local.rowsOfAnyWindow(TwoStrips.self)
}

@inline(never)
func anyWindow16(_ walk: inout DepthwiseWalk) {
  let local = walk
  local.rowsOfAnyWindow(FourStrips.self)
}
