import RoadKernelContract

@Sendable
func greyRowReference(_ arguments: UnsafePointer<GreyRowArguments>) {
  let a = arguments.pointee
  for x in 0..<a.count {
    var sum = 0
    for row in [a.upper, a.lower] {
      for pixel in [row + 8 * x, row + 8 * x + 4] { sum += Int(pixel[0]) + 2 * Int(pixel[1]) + Int(pixel[2]) }
    }
    a.destination[x] = UInt8(sum / 16)
  }
}

@Sendable
func steadyRowReference(_ arguments: UnsafePointer<SteadyRowArguments>) {
  let a = arguments.pointee
  for i in 0..<a.count {
    var old = Int32(a.old.0[i])
    if a.weights.0 != 256 {
      let upper = old * a.weights.0 + Int32(a.old.1[i]) * a.weights.1
      let lower = Int32(a.old.2[i]) * a.weights.2 + Int32(a.old.3[i]) * a.weights.3
      old = (upper + lower + 128) >> 8
    }
    a.destination[i] = UInt16(old + ((Int32(a.new[i]) - old) * a.share + 128) >> 8)
  }
}
