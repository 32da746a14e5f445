import RoadBase
import RoadMask
import RoadTelemetry
import Synchronization

/// What becomes of class maps behind the network.
public struct MaskOptions: Hashable, Sendable {
  public var clean: CleanOptions
  /// What the pipeline's segmenter was made with; here for the figures.
  public var stabilise: StabiliseOptions
  /// Where there is never road, after all else.
  public var ownParts: OwnParts?

  public init(
    clean: CleanOptions = CleanOptions(), stabilise: StabiliseOptions = StabiliseOptions(), ownParts: OwnParts? = nil
  ) {
    self.ownParts = ownParts
    self.clean = clean
    self.stabilise = stabilise
  }
}

/// Does to each class map what ``MaskOptions`` ask for, and adds up what came of it. The infer thread uses it; any
/// thread may ask for the figures.
final class MaskRefiner: @unchecked Sendable {
  private let cleaner: MaskCleaner?
  private let ownParts: OwnPartsMask?
  private let figures: Mutex<MaskStatistics>

  /// Nil where there is nothing to do.
  init?(_ options: MaskOptions, size: PictureSize, classes: ClassTable) {
    guard !options.clean.isOff || !options.stabilise.isOff || options.ownParts != nil else { return nil }
    ownParts = options.ownParts.map { OwnPartsMask($0, size: size, road: classes.drivable) }
    var figures = MaskStatistics()
    if options.clean.isOff {
      cleaner = nil
    } else {
      cleaner = MaskCleaner(size: size, road: classes.drivable, options: options.clean)
      figures.clean = MaskStatistics.Clean(
        mode: options.clean.mode?.rawValue ?? "custom", nearBottom: options.clean.nearBottom)
    }
    if !options.stabilise.isOff {
      figures.stabilise = MaskStatistics.Stabilise(mode: options.stabilise.mode.rawValue)
    }
    if let ownParts, let parts = options.ownParts {
      figures.ownParts = MaskStatistics.OwnParts(polygons: parts.polygons.count, share: ownParts.share)
    }
    self.figures = Mutex(figures)
  }

  var changesMaps: Bool { cleaner != nil || ownParts != nil }

  func refine(_ map: ClassMap) {
    if let cleaner {
      cleaner.clean(map)
      figures.withLock { $0.clean?.add(cleaner.times) }
    }
    ownParts?.apply(to: map)
  }

  func add(_ frame: StabilisedFrame) { figures.withLock { $0.stabilise?.add(frame) } }

  var statistics: MaskStatistics { figures.withLock { $0 } }
}

extension MaskStatistics.Stabilise {
  fileprivate mutating func add(_ frame: StabilisedFrame) {
    frames += 1
    nanoseconds += frame.nanoseconds
    if frame.isFresh { restarts += 1 }
    cells += frame.cells
    stillCells += frame.stillCells
    networkFlips += frame.networkFlips
    flips += frame.flips
  }
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
