internal import CVectorUnit
import RoadKernelContract

// Shared source: each instruction-set target compiles its own copy (a linked folder) around its own `Vector`.

/// Products of matrices of activations. Four right rows meet two left rows at a time, in vectors of 16-bit numbers; the
/// sum of a right row is taken once, that of a left row beside the products.
@inline(__always)
func innerProduct(_ pointer: UnsafePointer<InnerProductArguments>, _ firstRow: Int, _ endRow: Int) {
  let arguments = pointer.pointee
  var tails = (SIMD64<UInt8>.zero, SIMD64<UInt8>.zero, SIMD64<UInt8>.zero)
  withUnsafeMutableBytes(of: &tails) { tails in
    guard let tails = tails.baseAddress else { return }
    var row = firstRow
    while row < endRow {
      // Left rows of one batch entry share their right rows.
      let entry = row / arguments.leftRows
      let end = min(endRow, (entry &+ 1) &* arguments.leftRows)
      products(arguments, row, end, entry &* arguments.rightStep, tails)
      row = end
    }
  }
}

@inline(__always)
private func products(
  _ arguments: InnerProductArguments, _ firstRow: Int, _ endRow: Int, _ firstRight: Int,
  _ tails: UnsafeMutableRawPointer
) {
  let (leftZero, rightZero) = (Int32(arguments.leftZeroPoint), Int32(arguments.rightZeroPoint))
  let constant = Int32(truncatingIfNeeded: arguments.left.channels) &* leftZero &* rightZero
  var column = 0
  while column < arguments.destination.channels {
    let right = RightRows(arguments, firstRight &+ column, count: arguments.destination.channels &- column, tails)
    let rightPart = SIMD4(repeating: constant) &- right.sums &* leftZero
    var row = firstRow
    while row < endRow {
      let second = min(row &+ 1, endRow &- 1)
      let sums = right.products(arguments.left.pixel(row, 0), arguments.left.pixel(second, 0))
      let (first, other) = sums.left(timesZero: rightZero)
      store(sums.a &+ rightPart, first, right.count, arguments, row, column)
      store(sums.b &+ rightPart, other, right.count, arguments, second, column)
      row &+= 2
    }
    column &+= 4
  }
}

/// Sums without their zero-points fit an Int32, so may wrap on the way there.
@inline(__always)
private func store(
  _ sums: SIMD4<Int32>, _ constant: Int32, _ count: Int, _ arguments: InnerProductArguments, _ row: Int, _ column: Int
) {
  let to = arguments.destination.pixel(row, 0) + column
  var index = 0
  while index < count {
    to[index] = arguments.rescaling.apply(Int(sums[index] &- constant))
    index &+= 1
  }
}

