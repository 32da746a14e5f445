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

extension CleanMode: ExpressibleByArgument {}
extension StabiliseMode: ExpressibleByArgument {}
