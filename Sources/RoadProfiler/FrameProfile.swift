import RoadBase
import RoadEngine
import RoadFrame

/// Where the time of one frame goes: what ``FrameProfiler`` measured. Its JSON is described by ``ProfileSchema``.
public struct FrameProfile: Sendable, Codable {
  public struct Stage: Sendable, Codable {
    public var name: String
    public var milliseconds: MeasuredTimes
  }

  public struct Layer: Sendable, Codable {
    public var description: LayerDescription
    public var milliseconds: MeasuredTimes
    /// Useful multiply-accumulates a second in units of 10^9, at the median.
    public var gigaMultiplyAccumulates: Double
    /// Of the machine's measured peak, 0...1.
    public var shareOfPeak: Double
    /// Activation bytes a second in units of 10^9, at the median.
    public var gigabytes: Double
    public var roofline: Roofline
  }

  /// Frames that took longer than the budget.
  public struct Deadline: Sendable, Codable, Equatable {
    public var budgetMilliseconds: Double
    public var misses: Int
    /// Misses by the stage that was furthest above its own median in that frame.
    public var missesByStage: [String: Int]
  }

  /// Of the JSON, for readers: raised when a key changes its meaning.
  public static let formatVersion = 1

  public var formatVersion: Int = Self.formatVersion
  /// The model as the user named it.
  public var model: String
  public var frameSize: PictureSize
  public var frameFormat: PixelFormat
  /// How frames came to the network; nil in profiles from before there was a choice.
  public var preparation: FramePreparation?
  public var inputSize: PictureSize
  public var threads: Int
  public var instructionSet: String
  public var frames: Int
  public var repetitions: Int
  public var peak: MachinePeak
  public var bandwidth: MemoryBandwidth
  public var conditions: MeasurementConditions
  public var stages: [Stage]
  public var layers: [Layer]
  public var memory: MemoryReport
  /// All stages but the last: from the camera's bytes to the painted picture.
  public var cameraToOverlay: MeasuredTimes
  /// All stages of a frame together.
  public var total: MeasuredTimes
  /// The whole network, all layers in one run, at the median.
  public var networkGigaMultiplyAccumulates: Double
  public var networkShareOfPeak: Double
  /// Names of those ``layers`` whose results the model leaves unquantized between quantized layers; nil where it leaves
  /// none.
  public var unquantizedLayers: [String]?
  /// Nil without a budget.
  public var deadline: Deadline?
  /// Of the network, by the processor's own counters; nil where the kernel gives none.
  public var counters: CounterReport?
}
