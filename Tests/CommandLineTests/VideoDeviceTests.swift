import Foundation
import RoadBase
import RoadFrame
import Testing

/// `roadseg live --output /dev/videoN` on the kernel's own test driver, whose capture node shows what its output node
/// is given.
@Suite(.serialized, .enabled(if: CameraGuest.isReady, CameraGuest.absence))
struct VideoDeviceTests {
  private static let size = PictureSize(width: 320, height: 180)

  @Test("others see the overlay as a camera; a camera is no output")
  func loopsBack() throws {
    try withFolder { folder in
      let run = try CameraGuest.runVivid(
        """
        v4l2-ctl -d /dev/video0 -c loop_video=1,osd_text_mode=2
        "$R" live synthetic --size \(Self.size) --rate 5 --threads 1 --model "$M" --json \
          --output /dev/video1 --output $S/overlays >/tmp/log 2>/tmp/said & LIVE=$!
        n=0; until grep -q '"delivered":[3-9]' /tmp/log || [ $((n += 1)) -gt 60 ]; do sleep 0.5; done
        v4l2-ctl -d /dev/video1 --get-fmt-video-out | grep -E 'Width|Pixel'
        v4l2-ctl -d /dev/video0 --set-fmt-video width=\(Self.size.width),height=\(Self.size.height),pixelformat=YUYV \
          --stream-mmap --stream-skip=3 --stream-count=3 --stream-to=$S/seen.yuyv >/dev/null 2>&1
        kill $LIVE; wait $LIVE || echo failed: $?
        tail -n 1 /tmp/log; cat /tmp/said >&2
        "$R" live synthetic --frames 1 --model "$M" --output /dev/video0 2>&1 >/dev/null | tail -n 1
        """, share: folder)
      #expect(!run.output.contains("failed:"), "\(run.output)\(run.errors)")
      #expect(run.output.contains("320/180") && run.output.contains("YUYV"), "\(run.output)\(run.errors)")
      #expect(run.outputLines.last?.contains("takes no pictures") == true, "\(run.output)")
      let seen = [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/seen.yuyv")))
      let frameBytes = 2 * Self.size.pixels
      try #require(seen.count >= frameBytes && seen.count % frameBytes == 0, "\(seen.count) bytes\n\(run.errors)")
      let last = Array(seen.suffix(frameBytes))
      let overlays = files(below: "\(folder)/overlays").filter { $0.hasSuffix(".jpg") }
      #expect(!overlays.isEmpty)
      let distances = try overlays.map { try distance(last, overlay: "\(folder)/overlays/\($0)") }
      #expect(distances.min() ?? 255 < 12, "the nearest of \(overlays.count) overlays: \(distances.min() ?? -1)")
    }
  }

  /// Mean difference of luma between a frame and an overlay.
  private func distance(_ frame: [UInt8], overlay path: String) throws -> Double {
    let picture = try PictureFile.read(path)
    try #require(picture.size == Self.size)
    var sum = 0.0
    for y in 0..<Self.size.height {
      for x in 0..<Self.size.width {
        let pixel = picture.row(y) + 4 * x
        let light = 0.299 * Double(pixel[0]) + 0.587 * Double(pixel[1]) + 0.114 * Double(pixel[2])
        sum += abs(16 + light * 219 / 255 - Double(frame[2 * (y * Self.size.width + x)]))
      }
    }
    return sum / Double(Self.size.pixels)
  }
}

extension CameraGuest {
  /// The guest with vivid's video output as /dev/video1, wired to its capture node /dev/video0; `$S` is `share`.
  static func runVivid(_ script: String, share: String) throws -> Roadseg {
    try Roadseg.run(
      program: runner,
      [
        "--camera", "vivid", "--vivid", "node_types=0x101 num_inputs=1 input_types=3 num_outputs=1 output_types=1",
        "--timeout", "120", "--cpu", "max,-erms,-fsrm,-avx2", "--share", share, "--env", "R=\(Roadseg.binary)", "--env",
        "M=\(Roadseg.model)", "--env", "S=\(share)", "--", "sh", "-c", script,
      ])
  }
}
