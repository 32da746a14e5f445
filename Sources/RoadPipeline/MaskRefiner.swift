import RoadBase
import RoadMask
import RoadTelemetry
import Synchronization

/// What becomes of class maps behind the network.
public struct MaskOptions: Hashable, Sendable {
  public var clean: CleanOptions

  public init(clean: CleanOptions = CleanOptions()) { self.clean = clean }
}

/// Does to each class map what ``MaskOptions`` ask for. The infer thread uses it; any thread may ask for the figures.
final class MaskRefiner: @unchecked Sendable {
  private let cleaner: MaskCleaner
  private let figures: Mutex<MaskStatistics>

  /// Nil where there is nothing to do.
  init?(_ options: MaskOptions, size: PictureSize, classes: ClassTable) {
    guard !options.clean.isOff else { return nil }
    cleaner = MaskCleaner(size: size, road: classes.drivable, options: options.clean)
    var figures = MaskStatistics()
    figures.clean = MaskStatistics.Clean(
      mode: options.clean.mode?.rawValue ?? "custom", nearBottom: options.clean.nearBottom)
    self.figures = Mutex(figures)
  }

  func refine(_ map: ClassMap) {
    cleaner.clean(map)
    figures.withLock { $0.clean?.add(cleaner.times) }
  }

  var statistics: MaskStatistics { figures.withLock { $0 } }
}

extension MaskStatistics.Clean {
  fileprivate mutating func add(_ times: CleanTimes) {
    frames += 1
    opening += times.opening
    closing += times.closing
    patches += times.patches
    holes += times.holes
    conversion += times.conversion
  }
}
