import RoadBase

/// What the markers of a JPEG tell before a pixel is decoded: where it begins and ends, its size, kind and orientation,
/// and whether it has one of the harmless oddities that libjpeg would warn of.
///
/// Empty pictures before the first real one and doubled start markers are passed over, as other readers do.
struct JPEGLayout {
  /// From the start marker to behind the end marker, or to where the next picture begins or the bytes end.
  var range: Range<Int>
  var hasEndMarker = false
  /// As stored; ``orientation`` tells how it is shown.
  var size = PictureSize(width: 0, height: 0)
  var bitsPerSample = 0
  var components = 0
  /// SOF0…SOF15.
  var process: UInt8 = 0
  var orientation = Orientation.upright
  /// Whether ``JPEGRepair`` is needed before decoding, lest a harmless warning hides a true one.
  var needsRepair = false
  /// Zero bytes behind the picture data, which are padding; the few that any picture's data may end with are not
  /// counted.
  private(set) var trailingZeros = 0
  /// Whether the scans, each taken as whole, hold every bit of every coefficient.
  var isComplete: Bool { scans.areComplete(components: components) }

  private var scans = ScanCoverage()
  private(set) var tables = JPEGTables()

  var isProgressive: Bool { process & 3 == 2 }
  /// Baseline, extended or progressive, Huffman or arithmetic: what libjpeg-turbo knows.
  var isKnownProcess: Bool { [0xC0, 0xC1, 0xC2, 0xC9, 0xCA].contains(process) }

  /// - Returns: why it is no JPEG with pixels, or its layout.
  static func of(_ bytes: UnsafeRawBufferPointer) -> Result<JPEGLayout, FrameFlaw> {
    guard bytes.count > 4, bytes[0] == 0xFF, bytes[1] == JPEGMarker.startOfImage else {
      return .failure(FrameFlaw(.undecodable))
    }
    var layout = JPEGLayout(range: 0..<bytes.count)
    var markers = JPEGMarkers(bytes, from: 0)
    var hasScan = false
    while let marker = markers.next() {
      if marker.code == JPEGMarker.startOfImage {
        if hasScan {
          layout.range = layout.range.lowerBound..<marker.at
          break
        }
        layout = JPEGLayout(range: marker.at..<bytes.count)
      } else if marker.code == JPEGMarker.endOfImage {
        guard hasScan else { continue }
        layout.hasEndMarker = true
        layout.range = layout.range.lowerBound..<marker.end
        break
      } else {
        layout.note(marker, bytes)
        hasScan = hasScan || marker.code == JPEGMarker.startOfScan && layout.process != 0
      }
    }
    if hasScan {
      layout.countTrailingZeros(bytes)
      return .success(layout)
    }
    // Without even a frame header it is no picture; with one it is the beginning of one.
    let isBeginning = layout.process != 0 || markers.isCut
    return .failure(FrameFlaw(isBeginning ? .truncated : .undecodable))
  }

  private mutating func note(_ marker: JPEGMarker, _ bytes: UnsafeRawBufferPointer) {
    let parameters = UnsafeRawBufferPointer(rebasing: bytes[marker.parameters])
    if marker.surplus > 0 { needsRepair = true }
    if JPEGRepair.isOdd(marker, parameters, isProgressive: isProgressive) { needsRepair = true }
    if marker.isFrame, process == 0, parameters.count >= 6 {
      process = marker.code
      bitsPerSample = Int(parameters[0])
      size = PictureSize(
        width: Int(parameters[3]) << 8 | Int(parameters[4]), height: Int(parameters[1]) << 8 | Int(parameters[2]))
      components = Int(parameters[5])
      scans.frame(parameters)
      tables.frame(parameters)
    } else if marker.code == 0xE1, parameters.count > 6, Self.startsWithExif(parameters), orientation == .upright {
      orientation = Orientation(exif: UnsafeRawBufferPointer(rebasing: parameters[6...]))
    } else if marker.code == JPEGMarker.startOfScan {
      scans.add(parameters, isProgressive: isProgressive)
      tables.scan(parameters, process: process)
      if tables.lacksStandard { needsRepair = true }
    } else if marker.code == JPEGMarker.huffmanTables {
      tables.addHuffman(parameters)
    } else if marker.code == JPEGMarker.quantizationTables {
      tables.addQuantization(parameters)
    }
  }

