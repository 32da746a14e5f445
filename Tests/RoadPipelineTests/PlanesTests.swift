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

/// Frames of luma and chroma, which become a picture nowhere.
@Suite struct PlanesTests {
  static let size = PictureSize(width: 64, height: 48)

  /// Frames whose luma is their number.
  final class LumaSource: FrameSource {
    let properties: SourceProperties
    private let jpegs: [[UInt8]]
    private let count: Int
    private let read = Atomic<Int>(0)
    private let watch: AllocationTests.Watch?

    init(_ format: PixelFormat, count: Int, watch: AllocationTests.Watch? = nil) throws {
      properties = SourceProperties(
        name: "luma", size: PlanesTests.size, format: format, nominalRate: nil, isLive: false, frameCount: count,
        maximumFrameBytes: 1 << 16)
      self.count = count
      self.watch = watch
      let encoder = try JPEGEncoder(largest: PlanesTests.size, quality: 100)
      jpegs = (0..<256).map { luma in
        let picture = Picture(size: PlanesTests.size)
        picture.fill(red: UInt8(luma), green: UInt8(luma), blue: UInt8(luma))
        return encoder.encode(picture).map(Array.init) ?? []
      }
    }

    func start() throws(RoadError) {}
    func stop() {}

    func read(into frame: Frame, timeout: UInt64) -> ReadOutcome {
      let number = read.add(1, ordering: .relaxed).oldValue
      watch?.pass(frame: number)
      guard number < count else { return .ended }
      frame.size = properties.size
      frame.format = properties.format
      frame.rowPitch = properties.format.packedRowPitch(width: properties.size.width)
      frame.yuvEncoding = .bt601Full
      frame.sequence = UInt64(number)
      frame.timestamp = MonotonicClock.now()
      let luma = UInt8(truncatingIfNeeded: number)
      if properties.format == .mjpeg {
        frame.bytes.copyBytes(from: jpegs[Int(luma)])
        frame.byteCount = jpegs[Int(luma)].count
      } else {
        frame.byteCount = frame.rowPitch * properties.size.height
        let words = frame.bytes.bindMemory(to: UInt16.self)
        words.update(repeating: UInt16(luma) | 128 << 8)
      }
      return .frame(skipped: 0, lost: 0)
    }
  }

  /// The red of the frame's pixels.
  final class LumaSegmenter: Segmenter {
    let name = "luma"
    let classes = ClassTable.driving7
    let pictureSize = PlanesTests.size
    private let scaler = PictureScaler(from: PlanesTests.size, to: PlanesTests.size)
    private let scaled = Picture(size: PlanesTests.size)
    private let before: @Sendable () -> Void

    init(before: @escaping @Sendable () -> Void = {}) { self.before = before }

    func segment(_ pixels: FramePixels, into map: ClassMap) -> SegmentationTimes {
      before()
      scaler.scale(pixels, into: scaled)
      for index in map.bytes.indices { map.bytes[index] = scaled.row(index / 64)[index % 64 * 4] }
      return SegmentationTimes()
    }
  }

  /// Whether planes and maps are those of the frames.
  final class LumaSink: FrameSink {
    let name = "luma"
    let right = Atomic<Int>(0)
    private let watch: AllocationTests.Watch?
    init(_ watch: AllocationTests.Watch? = nil) { self.watch = watch }

    func receive(_ frame: ShownFrame) throws(RoadError) {
      watch?.pass(frame: frame.stamp.ordinal)
      guard case .planes(let planes) = frame.canvas, planes.sampling == .halfBoth else { return }
      let luma = UInt8(truncatingIfNeeded: frame.stamp.ordinal)
      let isMap = frame.map.bytes.allSatisfy { $0 == luma }
      let isPlanes = (0..<48).allSatisfy { y in
        (0..<64).allSatisfy { planes.luma[y * planes.lumaPitch + $0] == luma } && planes.u[y / 2 * 64] == 128
      }
      if isMap, isPlanes { right.add(1, ordering: .relaxed) }
    }
  }

  @Test(arguments: [PixelFormat.yuyv, .mjpeg])
  func sinksGetPlanes(format: PixelFormat) throws {
    let (sink, tally) = (LumaSink(), LumaSink())
    var options = PipelineOptions.plain
    options.preparation = .planes
    let pipeline = try Pipeline(
      source: LumaSource(format, count: 200), sinks: [sink], lanes: [SinkLane(tally, policy: .queue(bytes: 1 << 20))],
      options: options
    ) { _ in LumaSegmenter() }
    #expect(try pipeline.run().ledger[.shown] == 200)
    #expect(sink.right.load(ordering: .relaxed) == 200)
    #expect(tally.right.load(ordering: .relaxed) == 200)
  }

  @Test("from a raw frame to the painted planes nothing takes memory") func steadyStateTakesNoMemory() throws {
    let watch = AllocationTests.Watch()
    let segmented = Atomic<Int>(0)
    var options = PipelineOptions(statisticsInterval: 60_000_000_000)
    options.preparation = .planes
    let pipeline = try Pipeline(
      source: LumaSource(.yuyv, count: 450, watch: watch), sinks: [LumaSink(watch)],
      lanes: [SinkLane(TallySink([.picture]), policy: .newest)], options: options
    ) { _ in
      LumaSegmenter { watch.pass(frame: segmented.add(1, ordering: .relaxed).newValue) }
    }
    #expect(try pipeline.run().ledger[.shown] == 450)
    #expect(watch.count == 0)
  }
}
