import RoadBase

/// How the bytes of a picture stand for pixels, as cameras and streams send them.
public enum PixelFormat: String, Sendable, Codable, CaseIterable {
  /// 4:2:2 packed, Y0 U Y1 V; BT.601, limited range unless the device says otherwise.
  case yuyv
  /// 4:2:2 packed, U Y0 V Y1.
  case uyvy
  /// 4:2:0, a plane of Y, then one of interleaved U V.
  case nv12
  /// 4:2:0, planes Y, U, V: V4L2's YU12 and Y4M's C420.
  case i420
  /// 4:2:2, planes Y, U, V: V4L2's 422P and Y4M's C422.
  case i422
  /// 4:4:4, planes Y, U, V: Y4M's C444.
  case i444
  /// 4:1:1, planes Y, U, V: Y4M's C411; one chroma sample for four pixels of a row.
  case i411
  /// One plane of Y: monochrome cameras and Y4M's Cmono.
  case grey
  /// One baseline or progressive JPEG a frame.
  case mjpeg
  /// One PNG a frame: pictures in files.
  case png
  /// Four bytes a pixel: red, green, blue, 255. The form that pictures have inside roadseg.
  case rgbx
}

extension PixelFormat {
  /// Whether a camera may be asked for it; the others come from files and streams.
  public var isOfCameras: Bool {
    switch self {
    case .yuyv, .uyvy, .nv12, .i420, .i422, .grey, .mjpeg: true
    case .i444, .i411, .png, .rgbx: false
    }
  }

  /// Whether its frames hold luma and half as much chroma across, or luma alone: what planes can hold as they are.
  public var hasHalfChroma: Bool {
    switch self {
    case .yuyv, .uyvy, .nv12, .i420, .i422, .grey, .mjpeg: true
    case .i444, .i411, .png, .rgbx: false
    }
  }

  /// Bytes of one row of the first plane when rows follow each other without padding; 0 for MJPEG and PNG.
  public func packedRowPitch(width: Int) -> Int {
    switch self {
    case .yuyv, .uyvy: 4 * ((width + 1) / 2)
    case .nv12, .i420, .i422, .i444, .i411, .grey: width
    case .rgbx: 4 * width
    case .mjpeg, .png: 0
    }
  }

  /// Bytes that a whole frame needs, all planes, with `rowPitch` bytes from one row of the first plane to the next; nil
  /// for MJPEG and PNG, whose frames tell their own length.
  ///
  /// The chroma planes of ``i420`` and ``i422`` have rows of `(rowPitch + 1) / 2` bytes (``i411``: `(rowPitch + 3) /
  /// 4`), as V4L2 and Y4M lay them out; that of ``nv12`` has rows of `rowPitch` rounded up to an even number.
  public func frameBytes(size: PictureSize, rowPitch: Int) -> Int? {
    let chromaRows = (size.height + 1) / 2
    switch self {
    case .yuyv, .uyvy, .grey, .rgbx: return rowPitch * size.height
    case .nv12: return rowPitch * size.height + chromaRows * (rowPitch + rowPitch % 2)
    case .i420: return rowPitch * size.height + 2 * chromaRows * ((rowPitch + 1) / 2)
    case .i422: return rowPitch * size.height + 2 * size.height * ((rowPitch + 1) / 2)
    case .i444: return 3 * rowPitch * size.height
    case .i411: return rowPitch * size.height + 2 * size.height * ((rowPitch + 3) / 4)
    case .mjpeg, .png: return nil
    }
  }
}
