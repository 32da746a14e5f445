import RoadBase

/// The Euclidean norm of each pixel's channels where source or result has 16 bits:
/// `acc = floor(√(2^16·Σ (a − z)²))`, in units of 2^-8, then the rule of ``Int16Rescaling``. With up to 2^15 channels
/// nothing leaves 63 bits.
public struct Int16NormArguments {
  public static let mostChannels = 1 << 15

  public var source: TensorView
  public var destination: TensorView
  public var zeroPoint: Int64
  public var rescaling: Int16Rescaling

  public init(source: TensorView, destination: TensorView, zeroPoint: Int64, rescaling: Int16Rescaling) {
    self.source = source
    self.destination = destination
    self.zeroPoint = zeroPoint
    self.rescaling = rescaling
  }
}
