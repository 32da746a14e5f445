import RoadBase
import RoadFrame

/// What the user asks of a camera; nil leaves the choice to roadseg.
public struct CameraRequest: Hashable, Sendable {
  /// "/dev/video0", "0", or a link below /dev/v4l; nil for the first camera found.
  public var device: String?
  public var size: PictureSize?
  /// Frames a second.
  public var rate: Double?
  public var format: PixelFormat?

  public init(
    device: String? = nil, size: PictureSize? = nil, rate: Double? = nil, format: PixelFormat? = nil
  ) {
    self.device = device
    self.size = size
    self.rate = rate
    self.format = format
  }
}

/// The mode that a camera is asked for, and why that one.
package struct ModeChoice: Equatable {
  package var fourCC: String
  package var format: PixelFormat
  package var size: PictureSize
  /// Nil if the driver does not list rates.
  package var rate: Double?
  /// For people: "YUYV 640x480 at 30 fps: needs no JPEG decoding and reaches the rate".
  package var reason: String

  /// What is wished where the user says nothing: what the shipped network is fed with, at a usual camera's rate.
  static let defaultSize = PictureSize(width: 640, height: 480)
  static let defaultRate = 30.0

  /// Cheapest to bring to RGB first; what libv4l2 has to make comes after all others.
  private static let preference: [PixelFormat] = [.yuyv, .uyvy, .nv12, .i420, .i422, .mjpeg, .grey]

  private struct Candidate {
    var offer: CameraFormat
    var format: PixelFormat
    var size: PictureSize
    var rate: Double?
    var distance: Int
    var reachesRate: Bool
    var cost: Int
  }

  /// Size first (the nearest to the one wished), then a format that reaches the rate, then the one cheapest to decode.
  ///
  /// - Parameter name: the camera, for messages.
  /// - Throws: `.device` if the camera offers no format that roadseg knows, or not what the user forces.
  package static func choose(
    from formats: [CameraFormat], for request: CameraRequest, name: String
  ) throws(RoadError) -> ModeChoice {
    let known = formats.filter { $0.format != nil }
    guard !known.isEmpty else {
      throw RoadError(
        .device, "\(name): offers no format that roadseg can decode, only \(list(formats.map(\.fourCC)))",
        remedy: "use a camera with one of \(list(FourCC.known.map(\.0.description)))")
    }
    let forced = known.filter { request.format == nil || $0.format == request.format }
    guard !forced.isEmpty else {
      throw RoadError(
        .device, "\(name): does not offer \(request.format?.rawValue ?? "")",
        remedy: "ask for one of \(list(known.compactMap { $0.format?.rawValue }))")
    }
    let candidates = forced.flatMap { self.candidates(of: $0, for: request) }
    guard let best = candidates.min(by: isBetter) else {
      throw RoadError(.device, "\(name): lists no frame sizes", remedy: "update its driver")
    }
    if let size = request.size, best.size != size {
      let sizes = Set(forced.flatMap { $0.sizes.flatMap { [$0.size, $0.largest].compactMap { $0 } } })
      throw RoadError(
        .device, "\(name): has no frames of \(size)",
        remedy: "ask for one of \(list(sizes.sorted { $0.pixels < $1.pixels }.map(\.description)))")
    }
    return ModeChoice(
      fourCC: best.offer.fourCC, format: best.format, size: best.size, rate: best.rate,
      reason: reason(for: best, among: candidates, request))
  }

  private static func candidates(of offer: CameraFormat, for request: CameraRequest) -> [Candidate] {
    guard let format = offer.format else { return [] }
    let wishedSize = request.size ?? defaultSize
    let wishedRate = request.rate ?? defaultRate
    let order = preference.firstIndex(of: format) ?? preference.count
    return offer.sizes.map { offered in
      let size = offered.nearest(to: wishedSize)
      let rate = offered.rate(for: wishedRate)
      return Candidate(
        offer: offer, format: format, size: size, rate: rate,
        distance: abs(size.width - wishedSize.width) + abs(size.height - wishedSize.height),
        reachesRate: (rate ?? wishedRate) >= wishedRate * 0.95,
        cost: order + (offer.isEmulated ? preference.count : 0))
    }
  }

  private static func isBetter(_ a: Candidate, _ b: Candidate) -> Bool {
    if a.distance != b.distance { return a.distance < b.distance }
    if a.reachesRate != b.reachesRate { return a.reachesRate }
    if !a.reachesRate, a.rate != b.rate { return (a.rate ?? 0) > (b.rate ?? 0) }
    return a.cost < b.cost
  }

  private static func reason(for best: Candidate, among candidates: [Candidate], _ request: CameraRequest) -> String {
    let wished = request.rate ?? defaultRate
    var text = "\(best.offer.fourCC) \(best.size)"
    if let rate = best.rate { text += " at \(number(rate)) fps" }
    text += ": "
    let slower = candidates.filter { $0.size == best.size && $0.cost < best.cost && !$0.reachesRate }
    if request.format != nil {
      text += "as asked"
    } else if best.reachesRate, let raw = slower.min(by: { $0.cost < $1.cost }), let rate = raw.rate {
      text += "\(raw.offer.fourCC) reaches only \(number(rate)) fps at this size"
    } else if !best.reachesRate {
      text += "the fastest at this size"
    } else {
      text += best.format == .mjpeg ? "the format that reaches the rate" : "needs no JPEG decoding and reaches the rate"
    }
    if !best.reachesRate, let rate = best.rate { text += "; asked \(number(wished)), the camera gives \(number(rate))" }
    if best.offer.isEmulated { text += "; converted by libv4l2" }
    return text
  }

  private static func list(_ words: [String]) -> String {
    var seen: Set<String> = []
    let unique = words.filter { seen.insert($0).inserted }
    return unique.isEmpty ? "none" : unique.joined(separator: ", ")
  }

  private static func number(_ rate: Double) -> String {
    let tenths = Int((rate * 10).rounded())
    return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
  }
}
