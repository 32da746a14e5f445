import ArgumentParser
import RoadBase
import RoadMask
import RoadPipeline

/// `--clean` and `--near-bottom`: what is done to masks behind the network.
struct MaskCleaningOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      """
      Take specks of road out of the masks and fill holes in them: off, gentle, strong. (default: gentle for live, off \
      for all others)
      """,
      valueName: "mode"))
  var clean: CleanMode?

  @Option(
    name: .customLong("near-bottom"),
    help: ArgumentHelp(
      "Drop road that does not reach into the lowest so many percent of the picture. (default: keep it)",
      valueName: "percent"))
  var nearBottom: Int?

  func validate() throws {
    if let nearBottom, !(1...100).contains(nearBottom) { throw ValidationError("--near-bottom takes 1 to 100") }
  }

  /// - Parameter usual: where nobody says.
  func options(_ usual: CleanMode = .off) -> CleanOptions { CleanOptions(clean ?? usual, nearBottom: nearBottom) }
}

/// `--stabilise`: how masks are steadied over time.
struct StabiliseArguments: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      """
      Steady the masks over time where the picture has not changed: off, gentle, strong. (default: gentle for live, \
      off for all others)
      """,
      valueName: "mode"))
  var stabilise: StabiliseMode?

  /// - Parameter usual: where nobody says.
  func options(_ usual: StabiliseMode = .off) -> StabiliseOptions { StabiliseOptions(stabilise ?? usual) }
}

/// `--own-parts`: where there is never road.
struct OwnPartsArguments: ParsableArguments {
  @Option(
    name: .customLong("own-parts"),
    help: ArgumentHelp(
      "Text of polygons that are never road, such as the car's bonnet: corners as x,y in percent, a polygon a line.",
      valueName: "file"))
  var path: String?

  func parts() throws(RoadError) -> OwnParts? { try path.map { (path) throws(RoadError) in try OwnParts(path: path) } }
}

extension CleanMode: ExpressibleByArgument {}
extension StabiliseMode: ExpressibleByArgument {}
