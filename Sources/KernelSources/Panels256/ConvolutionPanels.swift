import RoadKernelContract

// Shared by the vector units of 256 bits.

/// Panels of 32 output channels, then one of 16 for what is left.
@inline(__always)
func convolution(_ arguments: UnsafePointer<ConvolutionArguments>, _ firstRow: Int, _ endRow: Int) {
  var walk = ConvolutionWalk(arguments)
  var block = walk.firstBlock(firstRow, endRow)
  while block.rows > 0 {
    var channels = walk.storedChannels
    walk.startBlock(block)
    while channels >= 32 {
      panel32(&walk)
      channels -= 32
    }
    if channels >= 16 { panel16(&walk) }
    block = walk.block(after: block, endRow)
  }
}

// A local copy of the walk, so that stores of pixels cannot change it in the eyes of the compiler.

@inline(never)
func panel32(_ walk: inout ConvolutionWalk) {
  let local = walk
  local.panel(PixelSums32.self)
  walk.endPanel(PixelSums32.self)
}

@inline(never)
func panel16(_ walk: inout ConvolutionWalk) {
  let local = walk
  local.panel(PixelSums16.self)
  walk.endPanel(PixelSums16.self)
}
