import RoadKernelContract

// Shared source: plain arithmetic, which the compiler vectorizes for the target's instruction set.

@inline(__always)
func greyRow(_ arguments: UnsafePointer<GreyRowArguments>) {
  let upper = UnsafeRawPointer(arguments.pointee.upper).assumingMemoryBound(to: UInt32.self)
  let lower = UnsafeRawPointer(arguments.pointee.lower).assumingMemoryBound(to: UInt32.self)
  let (out, count) = (arguments.pointee.destination, arguments.pointee.count)
  var x = 0
  while x < count {
    let (a, b) = (upper[2 &* x], upper[2 &* x &+ 1])
    let (c, d) = (lower[2 &* x], lower[2 &* x &+ 1])
    // Two lanes of 16 bits: red and blue of all four pixels; green, twice, comes to red.
    let sides = (a & 0x00FF_00FF) &+ (b & 0x00FF_00FF) &+ (c & 0x00FF_00FF) &+ (d & 0x00FF_00FF)
    let green = (a &>> 8 & 0xFF) &+ (b &>> 8 & 0xFF) &+ (c &>> 8 & 0xFF) &+ (d &>> 8 & 0xFF)
    let sum = sides &+ green &+ green
    out[x] = UInt8(truncatingIfNeeded: (sum & 0xFFFF &+ sum &>> 16) &>> 4)
    x &+= 1
  }
}

@inline(__always)
func steadyRow(_ arguments: UnsafePointer<SteadyRowArguments>) {
  let (new, out, count) = (arguments.pointee.new, arguments.pointee.destination, arguments.pointee.count)
  let (old, weights, share) = (arguments.pointee.old, arguments.pointee.weights, arguments.pointee.share)
  var i = 0
  if weights.0 == 256 {
    while i < count {
      let w = Int32(old.0[i])
      out[i] = UInt16(truncatingIfNeeded: w &+ ((Int32(new[i]) &- w) &* share &+ 128) &>> 8)
      i &+= 1
    }
    return
  }
  while i < count {
    let upper = Int32(old.0[i]) &* weights.0 &+ Int32(old.1[i]) &* weights.1
    let lower = Int32(old.2[i]) &* weights.2 &+ Int32(old.3[i]) &* weights.3
    let w = (upper &+ lower &+ 128) &>> 8
    out[i] = UInt16(truncatingIfNeeded: w &+ ((Int32(new[i]) &- w) &* share &+ 128) &>> 8)
    i &+= 1
  }
}
