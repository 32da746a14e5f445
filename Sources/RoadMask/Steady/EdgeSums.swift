/// What ``PictureHealth`` adds up, row by row, sixteen pixels at a time.
struct EdgeSums {
  /// Pixels with |gx| + |gy| ≥ 16, and Σ of that and of |l| over them.
  var edges = 0
  var gradients = 0
  var bends = 0

  private typealias Words = SIMD16<Int16>
  private static let leastEdge: Int16 = 16
  /// Steps until a sum of 16 bits could overflow: 1020 each at most.
  private static let steps = 32

  static func light(_ row: UnsafePointer<UInt8>, count: Int) -> Int {
    var (sum, x) = (0, 0)
    while x < count {
      var part = Words()
      let end = min(count &- 15, x &+ 128 &* 16)
      while x < end {
        part = part &+ words(row + x)
        x &+= 16
      }
      sum &+= total(part)
      if x > count &- 16 {
        while x < count {
          sum &+= Int(row[x])
          x &+= 1
        }
      }
    }
    return sum
  }

  /// All pixels of a row but the first and the last; the rows above and below it follow and precede it in memory.
  mutating func add(_ row: UnsafePointer<UInt8>, width: Int) {
    var x = 1
    while x &+ 16 < width {
      var (count, slopes, curves) = (Words(), Words(), Words())
      var step = 0
      while step < Self.steps, x &+ 16 < width {
        let here = row + x
        let (left, right) = (Self.words(here - 1), Self.words(here + 1))
        let (above, below) = (Self.words(here - width), Self.words(here + width))
        let gradient = Self.magnitude(right &- left) &+ Self.magnitude(below &- above)
        let bend = Self.magnitude(Self.words(here) &<< 2 &- (left &+ right) &- (above &+ below))
        let isEdge = gradient .>= Self.leastEdge
        count = count &+ Words(repeating: 0).replacing(with: 1, where: isEdge)
        slopes = slopes &+ Words(repeating: 0).replacing(with: gradient, where: isEdge)
        curves = curves &+ Words(repeating: 0).replacing(with: bend, where: isEdge)
        x &+= 16
        step &+= 1
      }
      edges &+= Self.total(count)
      gradients &+= Self.total(slopes)
      bends &+= Self.total(curves)
    }
    while x < width &- 1 {
      addPixel(row + x, width)
      x &+= 1
    }
  }

  private mutating func addPixel(_ here: UnsafePointer<UInt8>, _ width: Int) {
    let (left, right) = (Int32(here[-1]), Int32(here[1]))
    let (above, below) = (Int32(here[-width]), Int32(here[width]))
    let gradient = abs(right &- left) &+ abs(below &- above)
    guard gradient >= Self.leastEdge else { return }
    edges &+= 1
    gradients &+= Int(gradient)
    bends &+= Int(abs(4 &* Int32(here[0]) &- left &- right &- above &- below))
  }

  @inline(__always)
  private static func words(_ place: UnsafePointer<UInt8>) -> Words {
    Words(truncatingIfNeeded: UnsafeRawPointer(place).loadUnaligned(as: SIMD16<UInt8>.self))
  }

  @inline(__always)
  private static func magnitude(_ words: Words) -> Words {
    (Words() &- words).replacing(with: words, where: words .> 0)
  }

  @inline(__always)
  private static func total(_ words: Words) -> Int {
    var sum = 0
    for index in 0..<16 { sum &+= Int(words[index]) }
    return sum
  }
}
