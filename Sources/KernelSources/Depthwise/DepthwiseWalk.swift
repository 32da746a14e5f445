import RoadKernelContract

// The walk over rows and columns that every depthwise convolution shares; each instruction-set target compiles its own
// copy (a linked folder) around its own `BlockSums`, `Column` and strips.

/// Where the strips of a row start, in bytes after the first one: with few channels a vector holds the same channels of
/// pixels that lie a half or a quarter of the row apart.
struct StripOffsets {
  let second: Int
  let third: Int
  let fourth: Int
  /// Pixels in each strip.
  let pixels: Int

  /// - Parameters:
  ///   - count: pixels of the row; strips overlap where they do not divide it.
  @inline(__always)
  init(count: Int, strips: Int, step: Int) {
    pixels = (count &+ strips &- 1) / strips
    let last = count &- pixels
    second = min(pixels, last) &* step
    third = min(2 &* pixels, last) &* step
    fourth = min(3 &* pixels, last) &* step
  }
}

/// How a block of channels lies in a vector: one pixel's channels, or fewer channels of pixels in several strips.
protocol Strips {
  static var strips: Int { get }
  static func load(_ pointer: UnsafeRawPointer, _ offsets: StripOffsets) -> RowBytes
  static func store(_ pointer: UnsafeMutableRawPointer, _ offsets: StripOffsets, _ bytes: PixelBytes)
  /// One after the other, for sums that narrow better together.
  static func store(
    _ first: BlockSums, _ second: BlockSums, _ firstPointer: UnsafeMutableRawPointer,
    _ secondPointer: UnsafeMutableRawPointer, _ offsets: StripOffsets, _ table: UnsafeRawPointer,
    _ requantizer: Requantizer)
}

extension Strips {
  @inline(__always)
  static func store(
    _ first: BlockSums, _ second: BlockSums, _ firstPointer: UnsafeMutableRawPointer,
    _ secondPointer: UnsafeMutableRawPointer, _ offsets: StripOffsets, _ table: UnsafeRawPointer,
    _ requantizer: Requantizer
  ) {
    store(firstPointer, offsets, first.requantized(table, requantizer))
    store(secondPointer, offsets, second.requantized(table, requantizer))
  }
}

struct DepthwiseWalk {
  private let window: WindowGeometry
  private let firstRow: Int
  private let endRow: Int
  private let width: Int
  private let sourceRowPitch: Int
  private let sourcePixelPitch: Int
  private let rowPitch: Int
  private let pixelPitch: Int
  private let requantizer: Requantizer
  private var source: UnsafeRawPointer
  private var destination: UnsafeMutableRawPointer
  private var table: UnsafeRawPointer

  @inline(__always)
  init(_ arguments: UnsafePointer<DepthwiseArguments>, _ firstRow: Int, _ endRow: Int) {
    let (from, to) = (arguments.pointee.source, arguments.pointee.destination)
    window = arguments.pointee.window
    self.firstRow = firstRow
    self.endRow = endRow
    width = to.width
    sourceRowPitch = from.rowPitch
    sourcePixelPitch = from.pixelPitch
    rowPitch = to.rowPitch
    pixelPitch = to.pixelPitch
    requantizer = Requantizer(arguments)
    source = UnsafeRawPointer(from.base - (window.padTop &* from.rowPitch &+ window.padLeft &* from.pixelPitch))
    destination = UnsafeMutableRawPointer(to.base)
    table = arguments.pointee.packed
  }

  enum Path { case rowPairs, stride2, anyWindow }

  /// The fastest way to walk this window.
  @inline(__always)
  var path: Path {
    guard window.kernelHeight == 3 && window.kernelWidth == 3 else { return .anyWindow }
    if window.strideHeight == 1 && window.strideWidth == 1 { return .rowPairs }
    return window.strideWidth == 2 && window.dilationWidth == 1 ? .stride2 : .anyWindow
  }

