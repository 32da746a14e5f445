import RoadCamera
import Testing

@Suite("A camera that comes back")
struct CameraIdentityTests {
  private func identity(_ card: String, _ bus: String, _ serial: String? = nil) -> CameraIdentity {
    CameraIdentity(card: card, bus: bus, serial: serial)
  }

  @Test("is known by its serial number in any socket, else by its socket, else if it is the only one of its make")
  func find() {
    let mine = identity("C920", "usb-1", "A1")
    #expect(mine.find(among: [("/dev/video2", identity("C920", "usb-9", "A1"))]) == "/dev/video2")
    #expect(
      mine.find(among: [("/dev/video0", identity("C920", "usb-1", "B2"))]) == nil, "another one in the same socket")
    let plain = identity("Cam", "usb-1")
    let twins = [("/dev/video0", identity("Cam", "usb-2")), ("/dev/video4", identity("Cam", "usb-1"))]
    #expect(plain.find(among: twins) == "/dev/video4")
    #expect(plain.find(among: [twins[0]]) == "/dev/video0")
    #expect(plain.find(among: [twins[0], ("/dev/video6", identity("Cam", "usb-3"))]) == nil, "which of the two?")
    #expect(plain.find(among: [("/dev/video0", identity("Other", "usb-1"))]) == nil)
    #expect(plain.find(among: []) == nil)
  }
}
