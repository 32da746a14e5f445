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
    var count = 0
    for index in 0..<bytes.count { count &+= bytes[index] == `class` ? 1 : 0 }
    return count
  }
}
