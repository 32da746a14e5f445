import ArgumentParser
import RoadBase
import RoadFrame
import RoadMask
import RoadPipeline
import RoadTelemetry

/// `--own-parts` and `--region`: where there is never road.
struct OwnPartsArguments: ParsableArguments {
  @Option(
    name: .customLong("own-parts"),
    help: ArgumentHelp(
      """
      What the camera sees of its own car is never road: a text of polygons, corners as x,y in percent, a polygon a \
      line; auto: the file kept for this camera, which live makes of what never moves in the first minutes of driving; \
      off. (default: auto for live with a camera, else off)
      """,
      valueName: "file"))
  var ownParts: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "There is road within this polygon alone: corners as x,y in percent, as '0,30 100,30 100,100 0,100'.",
      valueName: "corners"))
  var region: String?

  /// - Throws: `.option` for one that is no polygon.
  func regionPolygons() throws(RoadError) -> OwnParts? {
    try region.map { (text) throws(RoadError) in try OwnParts(text: text, name: "--region") }
  }

  /// For commands that know of no camera.
  ///
  /// - Throws: `.option` for a file that is none; for `auto`.
  func parts() throws(RoadError) -> OwnParts? {
    guard let ownParts, ownParts != "off" else { return nil }
    guard ownParts != "auto" else {
      throw RoadError(
        .option, "--own-parts auto is for cameras", remedy: "find the parts of a film with roadseg find-parts")
    }
    return try OwnParts(path: ownParts)
  }

  /// Says at once what can be said without a camera: files that are none.
  func check() throws(RoadError) {
    _ = try regionPolygons()
    if let ownParts, ownParts != "auto", ownParts != "off" { _ = try OwnParts(path: ownParts) }
  }

  /// What counts from the first frame of a source on, and where what is found or drawn stays.
  ///
  /// - Parameter searches: whether the command can find parts.
  func of(_ source: SourceProperties, searches: Bool) throws(RoadError) -> (OwnParts?, OwnPartsKeeping) {
    let usual = searches && source.isLive && !source.isSynthetic && source.cameraKey != nil ? "auto" : "off"
    switch ownParts ?? usual {
    case "off": return (nil, OwnPartsKeeping())
    case "auto":
      guard let key = source.cameraKey else { return (nil, OwnPartsKeeping(searches: searches)) }
      let file = OwnPartsFile(camera: key)
      return (try file.load(), OwnPartsKeeping(file: file, searches: searches && !file.isThere))
    case let path:
      return (try OwnParts(path: path), OwnPartsKeeping(file: OwnPartsFile(path: path)))
    }
  }
}

/// Says what becomes of the car's own parts, as it changes.
final class OwnPartsNotes {
  private var told: MaskStatistics.OwnParts?

  /// At the start: what is left out, or looked for.
  func begin(_ parts: MaskStatistics.OwnParts?) {
    told = parts
    guard let parts else { return }
    let place = parts.file.map { ", kept in \($0)" } ?? " in this run"
    if parts.searched != nil {
      Terminal.say("roadseg: own parts of the car: looked for while it drives\(place) (--own-parts off: not at all)")
    } else if parts.polygons > 0 {
      Terminal.say("roadseg: own parts of the car: \(Format.percent(parts.share)) of the picture\(place)")
    }
  }

  func say(_ parts: MaskStatistics.OwnParts?) {
    guard let parts, parts.origin != told?.origin || parts.polygons != told?.polygons || parts.share != told?.share
    else { return }
    told = parts
    let place = parts.trouble.map { "; NOT kept: \($0)" } ?? parts.file.map { ", kept in \($0)" } ?? ""
    let share = "\(Format.percent(parts.share)) of the picture"
    switch parts.origin {
    case .found where parts.polygons == 0: Terminal.say("roadseg: own parts of the car: none are seen")
    case .found: Terminal.say("roadseg: own parts of the car: found, \(share)\(place)")
    case .page: Terminal.say("roadseg: own parts of the car: changed on the page, \(share)\(place)")
    case .given, nil: break
    }
  }
}
