import RoadKernelContract
import RoadModel

/// A part of a convolution's output, and the taps that see the source's picture from it.
///
/// The other taps see nothing but the zero-point, which adds nothing to the sum: a 3x3 convolution with a dilation as
/// wide as its picture (the last of DeepLabv3's pyramid at a small input) is a 1x1 convolution.
struct TapRegion: Equatable {
  var rows: Range<Int>
  var columns: Range<Int>
  var kernelRows: Range<Int>
  var kernelColumns: Range<Int>

  /// Products of one input and one output channel.
  var products: Int { rows.count * columns.count * kernelRows.count * kernelColumns.count }

  /// Below this, narrow tiles and weights read more often eat what is saved.
  private static let smallest = (columns: 4, pixels: 32)

  /// The regions of an output, if computing them apart saves a fifth of the products or more.
  static func regions(_ window: WindowGeometry, from: PlaneShape, to: PlaneShape) -> [TapRegion]? {
    let rows = bands(to.height, window.kernelHeight) { (0..<from.height).contains(window.sourceRow($0, $1)) }
    let columns = bands(to.width, window.kernelWidth) { (0..<from.width).contains(window.sourceColumn($0, $1)) }
    let regions = rows.flatMap { row in
      columns.map { TapRegion(rows: row.pixels, columns: $0.pixels, kernelRows: row.taps, kernelColumns: $0.taps) }
    }
    let whole = to.height * to.width * window.kernelHeight * window.kernelWidth
    let areWide = regions.allSatisfy {
      $0.columns.count >= min(smallest.columns, to.width)
        && $0.rows.count * $0.columns.count >= min(smallest.pixels, to.height * to.width)
    }
    return areWide && regions.reduce(0) { $0 + $1.products } * 5 <= whole * 4 ? regions : nil
  }

  /// Neighbours whose taps are the same; one tap at least, so that there is something to run.
  private static func bands(
    _ count: Int, _ taps: Int, sees: (_ pixel: Int, _ tap: Int) -> Bool
  ) -> [(pixels: Range<Int>, taps: Range<Int>)] {
    var bands: [(pixels: Range<Int>, taps: Range<Int>)] = []
    for pixel in 0..<count {
      let seen = (0..<taps).filter { sees(pixel, $0) }
      let range = (seen.first ?? 0)..<((seen.last ?? 0) + 1)
      if let last = bands.last, last.taps == range {
        bands[bands.count - 1].pixels = last.pixels.lowerBound..<pixel + 1
      } else {
        bands.append((pixel..<pixel + 1, range))
      }
    }
    return bands
  }

  /// The region's own window, which begins at pixel (0, 0) of ``source(_:_:)``.
  func window(of whole: WindowGeometry) -> WindowGeometry {
    var window = whole
    (window.kernelHeight, window.kernelWidth) = (kernelRows.count, kernelColumns.count)
    (window.padTop, window.padLeft) = (0, 0)
    return window
  }

  /// The source from where the first tap of row 0 and of the region's first column lies.
  func source(_ view: TensorView, _ whole: WindowGeometry) -> TensorView {
    var view = view
    view.base = view.pixel(
      whole.sourceRow(0, kernelRows.lowerBound), whole.sourceColumn(columns.lowerBound, kernelColumns.lowerBound))
    return view
  }

  /// All rows of the region's columns.
  func destination(_ view: TensorView) -> TensorView {
    var view = view
    view.base = view.pixel(0, columns.lowerBound)
    view.width = columns.count
    return view
  }
}

extension WeightLayer {
  /// The weights of some taps; everything else as it is.
  func taps(_ rows: Range<Int>, _ columns: Range<Int>) -> WeightLayer {
    var some: [Int8] = []
    some.reserveCapacity(outputChannels * rows.count * columns.count * inputChannels)
    for output in 0..<outputChannels {
      for row in rows {
        let start = ((output * kernelHeight + row) * kernelWidth + columns.lowerBound) * inputChannels
        some += weights[start..<start + columns.count * inputChannels]
      }
    }
    return WeightLayer(
      outputChannels: outputChannels, inputChannels: inputChannels, kernelHeight: rows.count,
      kernelWidth: columns.count, weights: some, bias: bias, shift: shift, multiplier: multiplier,
      onnxRuntimeFactors: onnxRuntimeFactors, inputZeroPoint: inputZeroPoint)
  }
}
