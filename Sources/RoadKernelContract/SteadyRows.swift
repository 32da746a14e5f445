// Arguments of the kernels that steady scores over time: one row each.

/// A row of a grey picture of half the sides: `floor(Σ (red + 2·green + blue) / 16)` over 2x2 pixels.
public struct GreyRowArguments {
  /// Two rows of RGBX, aligned to four bytes.
  public var upper: UnsafePointer<UInt8>
  public var lower: UnsafePointer<UInt8>
  /// Grey pixels: half of the others.
  public var count: Int
  public var destination: UnsafeMutablePointer<UInt8>

  public init(
    upper: UnsafePointer<UInt8>, lower: UnsafePointer<UInt8>, count: Int, destination: UnsafeMutablePointer<UInt8>
  ) {
    self.upper = upper
    self.lower = lower
    self.count = count
    self.destination = destination
  }
}

/// Scores that follow those of the frame before: `w + floor(((new − w)·share + 128) / 2^8)` with
/// `w = floor((Σ weight·old + 128) / 2^8)`. All scores are 0...32640.
public struct SteadyRowArguments {
  public typealias Scores = UnsafePointer<UInt16>
  /// Of this frame.
  public var new: Scores
  /// Of the frame before, at four places around the one that counts; where the first counts alone the others are
  /// not read.
  public var old: (Scores, Scores, Scores, Scores)
  /// 0...256, together 256. The first is 256 where one place counts alone.
  public var weights: (Int32, Int32, Int32, Int32)
  /// Of the new scores, 0...256.
  public var share: Int32
  public var count: Int
  /// Apart from all others.
  public var destination: UnsafeMutablePointer<UInt16>

  public init(
    new: Scores, old: (Scores, Scores, Scores, Scores), weights: (Int32, Int32, Int32, Int32), share: Int32, count: Int,
    destination: UnsafeMutablePointer<UInt16>
  ) {
    self.new = new
    self.old = old
    self.weights = weights
    self.share = share
    self.count = count
    self.destination = destination
  }
}
