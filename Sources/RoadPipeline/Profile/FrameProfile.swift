import RoadBase
import RoadEngine
import RoadFrame

/// Where the time of one frame goes: what ``FrameProfiler`` measured.
public struct FrameProfile: Sendable, Codable {
  /// Times of one stage or layer over the measured frames, in milliseconds.
  public struct Times: Hashable, Sendable, Codable {
    public var median: Double
    public var p90: Double
    public var p99: Double
    public var maximum: Double

    /// - Parameter nanoseconds: at least one measurement.
    init(nanoseconds: [UInt64]) {
      precondition(!nanoseconds.isEmpty, "no measurements")
      let sorted = nanoseconds.sorted()
      func quantile(_ share: Double) -> Double {
        Double(sorted[min(Int(share * Double(sorted.count)), sorted.count - 1)]) / 1e6
      }
      median = quantile(0.5)
      p90 = quantile(0.9)
      p99 = quantile(0.99)
      maximum = quantile(1)
    }
  }

  public struct Stage: Sendable, Codable {
    public var name: String
    public var milliseconds: Times
  }

  public struct Layer: Sendable, Codable {
    public var description: LayerDescription
    public var milliseconds: Times
    /// Useful multiply-accumulates a second in units of 10^9, at the median.
    public var gigaMultiplyAccumulates: Double
    /// Of the machine's measured peak, 0...1.
    public var shareOfPeak: Double
    /// Activation bytes a second in units of 10^9, at the median.
    public var gigabytes: Double
  }

  public var frameSize: PictureSize
  public var frameFormat: PixelFormat
  public var inputSize: PictureSize
  public var threads: Int
  public var instructionSet: String
  public var frames: Int
  public var peak: MachinePeak
  public var stages: [Stage]
  public var layers: [Layer]
  public var memory: MemoryReport
  /// All stages but the last: from the camera's bytes to the painted picture.
  public var cameraToOverlay: Times
  /// All stages of a frame together.
  public var total: Times
  /// The whole network, all layers in one run, at the median.
  public var networkGigaMultiplyAccumulates: Double
  public var networkShareOfPeak: Double
}
