import Foundation
import RoadBase
import RoadFrame
import RoadMask
import RoadMetres
import RoadSink
import RoadTelemetry

/// Makes messages of what a sink is given, into one chunk.
final class MessageComposer {
  private(set) var chunk = ChunkBuilder()
  private(set) var clock = RecordingClock()
  private(set) var images = 0
  private(set) var masks = 0
  private(set) var records = 0
  private(set) var payloadBytes: UInt64 = 0

  /// The same from the first message to the last.
  let layout: MessageLayout
  private var options: RecorderOptions
  private let session: SinkSession
  private let palette: [PNG.RGB]
  private let decoder: FrameDecoder
  private let encoder: JPEGEncoder
  private let picture: Picture
  /// Nil where nobody asked for it, or the camera is not calibrated.
  private let birdsEye: (view: BirdsEye, encoder: JPEGEncoder)?
  private let scratch: Frame
  private let json = JSONEncoder()
  /// Of frames whose fate is still open.
  private var open: [Int: OpenFrame] = [:]
  private let frameName: String

  private struct OpenFrame {
    var hasImage = false
    var hasMask = false
    var maskHash: UInt64?
    var roadShare: Double?
    var metres: MetresJSON?
    var picture: FrameHealthJSON?
    var yuvEncoding: YUVEncoding?
  }

  /// More frames than any pipeline has on their way; older ones will never be settled.
  private static let openFrames = 1024

  init(_ options: RecorderOptions, _ session: SinkSession) throws(RoadError) {
    self.options = options
    self.session = session
    layout = MessageLayout(
      options.schemas,
      rawImages: session.source.format.compressedImageFormat == nil && options.rawImages == .raw,
      rawMasks: options.rawMasks, birdsEye: options.birdsEyeStride > 0 && session.calibration != nil)
    palette = session.classes.classes.map { PNG.RGB(red: $0.colour.red, green: $0.colour.green, blue: $0.colour.blue) }
    var quality = 90
    if case .jpeg(let wanted) = options.rawImages { quality = wanted }
    decoder = try FrameDecoder()
    encoder = try JPEGEncoder(largest: session.source.size, quality: quality)
    picture = Picture(size: session.source.size)
    if options.birdsEyeStride > 0, let calibration = session.calibration {
      let view = BirdsEye(calibration)
      birdsEye = (view, try JPEGEncoder(largest: view.extent.size, quality: 85))
    } else {
      birdsEye = nil
    }
    scratch = Frame(capacity: max(1, session.source.maximumFrameBytes))
    json.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    frameName = "camera"
  }

  func follow(wall: UInt64, monotonic: UInt64) { clock.follow(wall: wall, monotonic: monotonic) }

  func change(to options: RecorderOptions) { self.options = options }

  func close(_ compressor: ZstdCompressor?) -> ClosedChunk { chunk.close(compressor) }

  func add(_ frame: CapturedFrame, now: UInt64) {
    putFromAbove(frame, now: now)
    guard options.imageStride > 0, frame.stamp.ordinal % options.imageStride == 0 else { return }
    guard put(frame, now: now) else { return }
    remember(frame.stamp.ordinal) { entry in
      entry.hasImage = true
      if frame.format.compressedImageFormat == nil { entry.yuvEncoding = frame.yuvEncoding }
    }
    images += 1
  }

  func add(_ frame: ShownFrame, now: UInt64) throws(RoadError) {
    let map = frame.map
    let isKept = options.maskStride > 0 && frame.stamp.ordinal % options.maskStride == 0
    if isKept {
      try put(map, frame.stamp, now: now)
      masks += 1
    }
    remember(frame.stamp.ordinal) { entry in
      entry.hasMask = isKept
      entry.maskHash = map.hash
      entry.metres = frame.figures?.json
      entry.picture = FrameHealthJSON(frame.insight)
      entry.roadShare = Double(map.count(of: session.classes.drivable)) / Double(max(map.size.pixels, 1))
    }
  }

  func add(_ frames: SettledFrames, now: UInt64) {
    let entry = open.removeValue(forKey: frames.ordinal) ?? OpenFrame()
    var missed: [String: Int] = [:]
    for fate in FrameFate.allCases where frames.missed[fate] > 0 { missed[fate.key] = frames.missed[fate] }
    var record = FrameRecord(
      ordinal: frames.ordinal, count: frames.count, fate: frames.fate.key, sequence: frames.stamp?.sequence,
      kernelNs: frames.stamp?.timestamp, clock: frames.stamp?.timestampSource.rawValue,
      stagesMs: Self.stages(frames.times), hasImage: entry.hasImage, hasMask: entry.hasMask)
    record.latencyMs = frames.stamp.flatMap { Self.milliseconds($0.timestamp, frames.times.drawn) }
    record.maskHash = entry.maskHash.map(ClassMap.text(ofHash:))
    record.roadShare = entry.roadShare.map { $0.rounded(toDecimals: 6) }
    record.metres = entry.metres
    record.picture = entry.picture
    record.yuvEncoding = entry.yuvEncoding.map { "\($0)" }
    record.missed = missed.isEmpty ? nil : missed
    // Plain values of our own, which always encode.
    guard let data = try? json.encode(record) else { return }
    put(
      .frame, layout.text(Array(data)), sequence: UInt32(truncatingIfNeeded: frames.ordinal),
      at: frames.stamp?.timestamp, now: now)
    records += 1
  }

  func add(_ level: LogRecord.Level, _ message: String, now: UInt64) {
    let time = clock.time(now)
    let stamp = LogRecord.Timestamp(sec: time / 1_000_000_000, nsec: time % 1_000_000_000)
    let record = LogRecord(timestamp: stamp, level: level, message: message, name: "roadseg")
    put(.log, layout.log(record, json), sequence: 0, now: now)
  }

