import RoadKernelContract

// The rule of each row of pixels, as its arguments define it.

@Sendable
func blendRowReference(_ arguments: UnsafePointer<BlendRowArguments>) {
  let (above, below) = (arguments.pointee.above, arguments.pointee.below)
  let (high, low) = (arguments.pointee.weight >> 4, arguments.pointee.weight & 15)
  for i in 0..<arguments.pointee.count {
    let first = Int16(above[i])
    let step = Int16(below[i]) - first
    arguments.pointee.destination[i] = first << 7 + step * high + (step * low + 8) >> 4
  }
}

@Sendable
func interpolateRowReference(_ arguments: UnsafePointer<InterpolateRowArguments>) {
  let (row, weights) = (arguments.pointee.row, arguments.pointee.weights)
  for x in 0..<arguments.pointee.count {
    let left = row + Int(arguments.pointee.offsets[x])
    let (other, weight) = (Int32(weights[8 * x]), Int32(weights[8 * x + 1]))
    for channel in 0..<4 {
      let right = weight == 0 ? 0 : Int32(left[4 + channel])
      let sum = Int32(left[channel]) * other + right * weight + 131072
      arguments.pointee.destination[4 * x + channel] = UInt8(sum >> 18)
    }
  }
}

@Sendable
func packedYUVRowReference(_ arguments: UnsafePointer<PackedYUVRowArguments>) {
  let a = arguments.pointee
  let (lumaAt, chromaAt) = a.lumaFirst ? (0, 1) : (1, 0)
  func byte(_ q13: Int32) -> UInt8 { UInt8(min(max((q13 + 4096) >> 13, 0), 255)) }
  for pixel in 0..<2 * a.pairs {
    let pair = a.source + pixel / 2 * 4
    let luma = (Int32(pair[lumaAt + pixel % 2 * 2]) - Int32(a.black)) * Int32(a.luma)
    let (u, v) = (Int32(pair[chromaAt]) - 128, Int32(pair[chromaAt + 2]) - 128)
    let out = a.destination + 4 * pixel
    out[0] = byte(luma + Int32(a.redV) * v)
    out[1] = byte(luma - Int32(a.greenU) * u - Int32(a.greenV) * v)
    out[2] = byte(luma + Int32(a.blueU) * u)
    out[3] = 255
  }
}

@Sendable
func roadCodesReference(_ arguments: UnsafePointer<RoadCodesArguments>) {
  let a = arguments.pointee
  for x in 0..<a.count {
    let near = [a.row[x - 1], a.row[x + 1], a.up[x], a.down[x]]
    let far = [a.row[x - a.thickness], a.row[x + a.thickness], a.farUp[x], a.farDown[x]]
    if a.row[x] == a.road {
      a.destination[x] = (near + far).allSatisfy { $0 == a.road } ? a.road : a.outline
    } else {
      a.destination[x] = near.contains(a.road) ? a.fringe : a.plain ?? a.row[x]
    }
  }
}

@Sendable
func classRowReference(_ arguments: UnsafePointer<ClassRowArguments>) {
  let a = arguments.pointee
  func interpolated(_ c: Int, _ column: Int) -> Int32 {
    Int32(truncatingIfNeeded: dot(a.scorePairs[c * a.pitch + column], a.verticalWeights))
  }
  for block in a.firstBlock..<a.endBlock {
    for pixel in 0..<ClassRowArguments.blockPixels {
      let place = block * ClassRowArguments.blockPixels + pixel
      let column = Int(a.columns[place])
      var best = Int.min
      for c in 0..<a.classes {
        let pair = interpolated(c, column) & 0xFFFF | interpolated(c, column + 1) << 16
        best = max(best, dot(pair, a.weights[place]) + Int(a.mask) - c)
      }
      a.destination[Int(a.starts[block]) + pixel] = UInt8(truncatingIfNeeded: Int(a.mask) - best & Int(a.mask))
    }
  }
}

/// Two Int16 of each number, multiplied and added.
private func dot(_ a: Int32, _ b: Int32) -> Int {
  let low = Int(Int16(truncatingIfNeeded: a)) * Int(Int16(truncatingIfNeeded: b))
  return low + Int(a >> 16) * Int(b >> 16)
}
