import Foundation
import RoadBase
import RoadFrame
import Testing

/// Pictures as people bring them come out as in every other reader.
@Suite("Kinds of pictures")
struct PictureKindsTests {
  @Test("a picture is turned upright as its EXIF data says, in either byte order", arguments: 1...8)
  func orientation(value: Int) throws {
    let size = value < 5 ? PictureSize(width: 23, height: 14) : PictureSize(width: 14, height: 23)
    let picture = try PictureFile.read(Goldens.path("exif-\(value).jpg"))
    #expect(picture.size == size)
    #expect(Goldens.largestDifference(Goldens.rgb(picture), try Goldens.bytes("exif-\(value)-\(size).rgb")) == 0)
    #expect(Goldens.everyFourthByteIs255(picture))
  }

  @Test("PNG has orientation, too, even behind the pixels")
  func orientationOfPNG() throws {
    let picture = try PictureFile.read(Goldens.path("exif-6.png"))
    #expect(picture.size == PictureSize(width: 14, height: 23))
    #expect(try Goldens.bytes("exif-6-png.rgb") == Goldens.rgb(picture))
  }

  @Test("damaged EXIF data means upright", arguments: 0..<60)
  func damagedExif(at place: Int) throws {
    var bytes = try Goldens.bytes("exif-6.jpg")
    let start = try #require((0..<bytes.count).first { Array(bytes[$0..<$0 + 4]) == Array("Exif".utf8) })
    bytes[start + place] ^= 0xFF
    let picture = try? PictureFile.decode(bytes, name: "a.jpg")
    if let picture { #expect([23 * 14].contains(picture.size.pixels)) }
  }

  @Test("a camera's own size goes before its EXIF data")
  func cameraSize() throws {
    let bytes = try Goldens.bytes("exif-6.jpg")
    let decoder = try JPEGDecoder()
    let stored = Picture(size: PictureSize(width: 23, height: 14))
    bytes.withUnsafeBytes { #expect(decoder.decode($0, into: stored) == .decoded) }
    bytes.withUnsafeBytes { #expect(decoder.flaw(of: $0, wanting: stored.size) == nil) }
    bytes.withUnsafeBytes { #expect(decoder.check($0) == .whole(PictureSize(width: 14, height: 23))) }
  }

  @Test(
    "16 bits are their upper 8, gamma and alpha are left out of account",
    arguments: [
      "rgb16", "rgb16-gamma", "rgba16", "grey16", "grey-alpha16", "rgb8-gamma", "rgb8-srgb-gamma", "rgba8", "palette",
      "bilevel", "grey",
    ])
  func pngKinds(kind: String) throws {
    let picture = try PictureFile.read(Goldens.path("photo-\(kind).png"))
    #expect(Goldens.largestDifference(Goldens.rgb(picture), try Goldens.bytes("photo-\(kind).rgb")) == 0)
    #expect(Goldens.everyFourthByteIs255(picture))
  }

  private func message(_ bytes: [UInt8], maximumPixels: Int = Picture.defaultPixelLimit) -> String {
    do throws(RoadError) {
      _ = try PictureFile.decode(bytes, name: "a.jpg", maximumPixels: maximumPixels)
      return "decoded"
    } catch { return error.description }
  }

  @Test("a sound picture of a kind that is not decoded says which kind")
  func trueReasons() throws {
    #expect(message(try Goldens.bytes("jpeg-cmyk.jpg")) == "a.jpg: is a CMYK JPEG, made for print; convert it to RGB")
    var bytes = try Goldens.bytes("jpeg-420.jpg")
    let frame = try #require((0..<bytes.count - 1).first { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xC0 })
    bytes[frame + 4] = 12
    #expect(message(bytes).hasPrefix("a.jpg: is a JPEG of more than 8 bits a sample; "))
    bytes[frame + 4] = 8
    bytes[frame + 1] = 0xC3
    #expect(message(bytes).hasPrefix("a.jpg: is a JPEG that is neither baseline nor progressive; "))
    bytes[frame + 1] = 0xC0
    bytes.replaceSubrange(frame + 5..<frame + 9, with: [0xFF, 0xDC, 0xFF, 0xDC])
    #expect(message(bytes).hasPrefix("a.jpg: 65500x65500 are more pixels than allowed; "))
  }

  @Test("too many pixels are refused before they are decoded")
  func pixelLimit() throws {
    for name in ["jpeg-420.jpg", "photo-rgb16.png"] {
      let bytes = try Goldens.bytes(name)
      let pixels = name == "jpeg-420.jpg" ? 37 * 22 : 23 * 14
      #expect(message(bytes, maximumPixels: pixels) == "decoded")
      #expect(message(bytes, maximumPixels: pixels - 1).contains("more pixels than allowed; "))
    }
    // A header alone that claims a gigapixel costs nothing.
    var bomb = try Goldens.bytes("photo-rgb16.png")
    bomb.replaceSubrange(16..<24, with: [0, 0, 0x40, 0, 0, 0, 0x40, 0])
    #expect(message(bomb).contains("16384x16384 are more pixels than allowed; "))
  }
}
