import RoadBase
import RoadFrame
import RoadOutput
import Testing

@Suite struct YUVPictureTests {
  /// ITU-R BT.601 with 8 bits: Y' = 16 + 219 (0.299 R + 0.587 G + 0.114 B), Cb and Cr from B − Y and R − Y.
  private func standard(_ red: Double, _ green: Double, _ blue: Double) -> (Double, Double, Double) {
    let luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return (
      16 + 219 * luma / 255, 128 + 224 * (blue - luma) / 1.772 / 255, 128 + 224 * (red - luma) / 1.402 / 255
    )
  }

  @Test("within a step and a half of the standard's real numbers, for colours all over the cube", arguments: [1, 2, 5])
  func standardColours(width: Int) {
    let size = PictureSize(width: width, height: 1)
    let (picture, packed, planes) = (
      Picture(size: size), YUVPicture(size: size, layout: .yuyv), YUVPicture(size: size, layout: .i420)
    )
    for step in 0..<1000 {
      let colour = [step % 10, step / 10 % 10, step / 100].map { UInt8($0 * 255 / 9) }
      picture.fill(red: colour[0], green: colour[1], blue: colour[2])
      packed.fill(from: picture)
      planes.fill(from: picture)
      let wanted = standard(Double(colour[0]), Double(colour[1]), Double(colour[2]))
      for bytes in [[packed.bytes[0], packed.bytes[1], packed.bytes[3]], Self.corner(planes)] {
        #expect(abs(Double(bytes[0]) - wanted.0) <= 1.5 && abs(Double(bytes[1]) - wanted.1) <= 1.5)
        #expect(abs(Double(bytes[2]) - wanted.2) <= 1.5, "\(colour): \(bytes), \(wanted)")
      }
    }
  }

  private static func corner(_ planes: YUVPicture) -> [UInt8] {
    let chroma = (planes.size.width + 1) / 2 * ((planes.size.height + 1) / 2)
    return [planes.bytes[0], planes.bytes[planes.size.pixels], planes.bytes[planes.size.pixels + chroma]]
  }

  /// What our own decoder makes of it again; pictures of odd sides included.
  @Test(arguments: [PictureSize(width: 8, height: 6), PictureSize(width: 7, height: 5)])
  func comesBack(size: PictureSize) throws {
    let picture = Picture(size: size)
    for y in 0..<size.height {
      for x in 0..<size.width {
        let pixel = picture.row(y) + 4 * x
        (pixel[0], pixel[1], pixel[2]) = (UInt8(30 + 25 * x), UInt8(30 + 25 * x), UInt8(40 + 25 * x))
      }
    }
    let packed = YUVPicture(size: size, layout: .yuyv)
    packed.fill(from: picture)
    let frame = Frame(capacity: packed.bytes.count)
    frame.bytes.copyMemory(from: UnsafeRawBufferPointer(packed.bytes))
    (frame.byteCount, frame.format, frame.size) = (packed.bytes.count, .yuyv, size)
    frame.rowPitch = PixelFormat.yuyv.packedRowPitch(width: size.width)
    let back = Picture(size: size)
    let outcome = try FrameDecoder().decode(frame, into: back)
    guard case .decoded = outcome else { throw RoadError(.picture, "\(outcome)") }
    for y in 0..<size.height {
      for index in 0..<4 * size.width where index % 4 != 3 {
        #expect(abs(Int(back.row(y)[index]) - Int(picture.row(y)[index])) <= 4)
      }
    }
  }
}

extension YUVPictureTests {
  /// Planes and the picture that they stand for give the same video, but for roundings.
  @Test(arguments: [YUVPicture.Layout.yuyv, .i420], ["64x48", "37x21", "1x1"])
  func planesGiveTheSameVideo(layout: YUVPicture.Layout, text: String) throws {
    let size = try #require(PictureSize(text))
    let picture = Picture(size: size)
    for y in 0..<size.height {
      for x in 0..<size.width {
        let pixel = picture.row(y) + 4 * x
        (pixel[0], pixel[1], pixel[2]) = (UInt8(3 * x), UInt8(255 - 4 * y), UInt8(100 + x + y))
      }
    }
    let planes = PlanarPicture(size: size)
    planes.fill(from: .picture(picture))
    let (direct, detour) = (YUVPicture(size: size, layout: layout), YUVPicture(size: size, layout: layout))
    direct.fill(from: .planes(planes))
    detour.fill(from: .rgbx(picture))
    let worst = zip(direct.bytes, detour.bytes).reduce(0) { max($0, abs(Int($1.0) - Int($1.1))) }
    #expect(worst <= 3, "packed 4:2:2 has the chroma of two rows where planes have their mean")
  }
}
