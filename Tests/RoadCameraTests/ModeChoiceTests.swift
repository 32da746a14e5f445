import RoadBase
import RoadCamera
import RoadFrame
import Testing

@Suite("Which mode a camera is asked for")
struct ModeChoiceTests {
  private static let vga = PictureSize(width: 640, height: 480)
  private static let hd = PictureSize(width: 1280, height: 720)

  /// An ordinary USB 2.0 camera: raw pictures are slow beyond VGA, libv4l2 offers YU12 on top.
  private static let webcam = [
    offer("MJPG", .mjpeg, [(vga, [30, 15]), (hd, [30, 15])]),
    offer("YUYV", .yuyv, [(vga, [30, 15]), (hd, [10, 5])]),
    offer("YU12", .i420, [(vga, [30, 15]), (hd, [30, 15])], isEmulated: true),
    offer("H264", nil, [(hd, [60])]),
  ]

  private static func offer(
    _ fourCC: String, _ format: PixelFormat?, _ sizes: [(PictureSize, [Double])], isEmulated: Bool = false
  ) -> CameraFormat {
    CameraFormat(
      fourCC: fourCC, name: fourCC, format: format, isEmulated: isEmulated,
      sizes: sizes.map { CameraSize(size: $0.0, rates: $0.1) })
  }

  private func choose(_ request: CameraRequest, _ formats: [CameraFormat] = webcam) throws(RoadError) -> ModeChoice {
    try ModeChoice.choose(from: formats, for: request, name: "C920 (/dev/video0)")
  }

  @Test("left alone: 640x480 raw, as it reaches 30 fps without decoding")
  func automatic() throws {
    let choice = try choose(CameraRequest())
    #expect(choice.fourCC == "YUYV" && choice.size == Self.vga && choice.rate == 30)
    #expect(choice.reason == "YUYV 640x480 at 30 fps: needs no JPEG decoding and reaches the rate")
  }

  @Test("where raw is too slow: MJPEG, saying so; not the format that libv4l2 makes")
  func largeSize() throws {
    let choice = try choose(CameraRequest(size: Self.hd))
    #expect(choice.fourCC == "MJPG" && choice.rate == 30)
    #expect(choice.reason == "MJPG 1280x720 at 30 fps: YUYV reaches only 10 fps at this size")
    let slow = try choose(CameraRequest(size: Self.hd, rate: 10))
    #expect(slow.fourCC == "YUYV" && slow.rate == 10, "10 fps is enough for who asks for 10")
  }

  @Test("a rate that nothing reaches: the fastest, and what the camera gives")
  func tooFast() throws {
    let choice = try choose(CameraRequest(rate: 60))
    #expect(choice.rate == 30)
    #expect(choice.reason.hasSuffix("the fastest at this size; asked 60, the camera gives 30"))
    #expect(try choose(CameraRequest(rate: 12)).rate == 15, "the nearest from above")
  }

  @Test("a forced format is kept even where it is slow")
  func forced() throws {
    let choice = try choose(CameraRequest(size: Self.hd, format: .yuyv))
    #expect(choice.fourCC == "YUYV" && choice.rate == 10)
    #expect(choice.reason == "YUYV 1280x720 at 10 fps: as asked; asked 30, the camera gives 10")
    #expect(try choose(CameraRequest(format: .i420)).reason.hasSuffix("converted by libv4l2"))
  }

  @Test("what the camera does not have is refused with what it has")
  func refused() {
    func message(_ request: CameraRequest, _ formats: [CameraFormat] = Self.webcam) -> String {
      roadError { _ = try choose(request, formats) }?.description ?? "chosen"
    }
    #expect(
      message(CameraRequest(format: .nv12))
        == "C920 (/dev/video0): does not offer nv12; ask for one of mjpeg, yuyv, i420")
    #expect(
      message(CameraRequest(size: PictureSize(width: 800, height: 600)))
        == "C920 (/dev/video0): has no frames of 800x600; ask for one of 640x480, 1280x720")
    let odd = [Self.offer("H264", nil, [(Self.hd, [30])]), Self.offer("Z16", nil, [(Self.vga, [30])])]
    #expect(
      message(CameraRequest(), odd)
        == "C920 (/dev/video0): offers no format that roadseg can decode, only H264, Z16; "
        + "use a camera with one of YUYV, UYVY, NV12, YU12, 422P, GREY, MJPG, JPEG")
    #expect(message(CameraRequest(), []).contains("only none"))
  }

  @Test("sizes and rates in ranges")
  func ranges() throws {
    let size = CameraSize(
      size: PictureSize(width: 16, height: 16), largest: Self.hd, rates: [60, 1], takesAnyRate: true)
    let sensor = CameraFormat(fourCC: "NV12", name: "", format: .nv12, isEmulated: false, sizes: [size])
    let choice = try choose(CameraRequest(size: PictureSize(width: 800, height: 600), rate: 24), [sensor])
    #expect(choice.size == PictureSize(width: 800, height: 600) && choice.rate == 24)
    #expect(try choose(CameraRequest(rate: 100), [sensor]).rate == 60)
    #expect(roadError { _ = try choose(CameraRequest(size: PictureSize(width: 1920, height: 1080)), [sensor]) } != nil)
  }

  @Test("a camera that lists no rates is taken as it is")
  func silent() throws {
    let choice = try choose(CameraRequest(), [Self.offer("GREY", .grey, [(Self.hd, [])])])
    #expect(choice.format == .grey && choice.rate == nil && choice.size == Self.hd)
  }
}
