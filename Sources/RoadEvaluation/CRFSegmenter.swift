import RoadBase
import RoadCRF
import RoadFrame
import RoadMask
import RoadPipeline
import RoadSegmentation

/// Scores of a picture through a ``DenseCRF``.
enum CRFMap {
  /// - Parameters:
  ///   - picture: of any size.
  ///   - map: is filled; the random field has its size.
  static func fill(_ map: ClassMap, _ scores: RealScores, of picture: Picture, options: DenseCRFOptions) {
    var scaled = picture
    if picture.size != map.size {
      scaled = Picture(size: map.size)
      PictureScaler(from: picture.size, to: map.size).scale(picture, into: scaled)
    }
    let classes = scores.classes
    let field = DenseCRF(scaled, options: options).probabilities(
      logits: scores.upsampled(to: map.size), classes: classes)
    for pixel in 0..<map.size.pixels {
      var best = 0
      for c in 1..<classes where field[pixel * classes + c] > field[pixel * classes + best] { best = c }
      map.bytes[pixel] = UInt8(truncatingIfNeeded: best)
    }
  }
}

/// A segmenter of single pictures whose masks come from a dense conditional random field over its scores.
public final class CRFPictureSegmenter: PictureSegmenter {
  private let segmenter: any ScoringSegmenter
  private let options: DenseCRFOptions

  public init(_ segmenter: any ScoringSegmenter, options: DenseCRFOptions = DenseCRFOptions()) {
    self.segmenter = segmenter
    self.options = options
  }

  public var arithmetic: String { segmenter.arithmetic }
  public var classes: ClassTable { segmenter.classes }
  public var inputSize: PictureSize { segmenter.inputSize }

  public func classMap(of picture: Picture, size: PictureSize) throws(RoadError) -> ClassMap {
    let map = ClassMap(size: size)
    CRFMap.fill(map, try segmenter.realScores(of: picture), of: picture, options: options)
    return map
  }
}

/// The same in a pipeline of pictures, for files: it takes seconds a frame, and memory.
public final class CRFSegmenter: Segmenter {
  private let segmenter: NetworkSegmenter
  private let options: DenseCRFOptions

  public init(_ segmenter: NetworkSegmenter, options: DenseCRFOptions = DenseCRFOptions()) {
    self.segmenter = segmenter
    self.options = options
  }

  public var name: String { segmenter.name }
  public var classes: ClassTable { segmenter.classes }
  public var pictureSize: PictureSize { segmenter.pictureSize }

  public func segment(_ pixels: FramePixels, into map: ClassMap) -> SegmentationTimes {
    segment(pixels, at: nil, into: map)
  }

  public func segment(_ pixels: FramePixels, at moment: FrameMoment?, into map: ClassMap) -> SegmentationTimes {
    guard case .picture(let picture) = pixels else { preconditionFailure("a random field over planes") }
    var times = segmenter.segment(pixels, at: moment, into: map)
    let start = MonotonicClock.now()
    CRFMap.fill(map, segmenter.realScores(), of: picture, options: options)
    times.classMap += MonotonicClock.now() - start
    return times
  }

  public func writeConfidence(into map: ClassMap) { segmenter.writeConfidence(into: map) }
}
