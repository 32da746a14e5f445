import RoadKernelContract

// Shared source: each instruction-set target compiles its own copy (a linked folder); the loop becomes vectors of its
// own width.

/// `Int16Rescaling` of many lanes with a sum each, for shifts of 17 and more.
///
/// The product has up to 77 bits. With `a = h·2^16 + l` the quotient `⌊(a·m + r) / 2^s⌋` is
/// `⌊(h·m + ⌊(l·m + r) / 2^16⌋) / 2^(s−16)⌋`, of which every number fits 64 bits and every factor 32.
struct Int16LaneRescaling {
  private let starts: UnsafePointer<Int64>
  private let roundings: UnsafePointer<Int64>
  private let shifts: UnsafePointer<Int64>
  private let multipliers: UnsafePointer<Int32>
  private let zeroPoint: Int64
  private let low: Int64
  private let high: Int64

  @inline(__always)
  init(_ arguments: Int16PackedArguments, _ panel: UnsafeRawPointer, _ layout: Int16PanelLayout) {
    starts = panel.assumingMemoryBound(to: Int64.self)
    roundings = (panel + layout.roundings).assumingMemoryBound(to: Int64.self)
    shifts = (panel + layout.shifts).assumingMemoryBound(to: Int64.self)
    multipliers = (panel + layout.multipliers).assumingMemoryBound(to: Int32.self)
    zeroPoint = arguments.zeroPoint
    (low, high) = (arguments.low, arguments.high)
  }

  @inline(__always)
  func store<Sum: FixedWidthInteger, Element: FixedWidthInteger>(
    _ sums: UnsafePointer<Sum>, _ to: UnsafeMutablePointer<Element>, _ count: Int
  ) {
    var lane = 0
    while lane < count {
      let sum = Int64(sums[lane]) &+ starts[lane]
      let factor = Int64(multipliers[lane])
      let upper = Int64(Int32(truncatingIfNeeded: sum &>> 16)) &* factor
      let lower = (sum & 0xFFFF) &* factor &+ roundings[lane]
      let quotient = (upper &+ lower &>> 16) &>> shifts[lane] &+ zeroPoint
      to[lane] = Element(truncatingIfNeeded: min(max(quotient, low), high))
      lane &+= 1
    }
  }
}

@inline(__always)
func fill<Element: FixedWidthInteger>(_ to: UnsafeMutablePointer<Element>, _ value: Element, _ count: Int) {
  var index = 0
  while index < count {
    to[index] = value
    index &+= 1
  }
}
