import RoadBase
import RoadFrame
import RoadMask

/// A class map in a recording; its bytes are valid as long as the message's.
public enum RecordedMask {
  /// A paletted PNG whose indices are the classes.
  case png(UnsafeRawBufferPointer)
  /// A byte a pixel that is the class.
  case raw(PictureSize, rowPitch: Int, UnsafeRawBufferPointer)

  /// Nil for a picture that is no mask, or lacks pixels.
  init?(_ image: RecordedImage) {
    switch image.format {
    case "png": self = .png(image.bytes)
    case "mono8":
      guard let size = image.size, image.rowPitch >= size.width,
        image.bytes.count >= image.rowPitch * (size.height - 1) + size.width
      else { return nil }
      self = .raw(size, rowPitch: image.rowPitch, image.bytes)
    default: return nil
    }
  }

  var byteCount: Int {
    switch self {
    case .png(let bytes), .raw(_, _, let bytes): bytes.count
    }
  }

  /// Classes row by row; nil for a damaged PNG.
  public func values() -> (size: PictureSize, values: [UInt8])? {
    switch self {
    case .png(let bytes):
      guard let labels = try? PNG.labels(Array(bytes), name: "mask") else { return nil }
      return (labels.size, labels.values)
    case .raw(let size, let rowPitch, let bytes):
      var values: [UInt8] = []
      values.reserveCapacity(size.pixels)
      for row in 0..<size.height { values.append(contentsOf: bytes[row * rowPitch..<row * rowPitch + size.width]) }
      return (size, values)
    }
  }

  /// A PNG file: as it was recorded, or made with the colours of `classes`; classes without a colour are grey.
  public func png(_ classes: ClassTable?) throws(RoadError) -> [UInt8] {
    if case .png(let bytes) = self { return Array(bytes) }
    guard let (size, values) = values() else { return [] }
    let named = classes?.classes.map(\.colour) ?? []
    let palette = (0...Int(values.max() ?? 0)).map { index in
      index < named.count
        ? PNG.RGB(red: named[index].red, green: named[index].green, blue: named[index].blue)
        : PNG.RGB(red: UInt8(index), green: UInt8(index), blue: UInt8(index))
    }
    return try PNG.paletted(values, size: size, palette: palette)
  }
}
