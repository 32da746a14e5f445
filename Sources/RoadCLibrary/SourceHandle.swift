import CRoadseg
import RoadBase
import RoadCamera
import RoadFrame
import RoadPipeline

/// `roadseg_source`: a started frame source and the frame that it fills.
final class SourceHandle: Handle {
  private let source: any FrameSource
  private let frame: Frame
  private let name: CText

  init(name: String?, _ options: roadseg_source_options?) throws(RoadError) {
    var request = SourceRequest(name: name)
    if let options {
      if options.width != 0 || options.height != 0 {
        guard Picture.sides.contains(Int(options.width)), Picture.sides.contains(Int(options.height)) else {
          throw RoadError(
            .option, "a source of \(options.width)x\(options.height) pixels", remedy: "sides of 1 to 16384 pixels")
        }
        request.size = PictureSize(width: Int(options.width), height: Int(options.height))
      }
      if options.rate != 0 {
        guard options.rate > 0, options.rate <= 1000 else {
          throw RoadError(.option, "a rate of \(options.rate)", remedy: "above 0, up to 1000 frames a second")
        }
        request.rate = options.rate
      }
    }
    source = try request.open().source
    try source.start()
    frame = Frame(capacity: source.properties.maximumFrameBytes)
    self.name = CText(source.properties.name)
  }

  deinit { source.stop() }

  func describe(_ out: UnsafeMutablePointer<roadseg_source_properties>) {
    let properties = source.properties
    out.pointee.name = UnsafePointer(name.bytes)
    out.pointee.width = Int32(properties.size.width)
    out.pointee.height = Int32(properties.size.height)
    out.pointee.format = properties.format.cFormat
    out.pointee.rate = properties.nominalRate ?? 0
    out.pointee.is_live = properties.isLive ? 1 : 0
    out.pointee.is_synthetic = properties.isSynthetic ? 1 : 0
  }

  func read(
    timeout milliseconds: UInt32, _ out: UnsafeMutablePointer<roadseg_frame>
  ) throws(RoadError) -> roadseg_status {
    switch source.read(into: frame, timeout: UInt64(milliseconds) * 1_000_000) {
    case .timedOut: return failure(ROADSEG_TIMEOUT, "no frame within \(milliseconds) ms")
    case .disconnected: return failure(ROADSEG_DISCONNECTED, "the device is gone; each read looks for it")
    case .corrupt(let damage): return failure(ROADSEG_BAD_FRAME, "the frame: \(damage.words)")
    case .ended:
      if let failure = source.failure { throw failure }
      return failure(ROADSEG_ENDED, "no further frame will come")
    case .frame:
      out.pointee.format = frame.format.cFormat
      out.pointee.yuv = frame.yuvEncoding.cEncoding
      out.pointee.width = Int32(frame.size.width)
      out.pointee.height = Int32(frame.size.height)
      out.pointee.bytes = UnsafeRawPointer(frame.bytes.baseAddress)
      out.pointee.byte_count = frame.byteCount
      out.pointee.row_pitch = frame.rowPitch
      out.pointee.sequence = frame.sequence
      out.pointee.timestamp = frame.timestamp
      return ROADSEG_OK
    }
  }
}
