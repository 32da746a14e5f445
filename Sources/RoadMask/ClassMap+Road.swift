import RoadBase

extension ClassMap {
  /// Writes 255 where the pixel's class is `drivable` and 0 elsewhere: the binary road mask.
  ///
  /// - Parameter mask: `size.pixels` bytes, row-major.
  public func writeRoad(drivable: UInt8, into mask: UnsafeMutableBufferPointer<UInt8>) {
    precondition(mask.count == bytes.count, "a road mask of \(mask.count) bytes for \(size)")
    for index in 0..<bytes.count { mask[index] = bytes[index] == drivable ? 255 : 0 }
  }

  /// Pixels of the class.
  public func count(of class: UInt8) -> Int {
    // Sums of bytes, which a byte holds for so many vectors: sums of whole words would take eight times as long.
    let lanes = 16
    let most = 255 * lanes
    let wanted = SIMD16<UInt8>(repeating: `class`)
    let pixels = UnsafeRawBufferPointer(bytes)
    var (count, start) = (0, 0)
    while start + lanes <= pixels.count {
      var sums = SIMD16<UInt8>()
      let end = min(start + most, pixels.count - pixels.count % lanes)
      while start < end {
        let vector = pixels.loadUnaligned(fromByteOffset: start, as: SIMD16<UInt8>.self)
        sums &+= SIMD16<UInt8>().replacing(with: 1, where: vector .== wanted)
        start += lanes
      }
      for lane in 0..<lanes { count += Int(sums[lane]) }
    }
    while start < pixels.count {
      count += pixels[start] == `class` ? 1 : 0
      start += 1
    }
    return count
  }
}
