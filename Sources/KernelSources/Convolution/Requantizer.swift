internal import CVectorUnit
import RoadKernelContract

/// What the requantization of a whole layer shares, and where that of the current panel lies.
struct Requantizer {
  let zeroPoint: Vector
  let low: Vector
  let high: Vector
  /// Panels hold 31-bit multipliers where they would hold shifts, roundings for multipliers: the rounding rule of
  /// `ONNXRuntimeRequantization`.
  let roundsAsONNXRuntime: Bool
  /// And all those roundings are a half, the multipliers twice what they are.
  let roundsToNearest: Bool
  /// Zero-point 0 and clamp 0...255: the saturation of the last narrowing is the clamp.
  let saturationIsClamp: Bool
  /// Clamp 0...255, whatever the zero-point.
  let isUnclamped: Bool

  @inline(__always)
  init(_ arguments: UnsafePointer<ConvolutionArguments>) {
    let zero = arguments.pointee.zeroPoint
    let (least, most) = (arguments.pointee.low, arguments.pointee.high)
    zeroPoint = rv_set16(zero)
    low = rv_set8(least)
    high = rv_set8(most)
    roundsAsONNXRuntime = arguments.pointee.roundsAsONNXRuntime
    roundsToNearest = arguments.pointee.roundsToNearest
    isUnclamped = least == 0 && most == 255
    saturationIsClamp = zero == 0 && isUnclamped
  }

  @inline(__always)
  func clamp(_ bytes: Vector) -> Vector { rv_minu8(rv_maxu8(bytes, low), high) }

  /// Sums of two vectors as 16 bits in one. The roundings lie in its order, so that unpacking them gives that of the
  /// sums.
  @inline(__always)
  func onnxRuntime(
    _ a: Vector, _ b: Vector, _ multipliers: UnsafeRawPointer, rounding: UnsafeRawPointer
  ) -> Vector {
    if roundsToNearest {
      return rv_packs_nearest(a, b, multipliers, multipliers + vectorBytes)
    }
    let (both, zero) = (rv_load(rounding), rv_zero())
    return rv_packs32(
      rv_muladdhi32(a, rv_load(multipliers), rv_unpacklo16(zero, both)),
      rv_muladdhi32(b, rv_load(multipliers + vectorBytes), rv_unpackhi16(zero, both)))
  }
}
