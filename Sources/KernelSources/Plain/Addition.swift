internal import CVectorUnit
import RoadKernelContract

// Shared source: each instruction-set target compiles its own copy (a linked folder) around its own `Vector`.

/// Residual addition: both products and their sum in one step.
@inline(__always)
func addition(_ arguments: UnsafePointer<AdditionArguments>, _ firstRow: Int, _ endRow: Int) {
  let (left, right) = (arguments.pointee.left, arguments.pointee.right)
  let destination = arguments.pointee.destination
  let constants = AdditionConstants(arguments)
  let bytes = destination.storedChannels
  let isDense = left.pixelPitch == bytes && right.pixelPitch == bytes && destination.pixelPitch == bytes
  // Pixels without gaps: the row is one stretch.
  let stretch = isDense ? bytes &* destination.width : bytes
  let stretches = isDense ? 1 : destination.width
  var y = firstRow
  while y < endRow {
    var x = 0
    while x < stretches {
      constants.add(
        UnsafeRawPointer(left.base + (y &* left.rowPitch &+ x &* left.pixelPitch)),
        UnsafeRawPointer(right.base + (y &* right.rowPitch &+ x &* right.pixelPitch)),
        UnsafeMutableRawPointer(destination.base + (y &* destination.rowPitch &+ x &* destination.pixelPitch)), stretch)
      x &+= 1
    }
    y &+= 1
  }
}

struct AdditionConstants {
  private let multipliers: Vector
  private let leftMultiplier: Vector
  private let rightMultiplier: Vector
  private let bias: Vector
  private let shift: SIMD2<Int64>
  private let half: Vector
  private let roundsAsONNXRuntime: Bool
  private let zeroPoint: Vector
  private let low: Vector
  private let high: Vector

  @inline(__always)
  init(_ arguments: UnsafePointer<AdditionArguments>) {
    let (left, right) = (arguments.pointee.leftMultiplier, arguments.pointee.rightMultiplier)
    multipliers = rv_set32(right &<< 16 | left & 0xFFFF)
    leftMultiplier = rv_set32(left)
    rightMultiplier = rv_set32(right)
    bias = rv_set32(arguments.pointee.bias)
    shift = rv_count(arguments.pointee.shift)
    half = rv_set32(1 &<< (arguments.pointee.shift &- 1))
    roundsAsONNXRuntime = arguments.pointee.roundsAsONNXRuntime
    zeroPoint = rv_set16(arguments.pointee.zeroPoint)
    low = rv_set8(arguments.pointee.low)
    high = rv_set8(arguments.pointee.high)
  }

  /// - Parameter count: bytes, a multiple of 16.
  @inline(__always)
  func add(_ left: UnsafeRawPointer, _ right: UnsafeRawPointer, _ to: UnsafeMutableRawPointer, _ count: Int) {
    var offset = 0
    while count &- offset >= vectorBytes {
      rv_store(to + offset, sum(rv_load(left + offset), rv_load(right + offset)))
      offset &+= vectorBytes
    }
    while offset < count {
      let (a, b) = (rv_load128(left + offset), rv_load128(right + offset))
      rv_store128(to + offset, rv_low128(sum(rv_widen128(a), rv_widen128(b))))
      offset &+= 16
    }
  }

  /// Unpacking and narrowing both work within lanes, so the order comes out as it went in.
  @inline(__always)
  private func sum(_ a: Vector, _ b: Vector) -> Vector {
    let zero = rv_zero()
    let first = half(rv_unpacklo8(a, zero), rv_unpacklo8(b, zero))
    let second = half(rv_unpackhi8(a, zero), rv_unpackhi8(b, zero))
    return rv_minu8(rv_maxu8(rv_packus16(first, second), low), high)
  }

  @inline(__always)
  private func half(_ a: Vector, _ b: Vector) -> Vector {
    if roundsAsONNXRuntime {
      let zero = rv_zero()
      let first = onnxRuntime(rv_unpacklo16(a, zero), rv_unpacklo16(b, zero))
      let second = onnxRuntime(rv_unpackhi16(a, zero), rv_unpackhi16(b, zero))
      return rv_adds16(rv_packs32(first, second), zeroPoint)
    }
    let first = rv_add32(rv_weighlo16(a, b, multipliers), bias)
    let second = rv_add32(rv_weighhi16(a, b, multipliers), bias)
    return rv_adds16(rv_packs32(rv_sra32(first, shift), rv_sra32(second, shift)), zeroPoint)
  }
  /// Multipliers of more than 16 bits, ties to even: just under a half is added to an even quotient, a half to an odd
  /// one.
  @inline(__always)
  private func onnxRuntime(_ a: Vector, _ b: Vector) -> Vector {
    let products = rv_add32(rv_mullo32(a, leftMultiplier), rv_mullo32(b, rightMultiplier))
    let sum = rv_add32(products, bias)
    let isOdd = rv_and(rv_sra32(rv_sub32(sum, half), shift), rv_set32(1))
    return rv_sra32(rv_add32(rv_sub32(sum, rv_set32(1)), isOdd), shift)
  }
}
