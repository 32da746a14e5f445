/// Where one NHWC tensor of bytes lies in memory; a plain value that kernels of every instruction set can take.
///
/// `base` is pixel (0, 0), channel 0. Around the picture lies a halo, `halo` pixels wide at least as far as any reader
/// of the tensor reaches, filled with the zero-point by whoever writes the tensor: no kernel knows about borders.
/// Channels are padded to a multiple of ``channelBlock``; what the padding channels hold is meaningless, readers give
/// them zero weights. A pixel may be wider than its channels (`pixelPitch > storedChannels`): a slice of a
/// concatenation. The one exception is the packed picture (RGBX): up to 4 channels with a pixel pitch of 4.
public struct TensorView {
  public static let channelBlock = 16

  public var base: UnsafeMutablePointer<UInt8>
  public var height: Int
  public var width: Int
  /// Real channels.
  public var channels: Int
  /// Bytes from one pixel to the next.
  public var pixelPitch: Int
  /// Bytes from one row to the next.
  public var rowPitch: Int
  /// Pixels around the picture that may be read (and that the writer fills with the zero-point).
  public var halo: Int

  public init(
    base: UnsafeMutablePointer<UInt8>, height: Int, width: Int, channels: Int, pixelPitch: Int,
    rowPitch: Int, halo: Int
  ) {
    self.base = base
    self.height = height
    self.width = width
    self.channels = channels
    self.pixelPitch = pixelPitch
    self.rowPitch = rowPitch
    self.halo = halo
  }

  @inlinable
  public func pixel(_ y: Int, _ x: Int) -> UnsafeMutablePointer<UInt8> {
    base + (y * rowPitch + x * pixelPitch)
  }

  /// True for RGBX: up to 4 channels in 4 bytes a pixel.
  @inlinable
  public var isPacked4: Bool { pixelPitch == 4 }

  /// Bytes of a pixel that belong to this tensor: the channels padded to ``channelBlock``, or 4 of a packed picture.
  @inlinable
  public var storedChannels: Int {
    isPacked4 ? 4 : (channels + Self.channelBlock - 1) / Self.channelBlock * Self.channelBlock
  }
}