  private mutating func countTrailingZeros(_ bytes: UnsafeRawBufferPointer) {
    var at = hasEndMarker ? range.upperBound - 2 : range.upperBound
    let end = at
    while at > range.lowerBound, bytes[at - 1] == 0 { at -= 1 }
    trailingZeros = max(end - at - Self.zerosThatMayBeData, 0)
    if trailingZeros > 0 { needsRepair = true }
  }

  /// The usual tables code flat chroma of a block as four zero bits, two blocks together between ones of luma: at most
  /// one byte, and one more of the block before. More would let zeros stand in for the lost end of a picture.
  private static let zerosThatMayBeData = 2

  /// The same picture with all zeros at its end taken for data.
  var withZerosAsData: JPEGLayout {
    var layout = self
    layout.trailingZeros = 0
    return layout
  }

  private static func startsWithExif(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let word: StaticString = "Exif\0\0"
    return (0..<6).allSatisfy { bytes[$0] == word.utf8Start[$0] }
  }

  /// Why a picture with sound markers is not decoded all the same.
  func refusal(maximumPixels: Int) -> CorruptFrame? {
    // The height may stand behind the first scan (DNL), which libjpeg does not read.
    if size.height == 0 || !isKnownProcess { return .unsupportedProcess }
    if size.width == 0 || components == 0 { return .undecodable }
    if bitsPerSample != 8 { return .tooManyBits }
    if components == 4 { return .cmyk }
    if tables.lacksOther { return hasEndMarker ? .undecodable : .truncated }
    guard Picture.sides.contains(size.width), Picture.sides.contains(size.height), size.pixels <= maximumPixels else {
      return .tooLarge
    }
    return nil
  }
}

/// Which bits of which coefficients the scans of a JPEG have brought: libjpeg takes a picture whose last scans are
/// missing for a whole one.
private struct ScanCoverage {
  private var identifiers = SIMD4<UInt8>(repeating: 0)
  /// By component: of each coefficient the lowest bit that was sent; -1 for none.
  private var lowestBit = (Self.nothing, Self.nothing, Self.nothing, Self.nothing)

  private static var nothing: SIMD64<Int8> { SIMD64(repeating: -1) }

  mutating func frame(_ parameters: UnsafeRawBufferPointer) {
    for index in 0..<min(Int(parameters[5]), 4) where 6 + 3 * index < parameters.count {
      identifiers[index] = parameters[6 + 3 * index]
    }
  }

  mutating func add(_ parameters: UnsafeRawBufferPointer, isProgressive: Bool) {
    guard let count = parameters.first.map({ Int($0) }), parameters.count >= 4 + 2 * count else { return }
    var (first, last, low) = (0, 63, 0)
    if isProgressive {
      first = Int(parameters[1 + 2 * count])
      last = Int(parameters[2 + 2 * count])
      low = Int(parameters[3 + 2 * count] & 15)
    }
    guard first <= last, last < 64 else { return }
    for scanned in 0..<count {
      for index in 0..<4 where identifiers[index] == parameters[1 + 2 * scanned] {
        for coefficient in first...last { set(index, coefficient, Int8(low)) }
      }
    }
  }

  private mutating func set(_ component: Int, _ coefficient: Int, _ bit: Int8) {
    switch component {
    case 0: lowestBit.0[coefficient] = bit
    case 1: lowestBit.1[coefficient] = bit
    case 2: lowestBit.2[coefficient] = bit
    default: lowestBit.3[coefficient] = bit
    }
  }

  func areComplete(components: Int) -> Bool {
    let whole = SIMD64<Int8>(repeating: 0)
    return (components < 1 || lowestBit.0 == whole) && (components < 2 || lowestBit.1 == whole)
      && (components < 3 || lowestBit.2 == whole) && (components < 4 || lowestBit.3 == whole)
  }
}
