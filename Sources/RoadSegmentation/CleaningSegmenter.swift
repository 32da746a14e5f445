import RoadBase
import RoadFrame
import RoadMask

/// A segmenter whose class maps are cleaned, see ``MaskCleaner``.
public final class CleaningSegmenter: PictureSegmenter {
  public let options: CleanOptions
  private let segmenter: any PictureSegmenter
  /// Pictures of one data set mostly have one size: the last cleaner is kept.
  private var cleaner: MaskCleaner?

  public init(_ segmenter: any PictureSegmenter, options: CleanOptions) {
    self.segmenter = segmenter
    self.options = options
  }

  public var arithmetic: String { segmenter.arithmetic }
  public var classes: ClassTable { segmenter.classes }
  public var inputSize: PictureSize { segmenter.inputSize }

  public func classMap(of picture: Picture, size: PictureSize) throws(RoadError) -> ClassMap {
    let map = try segmenter.classMap(of: picture, size: size)
    let cleaner = cleaner(for: size)
    cleaner.clean(map)
    return map
  }

  private func cleaner(for size: PictureSize) -> MaskCleaner {
    if let cleaner, cleaner.size == size { return cleaner }
    let fresh = MaskCleaner(size: size, road: classes.drivable, options: options)
    cleaner = fresh
    return fresh
  }
}
