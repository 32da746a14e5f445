internal import CVectorUnit
import RoadKernelContract

// Shared source: each instruction-set target compiles its own copy (a linked folder) around its own `Vector`.

// MARK: Scaling

/// Plain arithmetic on 16 bits, which the compiler vectorizes for the target's instruction set.
@inline(__always)
func blendRow(_ arguments: UnsafePointer<BlendRowArguments>) {
  let (above, below, row) = (arguments.pointee.above, arguments.pointee.below, arguments.pointee.destination)
  let (high, low) = (arguments.pointee.weight &>> 4, arguments.pointee.weight & 15)
  let count = arguments.pointee.count
  var i = 0
  while i < count {
    let first = Int16(truncatingIfNeeded: above[i])
    let step = Int16(truncatingIfNeeded: below[i]) &- first
    row[i] = first &<< 7 &+ step &* high &+ (step &* low &+ 8) &>> 4
    i &+= 1
  }
}

/// Pixels of a vector of bytes at a time: a row's last ones overlap those before them. Fewer are computed one by one.
@inline(__always)
func interpolateRow(_ arguments: UnsafePointer<InterpolateRowArguments>) {
  let pixels = vectorBytes / 4
  let count = arguments.pointee.count
  var x = 0
  while count &- x >= pixels {
    interpolateVector(arguments, x)
    x &+= pixels
  }
  if x == count { return }
  if count >= pixels { return interpolateVector(arguments, count &- pixels) }
  while x < count {
    interpolatePixel(arguments, x)
    x &+= 1
  }
}

/// Each vector holds the two source pixels of `vectorBytes / 16` destination pixels.
@inline(__always)
private func interpolateVector(_ arguments: UnsafePointer<InterpolateRowArguments>, _ x: Int) {
  let pixels = vectorBytes / 16
  let first = rv_packs32(between(arguments, x), between(arguments, x &+ pixels))
  let second = rv_packs32(between(arguments, x &+ 2 &* pixels), between(arguments, x &+ 3 &* pixels))
  // Lane i of the bytes holds pixel i of each of the four vectors.
  rv_store(arguments.pointee.destination + 4 &* x, rv_transpose_lanes32(rv_packus16(first, second)))
}

/// Four channels of one destination pixel in each 128-bit lane.
@inline(__always)
private func between(_ arguments: UnsafePointer<InterpolateRowArguments>, _ x: Int) -> Vector {
  let pairs = rv_interleave_halves16(sourcePixels(arguments.pointee.row, arguments.pointee.offsets + x))
  let sums = rv_madd16(pairs, rv_load(arguments.pointee.weights + 8 &* x))
  return rv_srl32_18(rv_add32(sums, rv_set32(131072)))
}

@inline(__always)
private func interpolatePixel(_ arguments: UnsafePointer<InterpolateRowArguments>, _ x: Int) {
  let left = arguments.pointee.row + Int(arguments.pointee.offsets[x])
  let weights = arguments.pointee.weights + 8 &* x
  var channel = 0
  while channel < 4 {
    let sum =
      Int32(left[channel]) &* Int32(weights[0]) &+ Int32(left[channel &+ 4]) &* Int32(weights[1]) &+ 131072
    arguments.pointee.destination[4 &* x &+ channel] = UInt8(truncatingIfNeeded: sum &>> 18)
    channel &+= 1
  }
}

// MARK: Raw camera formats

/// A vector of pairs at a time, the last ones overlapping those before them.
@inline(__always)
func packedYUVRow(_ arguments: UnsafePointer<PackedYUVRowArguments>) {
  let converter = PackedYUV(arguments)
  let step = vectorBytes / 4
  let pairs = arguments.pointee.pairs
  var pair = 0
  while pairs &- pair >= step {
    converter.vector(arguments, pair)
    pair &+= step
  }
  if pair == pairs { return }
  if pairs >= step { return converter.vector(arguments, pairs &- step) }
  while pair < pairs {
    converter.pair(arguments, pair)
    pair &+= 1
  }
}

/// Products of two samples at a time; black, the chroma's middle and the rounding are folded into one number a colour.
private struct PackedYUV {
  private let red: Int32
  private let green: Int32
  private let blue: Int32

  @inline(__always)
  init(_ arguments: UnsafePointer<PackedYUVRowArguments>) {
    let a = arguments.pointee
    let start = 4096 &- Int32(a.luma) &* Int32(a.black)
    red = start &- 128 &* Int32(a.redV)
    green = start &+ 128 &* (Int32(a.greenU) &+ Int32(a.greenV))
    blue = start &- 128 &* Int32(a.blueU)
  }

  @inline(__always)
  private static func both(_ low: Int16, _ high: Int16) -> Vector {
    rv_set32(Int32(high) &<< 16 | Int32(low) & 0xFFFF)
  }

  @inline(__always)
  func vector(_ arguments: UnsafePointer<PackedYUVRowArguments>, _ pair: Int) {
    let a = arguments.pointee
    let bytes = rv_load(a.source + 4 &* pair)
    // Luma and chroma in the order of YUYV.
    let words = a.lumaFirst ? bytes : rv_swap_bytes16(bytes)
    let luma0 = rv_and(words, rv_set32(0xFF))
    let luma1 = rv_and(rv_srl32_16(words), rv_set32(0xFF))
    let chroma = rv_srl16_8(words)
    let u = rv_and(chroma, rv_set32(0xFF))
    let v = rv_srl32_16(chroma)
    let greens = rv_madd16(chroma, Self.both(0 &- a.greenU, 0 &- a.greenV))
    let (first, second) = (
      pixels(a, luma0, u, v, greens), pixels(a, luma1, u, v, greens)
    )
    let (low, high) = (rv_unpacklo32(first, second), rv_unpackhi32(first, second))
    let to = a.destination + 8 &* pair
    rv_store(to, rv_zip_lanes_low(low, high))
    rv_store(to + vectorBytes, rv_zip_lanes_high(low, high))
  }

