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
  /// One baseline or progressive JPEG a frame.
  case mjpeg
  /// Four bytes a pixel: red, green, blue, 255. The form that pictures have inside roadseg.
  case rgbx
}
