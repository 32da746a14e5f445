import CRoadseg
import RoadBase
import RoadMask

/// What the caller wants done to masks.
struct MaskSteps {
  let stabilise: StabiliseOptions
  private let cleaner: MaskCleaner?
  private let hidden: OwnPartsMask?

  /// - Throws: `.option` for a strength or share that is none, and for a text without polygons.
  init(_ options: roadseg_options, size: PictureSize, road: UInt8) throws(RoadError) {
    let (clean, near) = (try Self.strength(options.clean, "clean"), Int(options.near_bottom))
    stabilise = StabiliseOptions([.off, .gentle, .strong][try Self.strength(options.stabilise, "stabilise")])
    guard (0...100).contains(near) else {
      throw RoadError(.option, "near_bottom is \(near)", remedy: "1 to 100 percent, or 0 to keep all road")
    }
    let cleaning = CleanOptions([.off, .gentle, .strong][clean], nearBottom: near == 0 ? nil : near)
    cleaner = cleaning.isOff ? nil : MaskCleaner(size: size, road: road, options: cleaning)
    let parts = try Self.polygons(options.own_parts, "own_parts")
    let region = try Self.polygons(options.region, "region")
    hidden = parts == nil && region == nil ? nil : OwnPartsMask(parts, within: region, size: size, road: road)
  }

  func refine(_ map: ClassMap) {
    cleaner?.clean(map)
    hidden?.apply(to: map)
  }

  private static func strength(_ given: roadseg_strength, _ name: String) throws(RoadError) -> Int {
    guard given.rawValue <= ROADSEG_STRONG.rawValue else {
      throw RoadError(.option, "\(name) is \(given.rawValue)", remedy: "one of roadseg_strength")
    }
    return Int(given.rawValue)
  }

  private static func polygons(_ text: UnsafePointer<CChar>?, _ name: String) throws(RoadError) -> OwnParts? {
    guard let text else { return nil }
    return try OwnParts(text: String(cString: text), name: name)
  }
}

// Sizes in the first version of the header: programs that were built with it give no more.

extension roadseg_options {
  static let firstSize = MemoryLayout<Self>.offset(of: \.clean) ?? MemoryLayout<Self>.size
}

extension roadseg_timings {
  static let firstSize = MemoryLayout<Self>.offset(of: \.stabilise) ?? MemoryLayout<Self>.size
}
