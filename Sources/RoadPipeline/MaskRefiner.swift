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
  /// Outside of which there is never road; nil for the whole picture.
  public var region: OwnParts?

  public init(
    clean: CleanOptions = CleanOptions(), stabilise: StabiliseOptions = StabiliseOptions(), ownParts: OwnParts? = nil,
    region: OwnParts? = nil
  ) {
    self.ownParts = ownParts
    self.region = region
    self.clean = clean
    self.stabilise = stabilise
  }
}

/// Does to each class map what ``MaskOptions`` ask for, and adds up what came of it. The infer thread uses it; any
/// thread may ask for the figures.
final class MaskRefiner: @unchecked Sendable {
  private let cleaner: MaskCleaner?
  private let ownParts: OwnPartsState
  private let figures: Mutex<MaskStatistics>

  init(_ options: MaskOptions, _ ownParts: OwnPartsState, size: PictureSize, classes: ClassTable) {
    self.ownParts = ownParts
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
    figures.regionShare = ownParts.regionShare
    self.figures = Mutex(figures)
  }

  /// - Returns: whether there was anything to do.
  func refine(_ map: ClassMap) -> Bool {
    if let cleaner {
      cleaner.clean(map)
      figures.withLock { $0.clean?.add(cleaner.times) }
    }
    let mask = ownParts.mask
    mask?.apply(to: map)
    return cleaner != nil || mask != nil
  }

  func add(_ frame: StabilisedFrame) { figures.withLock { $0.stabilise?.add(frame) } }

  /// Since the start, see ``MaskStatistics/Stabilise/flicker``; nil where masks are not steadied.
  var flicker: Double? { figures.withLock { $0.stabilise?.flicker } }

  /// Nil where masks are the network's own.
  var statistics: MaskStatistics? {
    var told = figures.withLock { $0 }
    told.ownParts = ownParts.statistics
    return told == MaskStatistics() ? nil : told
  }
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
