internal import CVectorUnit
import RoadKernelContract

// Shared source: each instruction-set target compiles its own copy (a linked folder) for its own width.

@inline(__always)
func classRow(_ arguments: UnsafePointer<ClassRowArguments>) {
  interpolateColumns(arguments)
  let a = arguments.pointee
  let lanes = vectorBytes / 4
  var block = a.firstBlock
  while block < a.endBlock {
    let target = a.destination + Int(a.starts[block])
    var pixel = 0
    while pixel < ClassRowArguments.blockPixels {
      let place = block &* ClassRowArguments.blockPixels &+ pixel
      classesOfVector(arguments, place, target + pixel)
      pixel &+= lanes
    }
    block &+= 1
  }
}

/// Each score column vertically, beside the one to its right.
@inline(__always)
private func interpolateColumns(_ arguments: UnsafePointer<ClassRowArguments>) {
  let a = arguments.pointee
  let weights = rv_set32(a.verticalWeights)
  var row = 0
  while row < a.classes &* a.pitch {
    var column = a.firstColumn
    while column < a.endColumn {
      let pairs = a.scorePairs + (row &+ column)
      let own = rv_madd16(rv_load(pairs), weights)
      let next = rv_madd16(rv_load(pairs + 1), weights)
      rv_store(a.interpolated + (row &+ column), rv_or(own, rv_sll32_16(next)))
      column &+= vectorBytes / 4
    }
    row &+= a.pitch
  }
}

/// A vector of pixels, which see at most a vector of neighbouring score columns: one permutation brings each pixel its
/// two.
@inline(__always)
private func classesOfVector(
  _ arguments: UnsafePointer<ClassRowArguments>, _ place: Int, _ target: UnsafeMutablePointer<UInt8>
) {
  let a = arguments.pointee
  let base = a.columns[place]
  let order = rv_add32(rv_load(a.columns + place), rv_set32(0 &- base))
  let weights = rv_load(a.weights + place)
  var column = UnsafePointer(a.interpolated) + Int(base)
  var tie = rv_set32(a.mask)
  let step = rv_set32(-1)
  var best = rv_add32(rv_madd16(rv_permute32(rv_load(column), order), weights), tie)
  var left = a.classes &- 1
  while left > 0 {
    column += a.pitch
    tie = rv_add32(tie, step)
    best = rv_max32(best, rv_add32(rv_madd16(rv_permute32(rv_load(column), order), weights), tie))
    left &-= 1
  }
  let mask = rv_set32(a.mask)
  rv_store_low_bytes32(target, rv_xor(rv_and(best, mask), mask))
}
