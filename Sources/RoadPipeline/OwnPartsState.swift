import RoadBase
import RoadMask
import RoadTelemetry
import Synchronization

/// Whether the car's own parts are looked for while frames flow, and where what is found or drawn stays.
public struct OwnPartsKeeping: Hashable, Sendable {
  /// Nil: for this run alone.
  public var file: OwnPartsFile?
  public var searches: Bool

  public init(file: OwnPartsFile? = nil, searches: Bool = false) {
    self.file = file
    self.searches = searches
  }
}

/// Where there is never road, as it is now: the infer thread takes it with every frame, others change it.
final class OwnPartsState: Sendable {
  private struct State {
    var parts: OwnParts?
    /// Of parts and region together; nil where all counts.
    var mask: OwnPartsMask?
    var figures: MaskStatistics.OwnParts?
    /// Why the last ones could not be kept.
    var trouble: String?
  }

  let size: PictureSize
  let region: OwnParts?
  private let road: UInt8
  private let keeping: OwnPartsKeeping
  private let search: OwnPartsSearch?
  private let state = Mutex(State())
  /// One change after the other.
  private let changing = Mutex(())

  init(_ options: MaskOptions, _ keeping: OwnPartsKeeping, size: PictureSize, classes: ClassTable) {
    self.size = size
    self.keeping = keeping
    region = options.region
    road = classes.drivable
    search = keeping.searches && options.ownParts == nil ? OwnPartsSearch() : nil
    let fresh = prepared(options.ownParts, origin: .given)
    state.withLock { $0 = fresh }
  }

  private func prepared(_ parts: OwnParts?, origin: MaskStatistics.OwnParts.Origin) -> State {
    var state = State()
    state.parts = parts
    if parts != nil || region != nil { state.mask = OwnPartsMask(parts, within: region, size: size, road: road) }
    if let parts {
      let share = region == nil ? state.mask?.share : OwnPartsMask(parts, size: size, road: road).share
      state.figures = MaskStatistics.OwnParts(polygons: parts.polygons.count, share: share ?? 0, origin: origin)
    } else if origin != .given {
      state.figures = MaskStatistics.OwnParts(polygons: 0, share: 0, origin: origin)
    }
    return state
  }

  /// Of the picture's pixels that the region leaves; nil without one.
  var regionShare: Double? { region.map { 1 - OwnPartsMask(nil, within: $0, size: size, road: road).share } }

  var parts: OwnParts? { state.withLock { $0.parts } }

  var mask: OwnPartsMask? { state.withLock { $0.mask } }

  var isSearching: Bool { search.map { !$0.progress.isOver } ?? false }

  /// What a small grey picture of the infer thread tells.
  func look(_ picture: LumaPlane) { search?.look(picture) }

  /// - Returns: what was found, to be taken; nil where there is nothing new.
  func check() -> OwnParts?? {
    guard let search, case .found(let parts) = search.check() else { return nil }
    return .some(parts)
  }

  /// From the next frame on.
  ///
  /// - Parameter apply: given the mask before it counts.
  /// - Throws: `.output` where they cannot be kept; they count all the same.
  func change(
    to parts: OwnParts?, origin: MaskStatistics.OwnParts.Origin, apply: (OwnPartsMask?) -> Void
  ) throws(RoadError) {
    let result: Result<Void, RoadError> = changing.withLock { _ in
      search?.end()
      var fresh = prepared(parts, origin: origin)
      apply(fresh.mask)
      let outcome = Result { () throws(RoadError) in try keep(parts, origin) }
      if case .failure(let error) = outcome { fresh.trouble = error.cause }
      state.withLock { $0 = fresh }
      return outcome
    }
    try result.get()
  }

  private func keep(_ parts: OwnParts?, _ origin: MaskStatistics.OwnParts.Origin) throws(RoadError) {
    // Nothing may be found of a car that the next drive shows: only what a person draws is nothing for good.
    guard parts != nil || origin == .page else { return }
    let remark = origin == .found ? "found while driving" : "drawn on the page"
    try keeping.file?.save(parts, remark: "\(remark), \(size)")
  }

  var statistics: MaskStatistics.OwnParts? {
    let (figures, trouble) = state.withLock { ($0.figures, $0.trouble) }
    guard figures != nil || search != nil else { return nil }
    var told = figures ?? MaskStatistics.OwnParts(polygons: 0, share: 0, origin: nil)
    told.file = keeping.file?.path
    told.trouble = trouble
    guard let progress = search?.progress, !progress.isOver else { return told }
    // Two windows are the fewest.
    let window = min(progress.windows, 1)
    told.searched = Double(window * OwnPartsSearch.window + progress.moving) / Double(2 * OwnPartsSearch.window)
    return told
  }
}
