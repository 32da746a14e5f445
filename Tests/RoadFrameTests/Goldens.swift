import Foundation
import RoadBase
import RoadFrame

/// The files that make_goldens.py made, and comparisons with them.
enum Goldens {
  static func path(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Goldens/\(name)").path
  }

  static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name))))
  }

  /// The picture as packed RGB.
  static func rgb(_ picture: Picture) -> [UInt8] {
    (0..<picture.size.height).flatMap { y in
      (0..<picture.size.width).flatMap { x in (0..<3).map { picture.row(y)[4 * x + $0] } }
    }
  }

  static func picture(rgb: [UInt8], size: PictureSize) -> Picture {
    let picture = Picture(size: size)
    for y in 0..<size.height {
      for x in 0..<size.width {
        for channel in 0..<3 { picture.row(y)[4 * x + channel] = rgb[3 * (y * size.width + x) + channel] }
      }
    }
    return picture
  }

  static func largestDifference(_ a: [UInt8], _ b: [UInt8]) -> Int {
    guard a.count == b.count else { return .max }
    return zip(a, b).reduce(0) { max($0, abs(Int($1.0) - Int($1.1))) }
  }

  static func everyFourthByteIs255(_ picture: Picture) -> Bool {
    (0..<picture.size.height).allSatisfy { y in
      (0..<picture.size.width).allSatisfy { picture.row(y)[4 * $0 + 3] == 255 }
    }
  }
}

extension Frame {
  convenience init(_ bytes: [UInt8], _ format: PixelFormat, _ size: PictureSize, rowPitch: Int? = nil) {
    self.init(capacity: max(bytes.count, 1))
    self.bytes.copyBytes(from: bytes)
    byteCount = bytes.count
    self.format = format
    self.size = size
    self.rowPitch = rowPitch ?? format.packedRowPitch(width: size.width)
  }
}
