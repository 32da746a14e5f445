import RoadBase
import RoadMask
import Testing

/// How many pixels are of a class, against counting them one by one: lengths around a vector and around 255 of them.
@Suite struct ClassCountTests {
  @Test(arguments: [1, 15, 16, 17, 31, 255, 4079, 4080, 4081, 4096, 8159, 8161, 12_345])
  func countsEveryPixel(width: Int) {
    let map = ClassMap(size: PictureSize(width: width, height: 1))
    withExtendedLifetime(map) {
      for index in 0..<width { map.bytes[index] = UInt8(truncatingIfNeeded: index &* index / 7 % 3) }
      for label in 0...3 as ClosedRange<UInt8> {
        #expect(map.count(of: label) == (0..<width).count { map.bytes[$0] == label })
      }
      for index in 0..<width { map.bytes[index] = 255 }
      #expect(map.count(of: 255) == width)
    }
  }
}