  /// Weights of each kernel column for each 4 kernel rows; those of the lower of two output rows follow for a height of
  /// 3.
  @inline(__always)
  mutating func endBlock(_ channels: Int) {
    let groups = (window.kernelHeight &+ 3) >> 2
    let phases = window.kernelHeight == 3 ? 2 : 1
    table += BlockSums.tableBytes &+ groups &* window.kernelWidth &* phases &* BlockSums.columnBytes
    source += channels
    destination += channels
  }

  /// Rows y and y + dilation share three of their four source rows.
  @inline(__always)
  func rowPairs<S: Strips>(_: S.Type) {
    let dilation = window.dilationHeight
    var start = firstRow
    while start < endRow {
      var y = start
      while y < start &+ dilation && y < endRow {
        let hasLower = y &+ dilation < endRow
        let rowStep = dilation &* sourceRowPitch
        let rows = SourceRows(source + y &* sourceRowPitch, rowStep, hasLower ? rowStep : 0)
        let upper = destination + y &* rowPitch
        let lower = hasLower ? upper + dilation &* rowPitch : upper
        var x = 0
        // A dilated row falls apart into chains of every d-th pixel, each with its columns shared.
        while x < window.dilationWidth && x < width {
          chain(S.self, rows.moved(x &* sourcePixelPitch), upper + x &* pixelPitch, lower + x &* pixelPitch, x)
          x &+= 1
        }
        y &+= 1
      }
      start &+= 2 &* dilation
    }
  }

  @inline(__always)
  private func chain<S: Strips>(
    _: S.Type, _ rows: SourceRows, _ upper: UnsafeMutableRawPointer, _ lower: UnsafeMutableRawPointer, _ first: Int
  ) {
    let dilation = window.dilationWidth
    let count = dilation == 1 ? width : (width &- first &+ dilation &- 1) / dilation
    let (fromStep, toStep) = (dilation &* sourcePixelPitch, dilation &* pixelPitch)
    let from = StripOffsets(count: count, strips: S.strips, step: fromStep)
    let to = StripOffsets(count: count, strips: S.strips, step: toStep)
    var left = rows.column(S.self, 0, from)
    var middle = rows.column(S.self, fromStep, from)
    var offset = 2 &* fromStep
    var place = 0
    var count3 = from.pixels / 3
    while count3 > 0 {
      let right = rows.column(S.self, offset, from)
      pair(S.self, left, middle, right, upper + place, lower + place, to)
      left = rows.column(S.self, offset &+ fromStep, from)
      pair(S.self, middle, right, left, upper + place + toStep, lower + place + toStep, to)
      middle = rows.column(S.self, offset &+ 2 &* fromStep, from)
      pair(S.self, right, left, middle, upper + place + 2 &* toStep, lower + place + 2 &* toStep, to)
      offset &+= 3 &* fromStep
      place &+= 3 &* toStep
      count3 &-= 1
    }
    var rest = from.pixels % 3
    while rest > 0 {
      let right = rows.column(S.self, offset, from)
      pair(S.self, left, middle, right, upper + place, lower + place, to)
      left = middle
      middle = right
      offset &+= fromStep
      place &+= toStep
      rest &-= 1
    }
  }

  /// Two output pixels, one above the other. The lower is stored first: without a lower row both go to the same place.
  @inline(__always)
  private func pair<S: Strips>(
    _: S.Type, _ left: Column, _ middle: Column, _ right: Column, _ upper: UnsafeMutableRawPointer,
    _ lower: UnsafeMutableRawPointer, _ offsets: StripOffsets
  ) {
    let weights = table + BlockSums.tableBytes
    var above = BlockSums(bias: table)
    var below = BlockSums(bias: table)
    above.addUpper(left, weights)
    below.addLower(left, weights)
    above.addUpper(middle, weights + BlockSums.columnBytes)
    below.addLower(middle, weights + BlockSums.columnBytes)
    above.addUpper(right, weights + 2 &* BlockSums.columnBytes)
    below.addLower(right, weights + 2 &* BlockSums.columnBytes)
    S.store(below, above, lower, upper, offsets, table, requantizer)
  }

