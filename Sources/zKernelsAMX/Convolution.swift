internal import CVectorUnit
import RoadKernelContract

/// The vector that the requantization works on.
typealias Vector = SIMD8<Int64>
var vectorBytes: Int { 64 }

/// Convolution on matrix tiles: one instruction multiplies up to 16 pixels × 64 input channels by 64 input × 16 output
/// channels. The packed weights are those of AVX-512 VNNI, whose vectors are a tile's rows; the sums go through memory
/// into the same requantization.
///
/// - Returns: false, with nothing done, where the sums are so short that vectors are faster.
@inline(never)
public func convolutionAMX(
  _ arguments: UnsafePointer<ConvolutionArguments>, _ firstRow: Int, _ endRow: Int
) -> Bool {
  var walk = TileWalk(arguments, firstRow, endRow)
  guard walk.isWorthwhile else { return false }
  walk.configureTiles()
  while walk.nextBlock() {
    var channels = walk.storedChannels
    while channels >= 64 {
      if walk.readsWeightsOnce { tileWidePairs(&walk) } else { tileQuads(&walk) }
      walk.endPanel(PixelSums64.self)
      channels -= 64
    }
    if channels >= 32 {
      tilePairs32(&walk)
      walk.endPanel(PixelSums32.self)
      channels -= 32
    }
    if channels >= 16 { tilePairs16(&walk) }
  }
  rv_tile_release()
  return true
}

// A local copy of the walk, so that stores of pixels cannot change it in the eyes of the compiler.

@inline(never)
func tileQuads(_ walk: inout TileWalk) {
  let local = walk
  local.quads()
}

@inline(never)
func tileWidePairs(_ walk: inout TileWalk) {
  let local = walk
  local.widePairs()
}

@inline(never)
func tilePairs32(_ walk: inout TileWalk) {
  let local = walk
  local.pairs(PixelSums32.self)
}

@inline(never)
func tilePairs16(_ walk: inout TileWalk) {
  let local = walk
  local.pairs(PixelSums16.self)
}
