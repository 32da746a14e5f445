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

/// PNG files through libpng's simplified interface (its full one reports errors by `longjmp`, which Swift cannot cross).
public enum PNG {
  /// A label picture: the palette index of each pixel of a paletted PNG, the value of each pixel of a grey one, unchanged;
  /// two palette entries of one colour stay two classes.
  ///
  /// - Parameter name: the file, for messages.
  /// - Throws: `.label` for a damaged file, more than 8 bits a pixel, or colours where numbers are needed.
  public static func labels(_ bytes: [UInt8], name: String) throws(RoadError) -> BytePicture {
    guard PNGChunks.isPNG(bytes) else {
      throw RoadError(.label, "\(name): is not a PNG file", remedy: "labels are 8-bit paletted or grey PNG files")
    }
    guard let chunks = PNGChunks(bytes) else {
      throw RoadError(.label, "\(name): is a damaged PNG file", remedy: "copy it again from its source")
    }
    guard chunks.colours == .palette || chunks.colours == .grey && chunks.bitDepth == 8 else {
      throw RoadError(
        .label, "\(name): holds \(chunks.bitDepth)-bit \(chunks.colours) pixels, not class numbers",
        remedy: "save labels as 8-bit paletted or grey PNG: the index or value is the class")
    }
    return try PNGReader.values(of: chunks, name: name)
  }

  public static func labels(path: String) throws(RoadError) -> BytePicture {
    try labels(try FileInput.read(path, as: .label), name: path)
  }

  /// A photograph of any PNG kind as RGBX; transparency is laid over black.
  public static func picture(_ bytes: [UInt8], name: String) throws(RoadError) -> Picture {
    try PNGReader.picture(bytes, name: name)
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
  /// - Parameter palette: 1 to 256 colours; every index must be below their number.
  public static func paletted(
    _ values: UnsafePointer<UInt8>, size: PictureSize, rowPitch: Int? = nil, palette: [RGB]
  ) throws(RoadError) -> [UInt8] {
    precondition((1...256).contains(palette.count), "a palette of \(palette.count) colours")
    return try PNGWriter.encode(values, size: size, rowPitch: rowPitch, palette: palette)
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

private enum PNGReader {
  static func values(of chunks: PNGChunks, name: String) throws(RoadError) -> BytePicture {
    var image = png_image()
    image.version = UInt32(PNG_IMAGE_VERSION)
    defer { png_image_free(&image) }
    guard png_image_begin_read_from_memory(&image, chunks.critical, chunks.critical.count) != 0 else {
      throw damaged(name, .label, image)
    }
    // With the alpha channel asked for, libpng takes the file's palette and indices over as they are.
    let palette = chunks.colours == .palette
    let rgba = UInt32(PNG_FORMAT_RGB) | UInt32(PNG_FORMAT_FLAG_ALPHA)
    image.format = palette ? rgba | PNG_FORMAT_FLAG_COLORMAP : UInt32(PNG_FORMAT_GRAY)
    var colours = [UInt8](repeating: 0, count: 4 * 256)
    var values = [UInt8](repeating: 0, count: chunks.size.pixels)
    let read = png_image_finish_read(&image, nil, &values, 0, &colours)
    guard read != 0, image.warning_or_error == 0 else { throw damaged(name, .label, image) }
    return BytePicture(size: chunks.size, values: values)
  }

  static func picture(_ bytes: [UInt8], name: String) throws(RoadError) -> Picture {
    var image = png_image()
    image.version = UInt32(PNG_IMAGE_VERSION)
    defer { png_image_free(&image) }
    guard png_image_begin_read_from_memory(&image, bytes, bytes.count) != 0 else {
      throw damaged(name, .picture, image)
    }
    let size = PictureSize(width: Int(image.width), height: Int(image.height))
    guard Picture.sides.contains(size.width), Picture.sides.contains(size.height) else {
      throw RoadError(.picture, "\(name): \(size) pixels are too many", remedy: "sides may be \(Picture.sides)")
    }
    // RGB with a background, so that transparent pixels become black; then a fourth byte is put behind each three.
    image.format = UInt32(PNG_FORMAT_RGB)
    var background = png_color()
    var pixels = [UInt8](repeating: 0, count: 3 * size.pixels)
    guard png_image_finish_read(&image, &background, &pixels, 0, nil) != 0 else { throw damaged(name, .picture, image) }
    let picture = Picture(size: size)
    for y in 0..<size.height {
      let row = picture.row(y)
      for x in 0..<size.width {
        for channel in 0..<3 { row[4 * x + channel] = pixels[3 * (y * size.width + x) + channel] }
      }
    }
    return picture
  }

  private static func damaged(_ name: String, _ subject: RoadError.Subject, _ image: png_image) -> RoadError {
    RoadError(subject, "\(name): is a damaged PNG file (\(message(image)))", remedy: "copy it again from its source")
  }
}

private enum PNGWriter {
  static func encode(
    _ values: UnsafePointer<UInt8>, size: PictureSize, rowPitch: Int?, palette: [PNG.RGB]
  ) throws(RoadError) -> [UInt8] {
    var image = png_image()
    image.version = UInt32(PNG_IMAGE_VERSION)
    image.width = UInt32(size.width)
    image.height = UInt32(size.height)
    image.format = palette.isEmpty ? UInt32(PNG_FORMAT_GRAY) : UInt32(PNG_FORMAT_RGB) | PNG_FORMAT_FLAG_COLORMAP
    image.colormap_entries = UInt32(palette.count)
    defer { png_image_free(&image) }
    let colours = palette.flatMap { [$0.red, $0.green, $0.blue] }
    // What deflate makes of bytes that do not compress (stored blocks), the filter bytes, headers and palette.
    let raw = (size.width + 1) * size.height
    var count = raw + raw / 1000 + 4096
    var bytes = [UInt8](repeating: 0, count: count)
    let written = png_image_write_to_memory(
      &image, &bytes, &count, 0, values, png_int_32(rowPitch ?? size.width), palette.isEmpty ? nil : colours)
    guard written != 0 else {
      throw RoadError(.output, "the PNG encoder failed (\(message(image)))", remedy: "free some memory")
    }
    bytes.removeLast(bytes.count - count)
    return bytes
  }
}

private func message(_ image: png_image) -> String {
  withUnsafeBytes(of: image.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}