  /// The right column of a pixel is the left one of the next.
  @inline(__always)
  func rowsOfStride2<S: Strips>(_: S.Type) {
    let step = 2 &* sourcePixelPitch
    let from = StripOffsets(count: width, strips: S.strips, step: step)
    let to = StripOffsets(count: width, strips: S.strips, step: pixelPitch)
    let weights = table + BlockSums.tableBytes
    var y = firstRow
    while y < endRow {
      let rows = SourceRows(
        source + y &* window.strideHeight &* sourceRowPitch, window.dilationHeight &* sourceRowPitch, 0)
      let row = destination + y &* rowPitch
      var left = rows.column(S.self, 0, from)
      var x = 0
      while x < from.pixels {
        let middle = rows.column(S.self, x &* step &+ sourcePixelPitch, from)
        let right = rows.column(S.self, x &* step &+ step, from)
        var sums = BlockSums(bias: table)
        sums.addUpper(left, weights)
        sums.addUpper(middle, weights + BlockSums.columnBytes)
        sums.addUpper(right, weights + 2 &* BlockSums.columnBytes)
        S.store(row + x &* pixelPitch, to, sums.requantized(table, requantizer))
        left = right
        x &+= 1
      }
      y &+= 1
    }
  }

  /// Four kernel rows at a time; rows past the kernel's last repeat that one, under zero weights.
  @inline(__always)
  func rowsOfAnyWindow<S: Strips>(_: S.Type) {
    let step = window.strideWidth &* sourcePixelPitch
    let from = StripOffsets(count: width, strips: S.strips, step: step)
    let to = StripOffsets(count: width, strips: S.strips, step: pixelPitch)
    var y = firstRow
    while y < endRow {
      let first = source + y &* window.strideHeight &* sourceRowPitch
      var x = 0
      while x < from.pixels {
        let sums = pixelOfAnyWindow(S.self, first + x &* step, from)
        S.store(destination + (y &* rowPitch &+ x &* pixelPitch), to, sums.requantized(table, requantizer))
        x &+= 1
      }
      y &+= 1
    }
  }

  @inline(__always)
  private func pixelOfAnyWindow<S: Strips>(_: S.Type, _ first: UnsafeRawPointer, _ offsets: StripOffsets) -> BlockSums {
    let rowStep = window.dilationHeight &* sourceRowPitch
    let columnStep = window.dilationWidth &* sourcePixelPitch
    var weights = table + BlockSums.tableBytes
    var sums = BlockSums(bias: table)
    var row = 0
    while row < window.kernelHeight {
      let below = window.kernelHeight &- 1 &- row
      let rows = SourceRows(
        first + row &* rowStep, second: min(below, 1) &* rowStep, third: min(below, 2) &* rowStep,
        fourth: min(below, 3) &* rowStep)
      var column = 0
      while column < window.kernelWidth {
        sums.add(rows.column(S.self, column &* columnStep, offsets), weights)
        weights += BlockSums.columnBytes
        column &+= 1
      }
      row &+= 4
    }
    return sums
  }
}

/// The four source rows that are interleaved.
struct SourceRows {
  private let first: UnsafeRawPointer
  private let second: Int
  private let third: Int
  private let fourth: Int

  /// The fourth row lies `lastStep` below the third; 0 repeats it where nothing may be read below.
  @inline(__always)
  init(_ first: UnsafeRawPointer, _ step: Int, _ lastStep: Int) {
    self.init(first, second: step, third: 2 &* step, fourth: 2 &* step &+ lastStep)
  }

  @inline(__always)
  init(_ first: UnsafeRawPointer, second: Int, third: Int, fourth: Int) {
    self.first = first
    self.second = second
    self.third = third
    self.fourth = fourth
  }

  @inline(__always)
  func moved(_ bytes: Int) -> SourceRows { SourceRows(first + bytes, second: second, third: third, fourth: fourth) }

  @inline(__always)
  func column<S: Strips>(_: S.Type, _ offset: Int, _ offsets: StripOffsets) -> Column {
    let start = first + offset
    return Column(
      S.load(start, offsets), S.load(start + second, offsets), S.load(start + third, offsets),
      S.load(start + fourth, offsets))
  }
}