@inline(__always)
private func byteSum(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int {
  var sum: Int32 = 0
  var index = 0
  while index < count {
    sum = sum &+ Int32(bytes[index])
    index &+= 1
  }
  return Int(sum)
}

/// Up to four rows of the right matrix; the last one repeats where there are fewer.
private struct RightRows {
  /// Bytes that become one vector of 16-bit numbers.
  @inline(__always) static var step: Int { vectorBytes / 2 }
  /// Of the rests of four right rows and two left ones, filled up with zeros: nothing behind a row is read.
  static var tailBytes: Int { 192 }

  private let first: UnsafeRawPointer
  private let pitch: Int
  private let whole: Int
  private let rest: Int
  private let tails: UnsafeMutableRawPointer
  let count: Int
  let sums: SIMD4<Int32>

  @inline(__always)
  init(_ arguments: InnerProductArguments, _ row: Int, count: Int, _ tails: UnsafeMutableRawPointer) {
    let depth = arguments.left.channels
    first = UnsafeRawPointer(arguments.right.pixel(row, 0))
    pitch = arguments.right.rowPitch
    whole = depth / Self.step &* Self.step
    rest = depth &- whole
    self.tails = tails
    self.count = min(count, 4)
    var sums = SIMD4<Int32>.zero
    tails.initializeMemory(as: UInt8.self, repeating: 0, count: Self.tailBytes)
    var index = 0
    while index < 4 {
      let from = first + min(index, self.count &- 1) &* pitch
      sums[index] = Int32(truncatingIfNeeded: byteSum(from.assumingMemoryBound(to: UInt8.self), depth))
      (tails + index &* Self.step).copyMemory(from: from + whole, byteCount: rest)
      index &+= 1
    }
    self.sums = sums
  }

  /// `Σ left·right` of two left rows with each of the four.
  @inline(__always)
  func products(_ a: UnsafeMutablePointer<UInt8>, _ b: UnsafeMutablePointer<UInt8>) -> Sums {
    let (a, b) = (UnsafeRawPointer(a), UnsafeRawPointer(b))
    let r0 = first
    let r1 = first + min(1, count &- 1) &* pitch
    let r2 = first + min(2, count &- 1) &* pitch
    let r3 = first + min(3, count &- 1) &* pitch
    var sums = FourPairs()
    var k = 0
    while k < whole {
      sums.add(a + k, b + k, r0 + k, r1 + k, r2 + k, r3 + k)
      k &+= Self.step
    }
    if rest > 0 {
      let left = tails + 4 &* Self.step
      left.copyMemory(from: a + whole, byteCount: rest)
      (left + Self.step).copyMemory(from: b + whole, byteCount: rest)
      let right = UnsafeRawPointer(tails)
      sums.add(
        UnsafeRawPointer(left), UnsafeRawPointer(left) + Self.step, right, right + Self.step, right + 2 &* Self.step,
        right + 3 &* Self.step)
    }
    return Sums(
      a: total(sums.a0, sums.a1, sums.a2, sums.a3), b: total(sums.b0, sums.b1, sums.b2, sums.b3),
      left: total(sums.a, sums.b, sums.a, sums.b))
  }
}

/// Of two left rows with four right ones.
private struct Sums {
  let a: SIMD4<Int32>
  let b: SIMD4<Int32>
  /// The sum of each left row alone, twice.
  let left: SIMD4<Int32>

  @inline(__always)
  func left(timesZero zero: Int32) -> (Int32, Int32) { (left[0] &* zero, left[1] &* zero) }
}

/// Sums of two left rows, alone and with four right ones, a vector of each.
private struct FourPairs {
  private let ones: Vector
  private(set) var a: Vector
  private(set) var b: Vector
  private(set) var a0: Vector
  private(set) var a1: Vector
  private(set) var a2: Vector
  private(set) var a3: Vector
  private(set) var b0: Vector
  private(set) var b1: Vector
  private(set) var b2: Vector
  private(set) var b3: Vector

  @inline(__always)
  init() {
    ones = rv_set16(1)
    (a, b) = (rv_zero(), rv_zero())
    (a0, a1, a2, a3) = (rv_zero(), rv_zero(), rv_zero(), rv_zero())
    (b0, b1, b2, b3) = (rv_zero(), rv_zero(), rv_zero(), rv_zero())
  }

  @inline(__always)
  mutating func add(
    _ left: UnsafeRawPointer, _ other: UnsafeRawPointer, _ r0: UnsafeRawPointer, _ r1: UnsafeRawPointer,
    _ r2: UnsafeRawPointer, _ r3: UnsafeRawPointer
  ) {
    let first = rv_widenu8to16(rv_load_half(left))
    let second = rv_widenu8to16(rv_load_half(other))
    a = rv_add32(a, rv_madd16(first, ones))
    b = rv_add32(b, rv_madd16(second, ones))
    var right = rv_widenu8to16(rv_load_half(r0))
    a0 = rv_add32(a0, rv_madd16(first, right))
    b0 = rv_add32(b0, rv_madd16(second, right))
    right = rv_widenu8to16(rv_load_half(r1))
    a1 = rv_add32(a1, rv_madd16(first, right))
    b1 = rv_add32(b1, rv_madd16(second, right))
    right = rv_widenu8to16(rv_load_half(r2))
    a2 = rv_add32(a2, rv_madd16(first, right))
    b2 = rv_add32(b2, rv_madd16(second, right))
    right = rv_widenu8to16(rv_load_half(r3))
    a3 = rv_add32(a3, rv_madd16(first, right))
    b3 = rv_add32(b3, rv_madd16(second, right))
  }
}

/// The sum of all elements of each of four vectors.
@inline(__always)
private func total(_ a: Vector, _ b: Vector, _ c: Vector, _ d: Vector) -> SIMD4<Int32> {
  let ab = rv_add32(rv_unpacklo32(a, b), rv_unpackhi32(a, b))
  let cd = rv_add32(rv_unpacklo32(c, d), rv_unpackhi32(c, d))
  // In each lane of 128 bits: a, c, b, d.
  var lanes = rv_add32(rv_unpacklo32(ab, cd), rv_unpackhi32(ab, cd))
  var sum = SIMD4<Int32>.zero
  withUnsafeBytes(of: &lanes) { bytes in
    var lane = 0
    while lane < vectorBytes {
      sum = sum &+ bytes.loadUnaligned(fromByteOffset: lane, as: SIMD4<Int32>.self)
      lane &+= 16
    }
  }
  return SIMD4(sum[0], sum[2], sum[1], sum[3])
}
