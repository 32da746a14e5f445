/// How the output channels of a panel are computed over the pixels of a row.
///
/// A panel's packed bytes are: bias (Int32), shift or 31-bit multiplier (Int32), multiplier (Int16, padded to 64
/// bytes), then for each kernel row, kernel column and group of input channels `groupBytes` of weights.
protocol Panel {
  /// Output channels of the panel.
  static var channels: Int { get }
  /// Bytes before the weights.
  static var tableBytes: Int { get }
  static var groupBytes: Int { get }
  /// Pixels that are computed together, as many as leave the sums in registers.
  static var tile: Int { get }
  /// ``tile`` pixels, or the lesser of that and 4, or one.
  static func bigTile(_ walk: ConvolutionWalk, _ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer)
  static func smallTile(_ walk: ConvolutionWalk, _ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer)
  static func onePixel(_ walk: ConvolutionWalk, _ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer)
}

/// The sums of one pixel over a panel of output channels, in registers; ``Panel/tile`` is 3, 6 or 12.
protocol PixelSums: Panel {
  associatedtype Bytes
  associatedtype Weights
  /// Reads the sums, an Int32 a channel: the bias in front of a panel, or what another unit computed.
  init(bias table: UnsafeRawPointer)
  static func weights(_ pointer: UnsafeRawPointer) -> Weights
  static func bytes(_ pointer: UnsafeRawPointer) -> Bytes
  mutating func add(_ bytes: Bytes, _ weights: Weights)
  func store(_ pointer: UnsafeMutableRawPointer, _ table: UnsafeRawPointer, _ requantizer: Requantizer)
  /// Stores a pixel and the one `pitch` bytes after it, for sums that narrow better together.
  static func store(
    _ first: Self, _ second: Self, _ pointer: UnsafeMutableRawPointer, _ pitch: Int, _ table: UnsafeRawPointer,
    _ requantizer: Requantizer)
}

extension PixelSums {
  @inline(__always)
  static func store(
    _ first: Self, _ second: Self, _ pointer: UnsafeMutableRawPointer, _ pitch: Int, _ table: UnsafeRawPointer,
    _ requantizer: Requantizer
  ) {
    first.store(pointer, table, requantizer)
    second.store(pointer + pitch, table, requantizer)
  }
}
