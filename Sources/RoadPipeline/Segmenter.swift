import RoadBase
import RoadFrame
import RoadMask

/// What makes a class map of a frame's pixels; the pipeline's view of a network.
///
/// Made for one picture size. `segment` is called by one thread, never throws and never allocates.
public protocol Segmenter: AnyObject, Sendable {
  /// For people: file name of the model.
  var name: String { get }
  var classes: ClassTable { get }
  var pictureSize: PictureSize { get }
  /// By how much JPEGs of that size may be made smaller as they are decoded, see ``JPEGReduction``.
  var reduction: Int { get }
  /// What the network did with the pictures of its calibration; nil where nobody knows.
  var usual: UsualActivity? { get }

  func segment(_ pixels: FramePixels, into map: ClassMap) -> SegmentationTimes

  /// The same for one that remembers frames.
  ///
  /// - Parameter moment: when the frame was taken; nil where it follows the last one.
  func segment(_ pixels: FramePixels, at moment: FrameMoment?, into map: ClassMap) -> SegmentationTimes

  /// How far the best class of each pixel of the last `segment` is above the second, 0...255.
  func writeConfidence(into map: ClassMap)
}

extension Segmenter {
  public var reduction: Int { 1 }
  public var usual: UsualActivity? { nil }

  /// One that tells nothing: sure of all.
  public func writeConfidence(into map: ClassMap) { map.bytes.update(repeating: 255) }

  public func segment(_ pixels: FramePixels, at moment: FrameMoment?, into map: ClassMap) -> SegmentationTimes {
    segment(pixels, into: map)
  }

  public func segment(_ picture: Picture, into map: ClassMap) -> SegmentationTimes {
    segment(.picture(picture), into: map)
  }
}

/// A segmenter that tells the time of each layer, for traces.
public protocol LayerTimedSegmenter: Segmenter {
  var layerNames: [String] { get }

  /// Whether each `segment` from now on notes them, which costs it some percent. Called by its own thread.
  func timeLayers(_ isTimed: Bool)

  /// Nanoseconds of the last `segment`, one for each layer.
  func withLayerNanoseconds(_ body: (UnsafeBufferPointer<UInt64>) -> Void)
}

/// Nanoseconds that the steps of one segmentation took, and what else it tells.
public struct SegmentationTimes: Sendable {
  /// Picture to the network's input.
  public var scale: UInt64
  public var network: UInt64
  /// Scores to the class of every pixel, the steadying of the scores among it.
  public var classMap: UInt64
  /// Where scores are steadied over time.
  public var stabilised: StabilisedFrame?
  /// How sure the network is of the road; nil where it does not say.
  public var roadConfidence: RoadConfidence?
  /// Of some frames: the share of the activations that lie at the ends of their range, 0...1.
  public var saturated: Double?
  /// What the network saw, small and grey, as it is until the next `segment`; nil where it does not say.
  public var small: LumaPlane?
  /// Whether this is one of the frames, every eighth, that are looked at for what changes slowly.
  public var isLook = false

  public init(scale: UInt64 = 0, network: UInt64 = 0, classMap: UInt64 = 0) {
    self.scale = scale
    self.network = network
    self.classMap = classMap
  }
}
