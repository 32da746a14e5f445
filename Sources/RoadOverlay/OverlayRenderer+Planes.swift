import RoadFrame
import RoadMask

/// A colour to blend luma and chroma with, by the rule of ``Paint``.
struct PlanePaint {
  var keep: UInt16
  var luma: UInt16
  var u: UInt16
  var v: UInt16

  init(_ paint: Paint) {
    let colour = JFIF(paint.colour)
    func part(_ value: Int32) -> UInt16 { UInt16(Int(value) * paint.weight + (paint.weight == 0 ? 0 : 127)) }
    keep = paint.keep
    luma = part(colour.luma)
    u = part(colour.u)
    v = part(colour.v)
  }

  @inline(__always)
  static func blend(_ samples: UnsafeMutablePointer<UInt8>, count: Int, keep: UInt16, add: UInt16) {
    for x in 0..<count { samples[x] = UInt8(truncatingIfNeeded: (UInt16(samples[x]) &* keep &+ add) &>> 8) }
  }
}

/// A colour as luma and chroma of full range, by the formulas of JFIF.
struct JFIF {
  let luma: Int32
  let u: Int32
  let v: Int32

  init(_ colour: Colour) {
    let (red, green, blue) = (Int32(colour.red), Int32(colour.green), Int32(colour.blue))
    luma = (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16
    u = min((32768 * blue - 11059 * red - 21709 * green + 32768) >> 16 + 128, 255)
    v = min((32768 * red - 27439 * green - 5329 * blue + 32768) >> 16 + 128, 255)
  }
}

extension OverlayRenderer {
  /// Luma is painted pixel by pixel; a chroma sample gets the mean of what its four pixels would do to it.
  func draw(_ map: ClassMap, on planes: PlanarPicture, rows: Range<Int>, confidence: ClassMap?) {
    precondition(map.size == size && planes.size == size, "map \(map.size), planes \(planes.size), made for \(size)")
    precondition(rows.lowerBound >= 0 && rows.upperBound <= size.height, "rows \(rows) of \(size.height)")
    precondition(planes.sampling == .halfBoth, "planes of \(planes.sampling)")
    guard let classes = UnsafePointer(map.bytes.baseAddress) else { return }
    for pair in (rows.lowerBound + 1) / 2..<(rows.upperBound + 1) / 2 {
      let (upper, lower) = (2 * pair, min(2 * pair + 1, size.height - 1))
      let (above, below) = (codes + upper * size.width, codes + lower * size.width)
      encode(classes, y: upper, into: above)
      if lower != upper { encode(classes, y: lower, into: below) }
      if let confidence {
        colour(above, y: upper, confidence)
        if lower != upper { colour(below, y: lower, confidence) }
      }
      paintLuma(planes.luma + upper * planes.lumaPitch, codes: above)
      if lower != upper { paintLuma(planes.luma + lower * planes.lumaPitch, codes: below) }
      paintChroma(planes.u + pair * planes.chromaPitch, planes.v + pair * planes.chromaPitch, above, below)
    }
  }

  private func paintLuma(_ samples: UnsafeMutablePointer<UInt8>, codes: UnsafePointer<UInt8>) {
    var start = 0
    while start < size.width {
      let end = Self.endOfRun(codes, from: start, width: size.width)
      let paint = planePaints[Int(codes[start])]
      if paint.keep < 256 {
        PlanePaint.blend(samples + start, count: end - start, keep: paint.keep, add: paint.luma)
      }
      start = end
    }
  }

  /// Runs in which neither row changes its paint, and single samples between them.
  private func paintChroma(
    _ u: UnsafeMutablePointer<UInt8>, _ v: UnsafeMutablePointer<UInt8>, _ above: UnsafePointer<UInt8>,
    _ below: UnsafePointer<UInt8>
  ) {
    let width = size.width
    var (start, endAbove, endBelow) = (0, 0, 0)
    while start < width {
      if endAbove <= start { endAbove = Self.endOfRun(above, from: start, width: width) }
      if endBelow <= start { endBelow = Self.endOfRun(below, from: start, width: width) }
      let change = min(endAbove, endBelow)
      // At an odd right edge the last pixel counts twice.
      let end = change == width ? width + width % 2 : change / 2 * 2
      if end > start {
        let mix = ChromaMix(planePaints, above[start], above[start], below[start], below[start])
        if mix.changes { mix.blend(u + start / 2, v + start / 2, count: (end - start) / 2) }
        start = end
      } else {
        let next = min(start + 1, width - 1)
        let mix = ChromaMix(planePaints, above[start], above[next], below[start], below[next])
        if mix.changes { mix.blend(u + start / 2, v + start / 2, count: 1) }
        start += 2
      }
    }
  }
}

/// What four paints together do to the sample that they share.
private struct ChromaMix {
  private var keep: UInt32
  private var u: UInt32
  private var v: UInt32

  @inline(__always)
  init(_ paints: UnsafeMutablePointer<PlanePaint>, _ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) {
    let (a, b, c, d) = (paints[Int(a)], paints[Int(b)], paints[Int(c)], paints[Int(d)])
    keep = UInt32(a.keep) &+ UInt32(b.keep) &+ UInt32(c.keep) &+ UInt32(d.keep)
    u = UInt32(a.u) &+ UInt32(b.u) &+ UInt32(c.u) &+ UInt32(d.u)
    v = UInt32(a.v) &+ UInt32(b.v) &+ UInt32(c.v) &+ UInt32(d.v)
  }

  var changes: Bool { keep < 1024 }

  @inline(__always)
  func blend(_ uSamples: UnsafeMutablePointer<UInt8>, _ vSamples: UnsafeMutablePointer<UInt8>, count: Int) {
    // Four like paints: the sums without their factor of four, which fit 16 bits.
    if keep & 3 == 0, u & 3 == 0, v & 3 == 0 {
      PlanePaint.blend(uSamples, count: count, keep: UInt16(keep / 4), add: UInt16(u / 4))
      PlanePaint.blend(vSamples, count: count, keep: UInt16(keep / 4), add: UInt16(v / 4))
      return
    }
    for x in 0..<count {
      uSamples[x] = UInt8(truncatingIfNeeded: (UInt32(uSamples[x]) &* keep &+ u) &>> 10)
      vSamples[x] = UInt8(truncatingIfNeeded: (UInt32(vSamples[x]) &* keep &+ v) &>> 10)
    }
  }
}
