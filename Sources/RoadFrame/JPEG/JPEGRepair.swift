/// Takes out of a JPEG what libjpeg warns of though no pixel is missing: surplus bytes between segments, JFIF and Adobe
/// versions that it does not know, a scan header that does not say "coefficients 0…63" where nothing else is possible,
/// padding behind the data, a missing end marker. Puts in the tables that Motion JPEG may leave out.
///
/// libjpeg tells its first warning only. With the harmless ones gone, a warning means damage.
enum JPEGRepair {
  /// Whether `marker` is one that would be changed.
  static func isOdd(_ marker: JPEGMarker, _ parameters: UnsafeRawBufferPointer, isProgressive: Bool) -> Bool {
    oddByte(marker, parameters, isProgressive: isProgressive) != nil
  }

  /// Bytes that ``repair(_:layout:into:)`` may write for so many.
  static func capacity(for count: Int) -> Int { count + 2 + JPEGTables.standard.count }

  /// Copies the picture with every oddity mended.
  ///
  /// - Parameter out: ``capacity(for:)`` bytes or more.
  /// - Returns: the bytes written.
  static func repair(
    _ bytes: UnsafeRawBufferPointer, layout: JPEGLayout, into out: UnsafeMutableRawBufferPointer
  ) -> Int {
    let picture = UnsafeRawBufferPointer(rebasing: bytes[layout.range])
    var markers = JPEGMarkers(picture, from: 0)
    var count = 0
    var endsInScan = false
    while let marker = markers.next() {
      if marker.code == JPEGMarker.endOfImage { break }
      // An end marker among the segments of a picture that has not begun, restart markers outside a scan: left out.
      if JPEGMarker.isRestart(marker.code) { continue }
      let segment = UnsafeRawBufferPointer(rebasing: picture[marker.at..<marker.end])
      UnsafeMutableRawBufferPointer(rebasing: out[count...]).copyMemory(from: segment)
      let parameters = UnsafeRawBufferPointer(rebasing: picture[marker.parameters])
      let begin = count + (marker.parameters.lowerBound - marker.at)
      var isOdd = true
      while isOdd {
        let current = UnsafeRawBufferPointer(rebasing: out[begin..<begin + parameters.count])
        if let (place, value) = oddByte(marker, current, isProgressive: layout.isProgressive) {
          out[begin + place] = value
        } else {
          isOdd = false
        }
      }
      count += segment.count
      if marker.code == JPEGMarker.startOfImage, layout.tables.lacksStandard {
        UnsafeMutableRawBufferPointer(rebasing: out[count...]).copyBytes(from: JPEGTables.standard)
        count += JPEGTables.standard.count
      }
      endsInScan = marker.code == JPEGMarker.startOfScan
    }
    // Behind another segment zeros are surplus, and were not copied.
    if endsInScan { count = max(count - layout.trailingZeros, 0) }
    out[count] = 0xFF
    out[count + 1] = JPEGMarker.endOfImage
    return count + 2
  }

  /// The first byte of the parameters that libjpeg would only warn of, and what it takes it for.
  private static func oddByte(
    _ marker: JPEGMarker, _ parameters: UnsafeRawBufferPointer, isProgressive: Bool
  ) -> (place: Int, value: UInt8)? {
    switch marker.code {
    case 0xE0:
      guard starts(parameters, with: "JFIF\0"), parameters.count >= 14, parameters[5] != 1 else { return nil }
      return (5, 1)
    case 0xEE:
      guard starts(parameters, with: "Adobe"), parameters.count >= 12, parameters[11] > 2 else { return nil }
      // 1 is YCbCr; of four components 2 would be YCCK, but those are not decoded.
      return (11, 1)
    case JPEGMarker.startOfScan:
      guard !isProgressive, let components = parameters.first.map({ Int($0) }), parameters.count == 4 + 2 * components
      else { return nil }
      let wanted: StaticString = "\u{0}\u{3F}\u{0}"
      for place in 0..<3 where parameters[1 + 2 * components + place] != wanted.utf8Start[place] {
        return (1 + 2 * components + place, wanted.utf8Start[place])
      }
      return nil
    default: return nil
    }
  }

  private static func starts(_ bytes: UnsafeRawBufferPointer, with word: StaticString) -> Bool {
    guard bytes.count >= word.utf8CodeUnitCount else { return false }
    return (0..<word.utf8CodeUnitCount).allSatisfy { bytes[$0] == word.utf8Start[$0] }
  }
}
