import Foundation
import RoadBase
import RoadCamera
import RoadFrame
import RoadMask
import RoadPipeline
import RoadSink
import RoadTelemetry
import Synchronization
import Testing

/// Own parts found while frames flow, against the truth of the synthetic road.
@Suite struct OwnPartsSearchTests {
  private static let size = PictureSize(width: 480, height: 360)

  /// All of the picture is road; every frame is looked at.
  private final class LookingSegmenter: Segmenter {
    let name = "looking"
    let classes = ClassTable.driving7
    let pictureSize: PictureSize
    private let grey: LumaPlane

    init(_ size: PictureSize) {
      pictureSize = size
      grey = LumaPlane(halving: size)
    }

    func segment(_ pixels: FramePixels, into map: ClassMap) -> SegmentationTimes {
      guard case .picture(let picture) = pixels else { preconditionFailure("the synthetic road gives RGBX") }
      map.bytes.update(repeating: classes.drivable)
      grey.fill(rows: 0..<grey.size.height, from: picture.base, rowPitch: picture.rowPitch)
      var times = SegmentationTimes()
      times.small = grey
      times.isLook = true
      return times
    }
  }

  /// Every eighth frame of the road, so that few of them are a long drive.
  private final class FastRoad: FrameSource, @unchecked Sendable {
    let scene: SyntheticScene
    let properties: SourceProperties
    private let frames: Int
    private var next = 0

    init(_ parts: SyntheticParts, frames: Int) throws(RoadError) {
      scene = try SyntheticScene(size: size, seed: 3, parts: parts)
      self.frames = frames
      properties = SourceProperties(
        name: "fast road", size: size, format: .rgbx, nominalRate: nil, isLive: false, frameCount: nil,
        maximumFrameBytes: 4 * size.pixels)
    }

    func start() {}
    func stop() {}

    func read(into frame: Frame, timeout: UInt64) -> ReadOutcome {
      guard next < frames, let base = frame.bytes.baseAddress else { return .ended }
      scene.render(frame: UInt64(8 * next), pixels: base, rowPitch: 4 * properties.size.width)
      (frame.size, frame.format) = (properties.size, .rgbx)
      (frame.rowPitch, frame.byteCount) = (4 * properties.size.width, 4 * properties.size.pixels)
      frame.sequence = UInt64(next)
      frame.timestamp = MonotonicClock.now()
      next += 1
      return .frame(skipped: 0, lost: 0)
    }
  }

  /// The last map of a drive, and what the statistics say at its end. It ends early with the first map that is not all
  /// road: whoever finds the parts has a thread of its own, which may come late on a busy machine.
  private static func drive(
    _ parts: SyntheticParts, frames: Int, keeping: OwnPartsKeeping, masks: MaskOptions = MaskOptions()
  ) throws -> (map: [UInt8], statistics: MaskStatistics?, truth: [UInt8]) {
    let road = try FastRoad(parts, frames: frames)
    let last = Mutex<[UInt8]>([])
    let running = Mutex<Pipeline?>(nil)
    let sink = RecordingSink { frame in
      last.withLock { $0 = Array(frame.map.bytes) }
      if frame.map.bytes.contains(where: { $0 != ClassTable.driving7.drivable }) {
        running.withLock { $0 }?.requestStop()
      }
    }
    var options = PipelineOptions(style: nil, statisticsInterval: 1_000_000)
    options.masks = masks
    options.ownPartsKeeping = keeping
    let pipeline = try Pipeline(source: road, sinks: [sink], options: options) { LookingSegmenter($0) }
    running.withLock { $0 = pipeline }
    defer { running.withLock { $0 = nil } }
    let statistics = try pipeline.run()
    return (last.withLock { $0 }, statistics.masks, road.scene.ownParts())
  }

