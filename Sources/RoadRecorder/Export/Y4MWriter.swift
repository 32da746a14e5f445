import RoadBase
import RoadFrame

/// Pictures as YUV4MPEG2, which ffmpeg and most encoders read: the planes as the JPEG or the camera has them.
final class Y4MWriter {
  private let output: OutputStream
  private let decoder: JPEGPlanes
  private let encoder: JPEGEncoder
  private let picture: Picture
  private let frame: Frame
  private let painter: FrameDecoder
  private let size: PictureSize
  private let rate: Double
  private var tag: String?

  /// - Parameters:
  ///   - size: of all frames.
  ///   - rate: frames a second.
  init(path: String, size: PictureSize, rate: Double) throws(RoadError) {
    output = try OutputStream(path)
    decoder = try JPEGPlanes()
    encoder = try JPEGEncoder(largest: size, quality: 100)
    picture = Picture(size: size)
    frame = Frame(capacity: RecordingExport.frameBytes(size))
    painter = try FrameDecoder()
    self.size = size
    self.rate = rate
  }

  /// - Returns: false for a frame of another size or sampling than the first, or a damaged one.
  func add(_ frame: RecordedPicture) throws(RoadError) -> Bool {
    guard let (tag, bytes) = planes(of: frame) else { return false }
    if self.tag == nil {
      self.tag = tag
      let milliframes = Int(min(max(rate, 0.001), 1000) * 1000)
      let head = "YUV4MPEG2 W\(size.width) H\(size.height) F\(milliframes):1000 Ip A1:1 \(tag)\n"
      try output.write(Array(head.utf8))
    }
    guard self.tag == tag else { return false }
    try output.write(Array("FRAME\n".utf8))
    try output.write(bytes)
    return true
  }

  private func planes(of frame: RecordedPicture) -> (tag: String, bytes: [UInt8])? {
    if frame.format == .mjpeg { return planes(ofJPEG: frame.bytes) }
    if frame.format == .png || frame.format == .rgbx { return painted(frame) }
    let pitch = frame.rowPitch
    guard frame.size == size, let needed = frame.format.frameBytes(size: size, rowPitch: pitch),
      frame.bytes.count >= needed, pitch >= frame.format.packedRowPitch(width: size.width)
    else { return nil }
    let (width, height) = (size.width, size.height)
    switch frame.format {
    case .yuyv: return ("C422", packed(frame, luma: 0, u: 1, v: 3))
    case .uyvy: return ("C422", packed(frame, luma: 1, u: 0, v: 2))
    case .nv12: return ("C420jpeg", semiPlanar(frame))
    case .i420: return ("C420jpeg", planar(frame, (pitch + 1) / 2, width: (width + 1) / 2, rows: (height + 1) / 2))
    case .i422: return ("C422", planar(frame, (pitch + 1) / 2, width: (width + 1) / 2, rows: height))
    case .i444: return ("C444", planar(frame, pitch, width: width, rows: height))
    case .i411: return ("C411", planar(frame, (pitch + 3) / 4, width: (width + 3) / 4, rows: height))
    case .grey: return ("Cmono", rows(frame, at: 0, pitch: pitch, width: width, count: height))
    case .mjpeg, .png, .rgbx: return nil
    }
  }

  /// What is red, green and blue goes through a JPEG of the best quality.
  private func painted(_ frame: RecordedPicture) -> (tag: String, bytes: [UInt8])? {
    guard self.frame.fill(frame), painter.decode(self.frame, into: picture) == .decoded else { return nil }
    return encoder.encode(picture).flatMap { planes(ofJPEG: $0) }
  }

  private func planes(ofJPEG bytes: UnsafeRawBufferPointer) -> (tag: String, bytes: [UInt8])? {
    let found = decoder.decode(bytes) { result -> (tag: String, bytes: [UInt8])? in
      guard result.size == size else { return nil }
      let tag =
        switch result.sampling {
        case .grey: "Cmono"
        case .full: "C444"
        case .halfWidth: "C422"
        case .halfBoth: "C420jpeg"
        }
      return (tag + " XCOLORRANGE=FULL", Array(result.planes))
    }
    return found ?? nil
  }

  private func rows(_ frame: RecordedPicture, at start: Int, pitch: Int, width: Int, count: Int) -> [UInt8] {
    (0..<count).flatMap { (row: Int) -> [UInt8] in
      let first = start + row * pitch
      return Array(frame.bytes[first..<first + width])
    }
  }

  private func packed(_ frame: RecordedPicture, luma: Int, u: Int, v: Int) -> [UInt8] {
    var planes: [UInt8] = []
    let chromaWidth = (size.width + 1) / 2
    for y in 0..<size.height {
      for x in 0..<size.width { planes.append(frame.bytes[y * frame.rowPitch + 2 * x + luma]) }
    }
    for offset in [u, v] {
      for y in 0..<size.height {
        for x in 0..<chromaWidth { planes.append(frame.bytes[y * frame.rowPitch + 4 * x + offset]) }
      }
    }
    return planes
  }

  private func semiPlanar(_ frame: RecordedPicture) -> [UInt8] {
    var planes = rows(frame, at: 0, pitch: frame.rowPitch, width: size.width, count: size.height)
    let start = frame.rowPitch * size.height
    let pitch = frame.rowPitch + frame.rowPitch % 2
    for offset in 0..<2 {
      for y in 0..<(size.height + 1) / 2 {
        for x in 0..<(size.width + 1) / 2 { planes.append(frame.bytes[start + y * pitch + 2 * x + offset]) }
      }
    }
    return planes
  }

  /// - Parameter pitch: from one row of a chroma plane to the next.
  private func planar(_ frame: RecordedPicture, _ pitch: Int, width: Int, rows count: Int) -> [UInt8] {
    var planes = rows(frame, at: 0, pitch: frame.rowPitch, width: size.width, count: size.height)
    let start = frame.rowPitch * size.height
    for plane in 0..<2 {
      planes += rows(frame, at: start + plane * pitch * count, pitch: pitch, width: width, count: count)
    }
    return planes
  }
}