  /// RGBX of the pixels with these lumas: one a 32-bit element.
  @inline(__always)
  private func pixels(
    _ a: PackedYUVRowArguments, _ luma: Vector, _ u: Vector, _ v: Vector, _ greens: Vector
  ) -> Vector {
    let r = rv_madd16(rv_or(luma, rv_sll32_16(v)), Self.both(a.luma, a.redV))
    let b = rv_madd16(rv_or(luma, rv_sll32_16(u)), Self.both(a.luma, a.blueU))
    let g = rv_add32(rv_madd16(luma, Self.both(a.luma, 0)), greens)
    let redBlue = rv_packs32(
      rv_sra32_13(rv_add32(r, rv_set32(red))), rv_sra32_13(rv_add32(b, rv_set32(blue))))
    let greenOne = rv_packs32(rv_sra32_13(rv_add32(g, rv_set32(green))), rv_set32(255))
    // A lane: four reds, then four blues; four greens, then four times 255. Bytes: RG RG RG RG, BX BX BX BX.
    let bytes = rv_packus16(rv_unpacklo16(redBlue, greenOne), rv_unpackhi16(redBlue, greenOne))
    return rv_interleave_halves16(bytes)
  }

  @inline(__always)
  func pair(_ arguments: UnsafePointer<PackedYUVRowArguments>, _ pair: Int) {
    let a = arguments.pointee
    let bytes = a.source + 4 &* pair
    let (luma, chroma) = a.lumaFirst ? (0, 1) : (1, 0)
    let (u, v) = (Int32(bytes[chroma]), Int32(bytes[chroma &+ 2]))
    var pixel = 0
    while pixel < 2 {
      let y = Int32(bytes[luma &+ 2 &* pixel]) &* Int32(a.luma)
      let to = a.destination + 4 &* (2 &* pair &+ pixel)
      to[0] = Self.byte(y &+ Int32(a.redV) &* v &+ red)
      to[1] = Self.byte(y &- Int32(a.greenU) &* u &- Int32(a.greenV) &* v &+ green)
      to[2] = Self.byte(y &+ Int32(a.blueU) &* u &+ blue)
      to[3] = 255
      pixel &+= 1
    }
  }

  @inline(__always)
  private static func byte(_ q13: Int32) -> UInt8 {
    let value = q13 &>> 13
    return UInt8(truncatingIfNeeded: value < 0 ? 0 : value > 255 ? 255 : value)
  }
}

// MARK: Overlay

/// A vector of pixels at a time: 255 where something holds, 0 where not.
@inline(__always)
func roadCodesRow(_ arguments: UnsafePointer<RoadCodesArguments>) {
  let count = arguments.pointee.count
  var x = 0
  while count &- x >= vectorBytes {
    roadCodesVector(arguments, x)
    x &+= vectorBytes
  }
  if x == count { return }
  if count >= vectorBytes { return roadCodesVector(arguments, count &- vectorBytes) }
  while x < count {
    roadCode(arguments, x)
    x &+= 1
  }
}

@inline(__always)
private func roadCodesVector(_ arguments: UnsafePointer<RoadCodesArguments>, _ x: Int) {
  let a = arguments.pointee
  let road = rv_set8(a.road)
  @inline(__always)
  func isRoad(_ pixels: UnsafePointer<UInt8>) -> Vector { rv_equal8(rv_load(pixels), road) }
  let own = rv_load(a.row + x)
  let (left, right) = (isRoad(a.row + x - 1), isRoad(a.row + x + 1))
  let (up, down) = (isRoad(a.up + x), isRoad(a.down + x))
  let all = rv_and(rv_and(left, right), rv_and(up, down))
  let far = rv_and(
    rv_and(isRoad(a.row + x - a.thickness), isRoad(a.row + x + a.thickness)),
    rv_and(isRoad(a.farUp + x), isRoad(a.farDown + x)))
  let any = rv_or(rv_or(left, right), rv_or(up, down))
  let plain = a.plain.map { rv_set8($0) } ?? own
  let inside = rv_select(rv_and(all, far), road, rv_set8(a.outline))
  let beside = rv_select(any, rv_set8(a.fringe), plain)
  rv_store(a.destination + x, rv_select(rv_equal8(own, road), inside, beside))
}

@inline(__always)
private func roadCode(_ arguments: UnsafePointer<RoadCodesArguments>, _ x: Int) {
  let a = arguments.pointee
  let own = a.row[x]
  let near =
    (a.row[x &- 1] == a.road ? 1 : 0) &+ (a.row[x &+ 1] == a.road ? 1 : 0) &+ (a.up[x] == a.road ? 1 : 0)
    &+ (a.down[x] == a.road ? 1 : 0)
  let isDeep =
    near == 4 && a.row[x &- a.thickness] == a.road && a.row[x &+ a.thickness] == a.road && a.farUp[x] == a.road
    && a.farDown[x] == a.road
  if own == a.road {
    a.destination[x] = isDeep ? a.road : a.outline
  } else {
    a.destination[x] = near > 0 ? a.fringe : a.plain ?? own
  }
}
