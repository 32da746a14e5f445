import RoadBase
import RoadMask
import Testing

/// XXH64 with seed 0 against PyPI's xxhash 4.1 (`xxhash.xxh64(bytes).hexdigest()`).
@Suite struct MaskHashTests {
  @Test(arguments: [
    (0, "ef46db3751d8e999"), (1, "e934a84adb052768"), (3, "e5c7bb4533bc65dd"), (4, "ffced8604453cc1e"),
    (8, "884a173614b81b8d"), (31, "c346d2b59b4d8ee1"), (32, "cbf59c5116ff32b4"), (33, "0c535d1acafb8ead"),
    (100, "6ac1e58032166597"), (307_200, "c026470f17ba0b3b"),
  ])
  func isTheStandardHash(count: Int, digits: String) {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
    #expect(bytes.withUnsafeBytes { ClassMap.text(ofHash: XXH64.of($0)) } == digits)
  }
}