  @Test("bonnet and stamp are found in two windows, left out of the masks and kept; then they are given")
  func found() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "parts-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let file = OwnPartsFile(camera: "HD Pro/Webcam ../C920 1", folder: folder)
    #expect(file.path.hasPrefix("\(folder)/HD-Pro-Webcam-..-C920-1-") && file.path.hasSuffix(".txt"))
    #expect(try file.load() == nil)
    let run = try Self.drive(
      [.bonnet, .reflection, .stamp], frames: 30_000, keeping: OwnPartsKeeping(file: file, searches: true))
    let told = try #require(run.statistics?.ownParts)
    #expect(told.origin == .found && told.searched == nil && told.trouble == nil && told.file == file.path)
    let road = ClassTable.driving7.drivable
    let all = run.truth.count { $0 == 1 }
    let hits = run.map.indices.count { run.truth[$0] == 1 && run.map[$0] != road }
    let wrong = run.map.indices.count { run.truth[$0] == 0 && run.map[$0] != road }
    #expect(Double(hits) >= 0.95 * Double(all), "\(hits) of \(all)")
    #expect(Double(wrong) <= 0.05 * Double(run.map.count), "\(wrong) of \(run.map.count)")
    #expect(abs(told.share - Double(hits + wrong) / Double(run.map.count)) < 1e-9)

    // The next run has them from its first frame on.
    let kept = try #require(try file.load())
    let next = try Self.drive(
      [.bonnet, .reflection, .stamp], frames: 1, keeping: OwnPartsKeeping(file: file),
      masks: MaskOptions(ownParts: kept))
    #expect(next.map == run.map && next.statistics?.ownParts?.origin == .given)
  }

  @Test("too short a drive finds nothing and keeps nothing; its progress is told")
  func short() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "parts-\(UUID().uuidString)").path
    let file = OwnPartsFile(camera: "x", folder: folder)
    let run = try Self.drive([.bonnet], frames: 120, keeping: OwnPartsKeeping(file: file, searches: true))
    let told = try #require(run.statistics?.ownParts)
    #expect(told.origin == nil && told.polygons == 0)
    #expect((0.2...0.25).contains(try #require(told.searched)))
    #expect(!file.isThere && run.map.allSatisfy { $0 == ClassTable.driving7.drivable })
  }

  @Test("what cannot be kept counts all the same, and is told")
  func notKept() throws {
    let file = OwnPartsFile(path: "/proc/nothing/parts.txt")
    let run = try Self.drive([.bonnet], frames: 30_000, keeping: OwnPartsKeeping(file: file, searches: true))
    let told = try #require(run.statistics?.ownParts)
    #expect(told.origin == .found && told.share > 0.08 && told.trouble?.contains("/proc/nothing") == true)
  }

  @Test("outside of the region of interest there is no road, with parts and without")
  func region() throws {
    let region = try OwnParts(text: "0,50 100,50 100,100 0,100", name: "region")
    let parts = try OwnParts(text: "25,75 50,75 50,100 25,100", name: "parts")
    let road = ClassTable.driving7.drivable
    for own in [nil, parts] {
      let run = try Self.drive(
        [], frames: 1, keeping: OwnPartsKeeping(), masks: MaskOptions(ownParts: own, region: region))
      for index in run.map.indices {
        let (x, y) = (index % Self.size.width, index / Self.size.width)
        let isOwn = own != nil && (120..<240).contains(x) && y >= 270
        #expect((run.map[index] == road) == (y >= 180 && !isOwn))
      }
      #expect(run.statistics?.regionShare == 0.5 && run.statistics?.ownParts?.share == (own == nil ? nil : 0.0625))
    }
  }

  @Test("files of cameras lie where systemd or the user wants them, one a camera")
  func places() {
    #expect(OwnPartsFile.usualFolder(["STATE_DIRECTORY": "/var/lib/a:/b", "HOME": "/h"]) == "/var/lib/a/own-parts")
    #expect(OwnPartsFile.usualFolder(["XDG_STATE_HOME": "/s", "HOME": "/h"]) == "/s/roadseg/own-parts")
    #expect(OwnPartsFile.usualFolder(["HOME": "/h"]) == "/h/.local/state/roadseg/own-parts")
    let names = ["cam usb-1", "cam usb.1", "cam usb-2", "cäm usb-1", "cbm usb-1"].map {
      OwnPartsFile(camera: $0, folder: "/f").path
    }
    #expect(Set(names).count == 5 && names.allSatisfy { $0.dropFirst(3).allSatisfy { $0 != "/" && $0.isASCII } })
  }
}
