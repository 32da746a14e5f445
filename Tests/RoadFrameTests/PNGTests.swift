import RoadBase
import RoadFrame
import RoadTestSupport
import Testing

@Suite("PNG")
struct PNGTests {
  @Test(
    "palette indices and grey values come out unchanged",
    arguments: ["palette-duplicates", "palette-transparent", "grey", "grey-gamma"])
  func labels(kind: String) throws {
    let labels = try PNG.labels(path: Goldens.path("\(kind).png"))
    #expect(labels == BytePicture(size: PictureSize(width: 8, height: 4), values: (0..<32).map { UInt8($0) }))
  }

  @Test("4-bit indices are unpacked")
  func fourBits() throws {
    let labels = try PNG.labels(path: Goldens.path("palette-4bit.png"))
    #expect(labels.values == (0..<32).map { UInt8($0 % 16) })
  }

  @Test("an index without a palette colour is still that class")
  func indexBeyondPalette() throws {
    var bytes = try Goldens.bytes("palette-duplicates.png")
    // The first 20 of 32 colours; the checksum is that of the shorter chunk.
    let at = try #require((0..<bytes.count - 4).first { Array(bytes[$0..<$0 + 4]) == Array("PLTE".utf8) })
    let chunk = Array(bytes[at..<at + 4 + 60])
    let crc = PNGTests.checksum(chunk)
    bytes.replaceSubrange(at - 4..<at + 4 + 96 + 4, with: [0, 0, 0, 60] + chunk + crc)
    #expect(try PNG.labels(bytes, name: "x.png").values == (0..<32).map { UInt8($0) })
  }

  private static func checksum(_ bytes: [UInt8]) -> [UInt8] {
    var crc: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    crc = ~crc
    return [UInt8(crc >> 24), UInt8(crc >> 16 & 255), UInt8(crc >> 8 & 255), UInt8(crc & 255)]
  }

  @Test("colours are no class numbers: refused with a remedy where numbers are needed")
  func refused() throws {
    #expect {
      try PNG.labels(path: Goldens.path("rgb.png"))
    } throws: { error in
      guard let error = error as? RoadError else { return false }
      return error.subject == .label && error.cause.contains("not class numbers") && error.remedy.contains("paletted")
    }
    guard case .colours(let size, let samples) = try PNG.label(path: Goldens.path("rgb.png")) else {
      Issue.record("no colours")
      return
    }
    #expect(size == PictureSize(width: 8, height: 4))
    #expect(samples == (0..<4).flatMap { _ in (0..<24).map { UInt8($0) } })
  }

  @Test(
    "numbers in whatever PNG they were saved",
    arguments: ["16", "rgb-equal", "rgba-equal", "grey-alpha", "1bit", "2bit", "palette-1bit"])
  func labelKinds(kind: String) throws {
    let labels = try PNG.labels(path: Goldens.path("label-\(kind).png"))
    let classes = kind.hasSuffix("1bit") ? 2 : kind == "2bit" ? 4 : 200
    #expect(
      labels == BytePicture(size: PictureSize(width: 8, height: 4), values: (0..<32).map { UInt8($0 * 7 % classes) }))
  }

  @Test("a 16-bit number above 255 is named")
  func instances() {
    let error = thrown(RoadError.self) { try PNG.labels(path: Goldens.path("label-instances.png")) }
    #expect(error?.cause.contains("holds the value 26001; ") == true)
  }

  @Test("cut at every byte or with any byte changed, it is an error or the right size")
  func damaged() throws {
    let whole = try Goldens.bytes("palette-duplicates.png")
    for count in 0..<whole.count {
      #expect(throws: RoadError.self) { try PNG.labels(Array(whole.prefix(count)), name: "x.png") }
    }
    for at in 0..<whole.count {
      var bytes = whole
      bytes[at] ^= 0x41
      if let labels = try? PNG.labels(bytes, name: "x.png") { #expect(labels.values.count == labels.size.pixels) }
      if let picture = try? PNG.picture(bytes, name: "x.png") { #expect(picture.size.pixels > 0) }
    }
  }

  @Test("what is written is read back, grey and paletted, with row padding", arguments: [2, 7, 19, 256])
  func roundTrip(classes: Int) throws {
    let size = PictureSize(width: 33, height: 9)
    let pitch = 40
    let padded = (0..<pitch * size.height).map { (index: Int) -> UInt8 in UInt8((index * 31 + index / 7) % classes) }
    let expected = (0..<size.height).flatMap { (row: Int) -> ArraySlice<UInt8> in
      padded[row * pitch..<row * pitch + size.width]
    }
    let palette = (0..<classes).map { _ in PNG.RGB(red: 128, green: 64, blue: 128) }
    for bytes in [
      try PNG.grey(padded, size: size, rowPitch: pitch),
      try PNG.paletted(padded, size: size, rowPitch: pitch, palette: palette),
    ] {
      #expect(try PNG.labels(bytes, name: "x.png") == BytePicture(size: size, values: expected))
    }
    let picture = try PNG.picture(
      try PNG.paletted(padded, size: size, rowPitch: pitch, palette: palette), name: "x.png")
    #expect(Array(Goldens.rgb(picture).prefix(3)) == [128, 64, 128])
  }

  @Test("noise, which does not compress, fits")
  func noise() throws {
    let size = PictureSize(width: 640, height: 480)
    let values = (0..<size.pixels).map { _ in UInt8.random(in: 0...255) }
    #expect(try PNG.labels(try PNG.grey(values, size: size), name: "x.png").values == values)
  }

  @Test("photographs of either kind are read by their first bytes")
  func pictureFile() throws {
    let photograph = try PictureFile.read(Goldens.path("jpeg-420.jpg"))
    #expect(try Goldens.bytes("jpeg-420.rgb") == Goldens.rgb(photograph))
    let colours = try PictureFile.read(Goldens.path("rgb.png"))
    #expect(Goldens.rgb(colours) == (0..<4).flatMap { _ in (0..<24).map { UInt8($0) } })
    #expect(Goldens.everyFourthByteIs255(colours))
  }

  @Test("an unusable photograph is one clear error")
  func unusable() throws {
    func message(_ bytes: [UInt8]) -> String {
      do throws(RoadError) {
        _ = try PictureFile.decode(bytes, name: "a.jpg")
        return "decoded"
      } catch { return error.description }
    }
    let whole = try Goldens.bytes("jpeg-420.jpg")
    #expect(message(Array(whole.prefix(700))) == "a.jpg: is a truncated JPEG file; copy it again from its source")
    #expect(message([1, 2, 3]) == "a.jpg: is neither a JPEG nor a PNG file; convert it first")
    #expect(message([]) == "a.jpg: is neither a JPEG nor a PNG file; convert it first")
    #expect(throws: RoadError.self) { try PictureFile.read("/nonexistent/a.jpg") }
  }
}
