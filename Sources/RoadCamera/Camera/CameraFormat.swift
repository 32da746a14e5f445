import CVideoDevice
import RoadBase
import RoadFrame

/// One pixel format that a camera offers, with its sizes.
public struct CameraFormat: Hashable, Sendable, Codable {
  /// V4L2's four characters, "MJPG".
  public var fourCC: String
  /// The driver's own words, "Motion-JPEG".
  public var name: String
  /// Roadseg's format; nil if it cannot decode this one.
  public var format: PixelFormat?
  /// Made by libv4l2 from another format, at the cost of processor time.
  public var isEmulated: Bool
  public var sizes: [CameraSize]

  package init(fourCC: String, name: String, format: PixelFormat?, isEmulated: Bool, sizes: [CameraSize]) {
    self.fourCC = fourCC
    self.name = name
    self.format = format
    self.isEmulated = isEmulated
    self.sizes = sizes
  }
}

/// One frame size of a format, with its rates.
public struct CameraSize: Hashable, Sendable, Codable {
  public var size: PictureSize
  /// The largest size if the driver takes any between `size` and this one.
  public var largest: PictureSize?
  /// Frames a second, fastest first; empty if the driver does not say.
  public var rates: [Double]
  /// The driver takes any rate between the first and the last of `rates`.
  public var takesAnyRate: Bool

  package init(size: PictureSize, largest: PictureSize? = nil, rates: [Double], takesAnyRate: Bool = false) {
    self.size = size
    self.largest = largest
    self.rates = rates
    self.takesAnyRate = takesAnyRate
  }

  /// The size in this offer that is nearest to `wished`.
  func nearest(to wished: PictureSize) -> PictureSize {
    guard let largest else { return size }
    return PictureSize(
      width: min(max(wished.width, size.width), largest.width),
      height: min(max(wished.height, size.height), largest.height))
  }

  /// The rate nearest to `wished` from above, else the fastest; nil if the driver does not say.
  func rate(for wished: Double) -> Double? {
    if takesAnyRate, let fastest = rates.first, let slowest = rates.last { return min(max(wished, slowest), fastest) }
    return rates.last { $0 >= wished * 0.99 } ?? rates.first
  }
}

extension VideoDevice {
  private static let capture = UInt32(V4L2_BUF_TYPE_VIDEO_CAPTURE.rawValue)
  /// More entries than any driver has; ends the loop over one that never says "no more".
  private static let entryLimit: UInt32 = 256

  /// Everything the camera offers, in the driver's order.
  func formats() -> [CameraFormat] {
    var formats: [CameraFormat] = []
    for index in 0..<Self.entryLimit {
      var entry = v4l2_fmtdesc()
      entry.index = index
      entry.type = Self.capture
      guard call(VideoEnumerateFormats, &entry) == .done else { break }
      let code = FourCC(code: entry.pixelformat)
      formats.append(
        CameraFormat(
          fourCC: code.description, name: text(entry.description), format: code.pixelFormat,
          isEmulated: entry.flags & UInt32(V4L2_FMT_FLAG_EMULATED) != 0, sizes: sizes(of: code)))
    }
    return formats
  }

  private func sizes(of code: FourCC) -> [CameraSize] {
    var sizes: [CameraSize] = []
    for index in 0..<Self.entryLimit {
      var entry = v4l2_frmsizeenum()
      entry.index = index
      entry.pixel_format = code.code
      guard call(VideoEnumerateSizes, &entry) == .done else { break }
      if entry.type == UInt32(V4L2_FRMSIZE_TYPE_DISCRETE.rawValue) {
        let size = PictureSize(width: Int(entry.discrete.width), height: Int(entry.discrete.height))
        sizes.append(withRates(CameraSize(size: size, rates: []), of: code))
      } else {
        let range = entry.stepwise
        let size = PictureSize(width: Int(range.min_width), height: Int(range.min_height))
        let largest = PictureSize(width: Int(range.max_width), height: Int(range.max_height))
        sizes.append(withRates(CameraSize(size: size, largest: largest, rates: []), of: code))
        break
      }
    }
    return sizes
  }

  private func withRates(_ offer: CameraSize, of code: FourCC) -> CameraSize {
    var offer = offer
    var rates: Set<Double> = []
    for index in 0..<Self.entryLimit {
      var entry = v4l2_frmivalenum()
      entry.index = index
      entry.pixel_format = code.code
      entry.width = UInt32(offer.size.width)
      entry.height = UInt32(offer.size.height)
      guard call(VideoEnumerateIntervals, &entry) == .done else { break }
      if entry.type == UInt32(V4L2_FRMIVAL_TYPE_DISCRETE.rawValue) {
        if let rate = entry.discrete.rate { rates.insert(rate) }
      } else {
        rates.formUnion([entry.stepwise.min.rate, entry.stepwise.max.rate].compactMap { $0 })
        offer.takesAnyRate = true
        break
      }
    }
    offer.rates = rates.sorted(by: >)
    return offer
  }
}

extension v4l2_fract {
  /// An interval in seconds as a rate; nil for one that is no interval.
  var rate: Double? { numerator > 0 && denominator > 0 ? Double(denominator) / Double(numerator) : nil }
}
