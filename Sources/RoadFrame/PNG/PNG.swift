import CPNG
import RoadBase

/// One byte a pixel, row-major, without padding: a label picture, a class map, a mask.
public struct BytePicture: Hashable, Sendable {
  public var size: PictureSize
  /// `size.pixels` values.
  public var values: [UInt8]

  public init(size: PictureSize, values: [UInt8]) {
    precondition(values.count == size.pixels, "\(values.count) values for \(size) pixels")
    self.size = size
    self.values = values
  }
}

/// PNG files through libpng.
public enum PNG {
  /// A photograph of any PNG kind as RGBX, upright, as other readers see it: of 16 bits the upper 8, gamma, colour
  /// profile and transparency left out of account.
  public static func picture(
    _ bytes: [UInt8], name: String, maximumPixels: Int = Picture.defaultPixelLimit
  ) throws(RoadError) -> Picture {
    guard PNGHeader.isPNG(bytes) else { throw PictureFile.error(.undecodable, name, isPNG: true, nil) }
    return try PictureFile.decode(bytes, name: name, maximumPixels: maximumPixels)
  }

  /// An 8-bit grey PNG whose values are the bytes given: the class map as it is.
  ///
  /// - Parameter rowPitch: bytes from one row to the next; nil for `size.width`.
  public static func grey(
    _ values: UnsafePointer<UInt8>, size: PictureSize, rowPitch: Int? = nil
  ) throws(RoadError) -> [UInt8] {
    try PNGWriter.encode(values, size: size, rowPitch: rowPitch, palette: [])
  }

  /// An 8-bit paletted PNG: the indices as given, each shown in its palette colour.
  ///
  /// - Parameters:
  ///   - palette: 1 to 256 colours; every index must be below their number.
  ///   - isFast: rather quick than small, for one a frame.
  public static func paletted(
    _ values: UnsafePointer<UInt8>, size: PictureSize, rowPitch: Int? = nil, palette: [RGB], isFast: Bool = false
  ) throws(RoadError) -> [UInt8] {
    precondition((1...256).contains(palette.count), "a palette of \(palette.count) colours")
    return try PNGWriter.encode(values, size: size, rowPitch: rowPitch, palette: palette, isFast: isFast)
  }

  /// A palette colour.
  public struct RGB: Hashable, Sendable {
    public var red: UInt8
    public var green: UInt8
    public var blue: UInt8

    public init(red: UInt8, green: UInt8, blue: UInt8) {
      self.red = red
      self.green = green
      self.blue = blue
    }
  }
}

private enum PNGWriter {
  static func encode(
    _ values: UnsafePointer<UInt8>, size: PictureSize, rowPitch: Int?, palette: [PNG.RGB], isFast: Bool = false
  ) throws(RoadError) -> [UInt8] {
    var image = png_image()
    image.version = UInt32(PNG_IMAGE_VERSION)
    image.width = UInt32(size.width)
    image.height = UInt32(size.height)
    image.format = palette.isEmpty ? UInt32(PNG_FORMAT_GRAY) : UInt32(PNG_FORMAT_RGB) | PNG_FORMAT_FLAG_COLORMAP
    image.colormap_entries = UInt32(palette.count)
    if isFast { image.flags |= UInt32(PNG_IMAGE_FLAG_FAST) }
    defer { png_image_free(&image) }
    let colours = palette.flatMap { [$0.red, $0.green, $0.blue] }
    // What deflate makes of bytes that do not compress (stored blocks), the filter bytes, headers and palette.
    let raw = (size.width + 1) * size.height
    var count = raw + raw / 1000 + 4096
    guard Memory.isAvailable(count) else {
      throw RoadError(.output, "no memory for a PNG of \(size) pixels", remedy: "free some memory")
    }
    var written: Int32 = 0
    // Not initialised: memory that is not touched is not taken.
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      written = png_image_write_to_memory(
        &image, buffer.baseAddress, &count, 0, values, png_int_32(rowPitch ?? size.width),
        palette.isEmpty ? nil : colours)
      filled = written != 0 ? count : 0
    }
    guard written != 0 else {
      throw RoadError(.output, "the PNG encoder failed (\(message(image)))", remedy: "free some memory")
    }
    return bytes
  }
}

private func message(_ image: png_image) -> String {
  withUnsafeBytes(of: image.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}