  /// A message that is JSON already.
  func add(_ topic: RecordingTopic, json bytes: [UInt8], now: UInt64) {
    put(topic, layout.text(bytes), sequence: 0, now: now)
  }
}

extension MessageComposer {
  /// - Returns: false where the frame cannot be kept: damaged, or without memory for an encoder.
  private func put(_ frame: CapturedFrame, now: UInt64) -> Bool {
    let time = clock.time(frame.stamp.timestamp)
    if let format = frame.format.compressedImageFormat {
      put(frame.bytes, format, frame.stamp, time: time, now: now)
      return true
    }
    if layout.rawImages,
      let head = layout.rawHead(
        frame.format, size: frame.size, rowPitch: frame.rowPitch, frame: frameName, time: time,
        byteCount: frame.bytes.count)
    {
      put(.image, frame.stamp, head, frame.bytes, isPacked: false, now: now)
      return true
    }
    guard frame.size == picture.size, fill(scratch, frame), decoder.decode(scratch, into: picture) == .decoded,
      let jpeg = encoder.encode(picture)
    else { return false }
    put(jpeg, "jpeg", frame.stamp, time: time, now: now)
    return true
  }

  /// Before anything is drawn on the picture.
  private func putFromAbove(_ frame: CapturedFrame, now: UInt64) {
    guard let birdsEye, frame.stamp.ordinal % options.birdsEyeStride == 0, frame.size == picture.size,
      fill(scratch, frame), decoder.decode(scratch, into: picture) == .decoded
    else { return }
    birdsEye.view.draw(.rgbx(picture))
    guard let jpeg = birdsEye.encoder.encode(birdsEye.view.picture) else { return }
    let head = layout.compressedHead(
      format: "jpeg", frame: frameName, time: clock.time(frame.stamp.timestamp), byteCount: jpeg.count)
    put(.birdsEye, frame.stamp, head, jpeg, isPacked: true, now: now)
  }

  private func fill(_ target: Frame, _ frame: CapturedFrame) -> Bool {
    guard frame.bytes.count <= target.bytes.count else { return false }
    target.bytes.copyMemory(from: frame.bytes)
    target.byteCount = frame.bytes.count
    target.format = frame.format
    target.size = frame.size
    target.rowPitch = frame.rowPitch
    target.yuvEncoding = frame.yuvEncoding
    return true
  }

  private func put(
    _ file: UnsafeRawBufferPointer, _ format: String, _ stamp: FrameStamp, time: UInt64, now: UInt64
  ) {
    let head = layout.compressedHead(format: format, frame: frameName, time: time, byteCount: file.count)
    put(.image, stamp, head, file, isPacked: true, now: now)
  }

  private func put(
    _ topic: RecordingTopic, _ stamp: FrameStamp, _ head: [UInt8], _ data: UnsafeRawBufferPointer, isPacked: Bool,
    now: UInt64
  ) {
    chunk.append(
      channel: topic.rawValue, sequence: UInt32(truncatingIfNeeded: stamp.ordinal), logTime: clock.stamp(now),
      publishTime: clock.time(stamp.timestamp), head: head, data: data, isPacked: isPacked)
    payloadBytes += UInt64(data.count)
  }

  private func put(_ map: ClassMap, _ stamp: FrameStamp, now: UInt64) throws(RoadError) {
    let time = clock.time(stamp.timestamp)
    if layout.rawMasks,
      let head = layout.rawHead(
        PixelFormat.grey, size: map.size, rowPitch: map.size.width, frame: frameName, time: time,
        byteCount: map.bytes.count)
    {
      return put(.mask, stamp, head, UnsafeRawBufferPointer(map.bytes), isPacked: false, now: now)
    }
    guard let base = map.bytes.baseAddress else { return }
    let png = try PNG.paletted(base, size: map.size, palette: palette, isFast: true)
    png.withUnsafeBytes { bytes in
      let head = layout.compressedHead(format: "png", frame: frameName, time: time, byteCount: bytes.count)
      put(.mask, stamp, head, bytes, isPacked: true, now: now)
    }
  }

  private func put(
    _ topic: RecordingTopic, _ message: [UInt8], sequence: UInt32, at time: UInt64? = nil, now: UInt64
  ) {
    message.withUnsafeBytes { bytes in
      chunk.append(
        channel: topic.rawValue, sequence: sequence, logTime: clock.stamp(now),
        publishTime: clock.time(time ?? now), data: bytes, isPacked: false)
    }
  }

  private func remember(_ ordinal: Int, _ change: (inout OpenFrame) -> Void) {
    if open.count >= Self.openFrames { open = open.filter { $0.key > ordinal - Self.openFrames / 2 } }
    change(&open[ordinal, default: OpenFrame()])
  }

  private static func stages(_ times: FrameTimes) -> [String: Double] {
    let spans: [(PipelineStage, UInt64, UInt64)] = [
      (.decode, times.decodeBegan, times.decoded), (.scale, times.decoded, times.scaled),
      (.network, times.scaled, times.inferred), (.classMap, times.inferred, times.classified),
      (.draw, times.drawBegan, times.drawn), (.output, times.drawn, times.handedOn),
    ]
    var stages: [String: Double] = [:]
    for (stage, start, end) in spans { stages[stage.key] = milliseconds(start, end) }
    return stages
  }

  private static func milliseconds(_ start: UInt64, _ end: UInt64) -> Double? {
    start > 0 && end >= start ? (Double(end - start) / 1e6).rounded(toDecimals: 3) : nil
  }
}
