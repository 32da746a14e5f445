import Foundation
import RoadBase
import RoadCamera
import RoadFrame
import Testing

/// Cameras that are not there, on whatever machine the tests run.
@Suite("Cameras that cannot be opened")
struct CameraErrorTests {
  private func message(_ device: String) -> String {
    roadError { _ = try V4L2Camera(CameraRequest(device: device)) }?.description ?? "opened"
  }

  @Test("missing, not a device, not a camera: one clear message each")
  func errors() throws {
    #expect(
      message("/dev/video199")
        == "/dev/video199: no such device; plug the camera in; `roadseg cameras` lists what is there")
    #expect(message("199").hasPrefix("/dev/video199: no such device"))
    #expect(message("/dev/null").hasPrefix("/dev/null: is not a video capture device"))
    try withFolder { folder in
      try FileOutput.write("road", to: "\(folder)/file")
      #expect(message("\(folder)/file").hasPrefix("\(folder)/file: is not a video capture device"))
      try #require(chmod("\(folder)/file", 0) == 0)
      // Root may open anything.
      if getuid() != 0 { #expect(message("\(folder)/file").contains("group `video`")) }
    }
  }
}

/// The capture code against the kernel's own drivers.
@Suite("V4L2 cameras in a virtual machine", .serialized, .enabled(if: CameraMachine.isReady, CameraMachine.absence))
struct V4L2CameraTests {
  @Test("a USB camera's frames arrive byte for byte; what cannot be had is told")
  func usbFrames() throws {
    let log = try CameraMachine.run(
      camera: "uvc",
      script: """
        $P --list
        $P --format mjpeg --size 640x480 --frames 24
        $P --device /dev/video1; $P --device 0 --format nv12
        rm /tmp/camera-probe-streams; $P --frames 10000 --seconds 8 & streaming; $P --frames 3; wait
        """)
    #expect(log.text.contains("/dev/video0") && !log.text.contains("\"device\":\"/dev/video1\""), "no metadata node")
    let runs = log.runs
    try #require(runs.count == 2)
    let sent = try CameraMachine.frames(".jpg").map { CameraMachine.hash($0) }
    #expect(runs[0].frames.count == 24)
    #expect(runs[0].values("hash").allSatisfy(sent.contains))
    #expect(Set(runs[0].values("hash")).count > 4, "not one frame again and again")
    let film = try #require(try CameraMachine.frames("640x480.yuyv").first)
    let pictures = stride(from: 0, to: film.count, by: 614_400).map { CameraMachine.hash(film[$0..<$0 + 614_400]) }
    #expect(runs[1].values("format") == ["yuyv"])
    #expect(runs[1].values("hash").allSatisfy(pictures.contains))
    for run in runs { #expect(run.allFramesDecode && run.addsUp && run.leavesNothingOpen) }
    #expect(log.values("clock").allSatisfy { $0 == "startOfExposure" })

    try #require(log.errors.count == 3)
    #expect(log.errors[0].hasPrefix("/dev/video1: is not a video capture device"))
    #expect(log.errors[1].contains("does not offer nv12; ask for one of mjpeg, yuyv"))
    #expect(log.errors[2].contains("/dev/video0: is busy (EBUSY): in use by camera-probe (pid "))
  }

  @Test("unplugged and plugged in again, under the same number and under another")
  func replug() throws {
    let log = try CameraMachine.run(
      camera: "uvc",
      script: """
        (streaming; sleep 1; tell unplug; sleep 1; tell plug; sleep 4
         sleep 90 <$CAMERA & sleep 0.5; tell unplug; sleep 1; tell plug) &
        $P --format mjpeg --size 640x480 --frames 100000 --seconds 60 --reopened 2; ls /dev/video*
        """)
    #expect(log.sum("reopened") >= 2)
    #expect(log.outcomes.contains("disconnected"))
    #expect(log.outcomes.suffix(3).contains("frame"))
    #expect(log.allFramesDecode && log.addsUp && log.leavesNothingOpen)
    #expect(log.text.contains("/dev/video2") || log.text.contains("/dev/video3"), "the number did change")
  }

  @Test("half a JPEG is corrupt; a frame that the driver drops is lost; a stall ends in a fresh start")
  func tornFramesAndStall() throws {
    let log = try CameraMachine.run(
      camera: "uvc",
      script: """
        (streaming; for i in 1 2 3 4 5 6 7 8; do sleep 0.4; tell truncate; done; sleep 0.7; tell error
         sleep 1; tell stall; sleep 7; tell resume) &
        $P --format mjpeg --size 640x480 --frames 100000 --seconds 60 --reopened 1
        """)
    // Of eight torn frames a busy machine's driver may drop some.
    // What ends within its picture data is told by decoding it: a missing end marker alone is no damage.
    let undecoded = log.frames.filter { $0["decoded"] as? Bool != true }.count
    #expect((1...8).contains(log.corruptReasons.count + undecoded))
    #expect(log.corruptReasons.allSatisfy { $0 == "truncated" })
    #expect(log.sum("lost") >= 1)
    #expect(log.outcomes.filter { $0 == "timedOut" }.count >= 8)
    #expect(log.sum("reopened") >= 1)
    #expect(log.outcomes.suffix(3).contains("frame"))
    #expect(undecoded < log.frames.count && log.addsUp && log.leavesNothingOpen)
  }

  @Test("frames that the driver flags are corrupt, where it is told to keep them")
  func flaggedFrames() throws {
    let log = try CameraMachine.run(
      camera: "uvc", options: ["--uvcvideo", "nodrop=1"],
      script: """
        (streaming; for i in 1 2 3; do sleep 0.7; tell error; done; sleep 0.7; tell truncate) &
        $P --format yuyv --frames 100000 --seconds 5
        """)
    #expect((1...4).contains(log.corruptReasons.count))
    #expect(log.corruptReasons.contains("driverError"))
    #expect(log.allFramesDecode && log.addsUp && log.leavesNothingOpen)
  }

  /// 75 % bars: the kernel draws white, yellow, cyan, green, magenta, red, blue, black.
  private static let bars: [[Int]] = [
    [191, 191, 191], [191, 191, 0], [0, 191, 191], [0, 191, 0], [191, 0, 191], [191, 0, 0], [0, 0, 191], [0, 0, 0],
  ]

  @Test("vivid: the kernel's colour bars in every raw format; dropped, flagged, fatal and vanished")
  func vivid() throws {
    let log = try CameraMachine.run(
      camera: "vivid",
      script: """
        for f in yuyv uyvy nv12 i420 i422; do $P --format $f --size 640x360 --rate 30 --frames 3; done
        rm /tmp/camera-probe-streams
        (streaming; sleep 0.5; set_control percentage_of_dropped_buffers=50
         sleep 1; set_control percentage_of_dropped_buffers=0; set_control inject_v4l2_buf_flag_error=1
         sleep 1; set_control inject_fatal_streaming_error=1; sleep 2; set_control disconnect=1) &
        $P --size 320x180 --frames 100000 --seconds 60 --reopened 2
        """)
    let runs = log.runs
    try #require(runs.count == 6)
    #expect(runs.dropLast().flatMap { $0.values("format") } == ["yuyv", "uyvy", "nv12", "i420", "i422"])
    for frame in runs.dropLast().flatMap(\.frames) {
      let colours = try #require(frame["colours"] as? [[Int]])
      for (seen, real) in zip(colours.joined(), Self.bars.joined()) { #expect(abs(seen - real) <= 4) }
    }
    #expect(runs[0].text.contains("640x360 at 30 fps"), "the rate is set after the format, which puts it back")
    let faults = runs[5]
    #expect(faults.sum("lost") >= 3)
    #expect(faults.corruptReasons == ["driverError"])
    #expect(faults.outcomes.contains("disconnected"))
    #expect(faults.sum("reopened") >= 2)
    #expect(faults.outcomes.suffix(3).contains("frame"))
    for run in runs { #expect(run.addsUp && run.leavesNothingOpen) }
  }
}
