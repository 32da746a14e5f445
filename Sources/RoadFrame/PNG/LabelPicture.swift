import RoadBase

/// The pixels of a label PNG: class numbers, or colours that a table must turn into numbers.
public enum LabelPicture: Hashable, Sendable {
  case numbers(BytePicture)
  /// Red, green, blue of each pixel, row-major, without padding.
  case colours(PictureSize, [UInt8])

  public var size: PictureSize {
    switch self {
    case .numbers(let picture): picture.size
    case .colours(let size, _): size
    }
  }
}

extension PNG {
  /// A label picture. Numbers are: the palette index of a paletted PNG (two entries of one colour stay two classes),
  /// the value of a grey one of 1 to 16 bits, alpha left out, and the value of one whose red, green and blue are all
  /// equal. Anything else is colours. Values stand as in the file: no gamma, no stretching of few bits to 8.
  ///
  /// - Parameter name: the file, for messages.
  /// - Throws: `.label` for a damaged file, or a 16-bit value above 255.
  public static func label(
    _ bytes: [UInt8], name: String, maximumPixels: Int = Picture.defaultPixelLimit
  ) throws(RoadError) -> LabelPicture {
    guard isPNG(bytes) else {
      throw RoadError(
        .label, "\(name): is not a PNG file", remedy: "labels are PNG files, paletted, grey or in colours")
    }
    let read = bytes.withUnsafeBytes { samples($0, maximumPixels) }
    switch read {
    case .failure(let flaw):
      guard flaw.reason == .tooLarge else {
        throw RoadError(.label, "\(name): is a damaged PNG file", remedy: "copy it again from its source")
      }
      throw RoadError(
        .label, "\(name): has more pixels than allowed", remedy: "scale it down, or allow them with --max-pixels")
    case .success(let decoded):
      let (header, values) = decoded
      let bytes = try SampleRows(header, values).eightBits(name: name)
      return picture(header.size, bytes, channels: header.colours.channels)
    }
  }

  public static func label(
    path: String, maximumPixels: Int = Picture.defaultPixelLimit
  ) throws(RoadError) -> LabelPicture {
    try label(try FileInput.read(path, as: .label), name: path, maximumPixels: maximumPixels)
  }

  /// A label picture that must hold numbers.
  public static func labels(_ bytes: [UInt8], name: String) throws(RoadError) -> BytePicture {
    guard case .numbers(let picture) = try label(bytes, name: name) else {
      throw RoadError(
        .label, "\(name): holds colours, not class numbers",
        remedy: "save labels as 8-bit paletted or grey PNG: the index or value is the class")
    }
    return picture
  }

  public static func labels(path: String) throws(RoadError) -> BytePicture {
    try labels(try FileInput.read(path, as: .label), name: path)
  }

  private static func isPNG(_ bytes: [UInt8]) -> Bool { PNGHeader.isPNG(bytes) }

  private static func samples(
    _ bytes: UnsafeRawBufferPointer, _ maximumPixels: Int
  ) -> Result<(PNGHeader, [UInt8]), FrameFlaw> {
    guard let header = PNGHeader(bytes) else { return .failure(FrameFlaw(.undecodable)) }
    if let reason = header.refusal(maximumPixels: maximumPixels) { return .failure(FrameFlaw(reason)) }
    let width = header.bitDepth == 16 ? 2 : 1
    guard let reader = PNGReader(bytes),
      let values = reader.labels(header.size, channels: header.colours.channels, bytesPerSample: width)
    else { return .failure(FrameFlaw(.undecodable)) }
    return .success((header, values))
  }

  /// - Parameter samples: 8 bits each, `channels` a pixel.
  private static func picture(_ size: PictureSize, _ samples: [UInt8], channels: Int) -> LabelPicture {
    if channels == 1 { return .numbers(BytePicture(size: size, values: samples)) }
    let first = (0..<size.pixels).map { samples[$0 * channels] }
    let isGrey = { (pixel: Int) -> Bool in
      let (grey, start) = (first[pixel], pixel * channels)
      return samples[start + 1] == grey && samples[start + 2] == grey
    }
    if channels == 2 || (0..<size.pixels).allSatisfy(isGrey) { return .numbers(BytePicture(size: size, values: first)) }
    if channels == 3 { return .colours(size, samples) }
    return .colours(size, (0..<3 * size.pixels).map { samples[$0 / 3 * 4 + $0 % 3] })
  }
}

/// Samples as libpng gives them, one or two bytes each.
private struct SampleRows {
  let header: PNGHeader
  let values: [UInt8]

  init(_ header: PNGHeader, _ values: [UInt8]) {
    self.header = header
    self.values = values
  }

  /// Numbers of 16 bits are class numbers as they stand; colours of 16 bits are their upper bytes.
  func eightBits(name: String) throws(RoadError) -> [UInt8] {
    guard header.bitDepth == 16 else { return values }
    let channels = header.colours.channels
    let isColour = channels >= 3
    let high = (0..<values.count / 2).map { values[2 * $0] }
    let low = (0..<values.count / 2).map { values[2 * $0 + 1] }
    let isSmall = (0..<high.count).allSatisfy { high[$0] == 0 || $0 % channels == channels - 1 && channels % 2 == 0 }
    if isSmall { return low }
    if isColour { return high }
    let at = high.indices.first { high[$0] != 0 && $0 % channels == 0 } ?? 0
    throw RoadError(
      .label, "\(name): holds the value \(Int(high[at]) << 8 | Int(low[at])); class numbers go to 255",
      remedy: "save the class numbers alone, without instances")
  }
}
