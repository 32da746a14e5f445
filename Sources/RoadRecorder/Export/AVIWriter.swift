import RoadBase

/// Motion JPEG in an AVI file (Microsoft's "AVI RIFF File Reference"), the camera's JPEGs as they are.
///
/// One file holds up to a gigabyte, which every player takes; the caller then begins another.
final class AVIWriter {
  private let output: OutputStream
  private let size: PictureSize
  private var index: [(offset: UInt32, length: UInt32)] = []
  private var largest = 0

  static let largestFile: UInt64 = 1 << 30
  private static let headerBytes = 224
  /// Of the "movi" list's first byte behind its name.
  private static let moviStart: UInt64 = 220

  /// - Parameter size: of all frames.
  init(path: String, size: PictureSize) throws(RoadError) {
    output = try OutputStream(path)
    self.size = size
    try output.write([UInt8](repeating: 0, count: Self.headerBytes))
  }

  var frames: Int { index.count }

  /// Whether a frame of so many bytes still fits.
  func fits(_ bytes: Int) -> Bool { output.position + UInt64(bytes + 24 * (index.count + 2)) < Self.largestFile }

  func add(_ jpeg: UnsafeRawBufferPointer) throws(RoadError) {
    index.append((UInt32(output.position - Self.moviStart), UInt32(jpeg.count)))
    largest = max(largest, jpeg.count)
    var head = ByteWriter()
    head.put(raw: Array("00dc".utf8))
    head.put(UInt32(jpeg.count))
    try output.write(head.bytes)
    try output.write(jpeg)
    if jpeg.count % 2 == 1 { try output.write([0]) }
  }

  /// Writes index and header.
  ///
  /// - Parameter rate: frames a second.
  func finish(rate: Double) throws(RoadError) {
    let moviEnd = output.position
    var tail = ByteWriter()
    tail.put(raw: Array("idx1".utf8))
    tail.put(UInt32(16 * index.count))
    for entry in index {
      tail.put(raw: Array("00dc".utf8))
      tail.put(UInt32(0x10))
      tail.put(entry.offset)
      tail.put(entry.length)
    }
    try output.write(tail.bytes)
    try output.overwrite(header(rate: rate, moviEnd: moviEnd), at: 0)
  }

  private func header(rate: Double, moviEnd: UInt64) -> [UInt8] {
    let (width, height, frames) = (UInt32(size.width), UInt32(size.height), UInt32(index.count))
    let milliframes = UInt32(min(max(rate, 0.001), 1000) * 1000)
    var writer = ByteWriter()
    func tag(_ name: String) { writer.put(raw: Array(name.utf8)) }
    func numbers(_ values: UInt32...) { for value in values { writer.put(value) } }
    tag("RIFF")
    numbers(UInt32(output.position - 8))
    tag("AVI LIST")
    numbers(192)
    tag("hdrlavih")
    // Microseconds a frame, bytes a second, padding, flags (has an index), frames, …
    numbers(56, 1_000_000_000 / milliframes, 0, 0, 0x10, frames, 0, 1, UInt32(largest), width, height, 0, 0, 0, 0)
    tag("LIST")
    numbers(116)
    tag("strlstrh")
    numbers(56)
    tag("vidsMJPG")
    // Flags, priority, initial frames, scale, rate, start, length, buffer, quality, sample size, rectangle.
    numbers(0, 0, 0, 1000, milliframes, 0, frames, UInt32(largest), .max, 0, 0, width | height << 16)
    tag("strf")
    numbers(40, 40, width, height, 1 | 24 << 16)
    tag("MJPG")
    numbers(3 * width * height, 0, 0, 0, 0)
    tag("LIST")
    numbers(UInt32(moviEnd - Self.moviStart))
    tag("movi")
    precondition(writer.count == Self.headerBytes, "an AVI header of \(writer.count) bytes")
    return writer.bytes
  }
}
