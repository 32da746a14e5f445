/// Which tables a JPEG brings, and whether every scan has those that it asks for.
///
/// libjpeg keeps the tables of the pictures before: a picture that has lost its own would be decoded by another's, and
/// the same bytes would give different pixels from one time to the next.
struct JPEGTables {
  /// Whether a scan asks for one of the tables that Motion JPEG may leave out: ``standard``.
  private(set) var lacksStandard = false
  /// Whether a scan asks for a table that nothing can stand in for.
  private(set) var lacksOther = false

  /// Bit `n` for table `n`: quantization, Huffman of DC and of AC coefficients.
  private var (quantization, dc, ac): (UInt8, UInt8, UInt8) = (0, 0, 0)
  /// By component: its identifier and its quantization table.
  private var components = SIMD8<UInt8>(repeating: 0)
  private var componentCount = 0

  /// The frame header's parameters, six at the least.
  mutating func frame(_ parameters: UnsafeRawBufferPointer) {
    componentCount = min(Int(parameters[5]), 4, (parameters.count - 6) / 3)
    for index in 0..<componentCount {
      components[2 * index] = parameters[6 + 3 * index]
      components[2 * index + 1] = parameters[8 + 3 * index]
    }
  }

  /// The parameters of DQT (B.2.4.1): tables of 64 values of a byte or of two.
  mutating func addQuantization(_ parameters: UnsafeRawBufferPointer) {
    var at = 0
    while at < parameters.count {
      let length = parameters[at] >> 4 == 0 ? 64 : 128
      guard parameters[at] & 15 < 4, at + 1 + length <= parameters.count else { return }
      quantization |= 1 << (parameters[at] & 15)
      at += 1 + length
    }
  }

  /// The parameters of DHT (B.2.4.2): tables of sixteen counts and as many values as they say.
  mutating func addHuffman(_ parameters: UnsafeRawBufferPointer) {
    var at = 0
    while at + 17 <= parameters.count {
      let length = parameters[at + 1..<at + 17].reduce(0) { $0 + Int($1) }
      guard parameters[at] & 15 < 4, parameters[at] >> 4 < 2, at + 17 + length <= parameters.count else { return }
      if parameters[at] >> 4 == 0 { dc |= 1 << (parameters[at] & 15) } else { ac |= 1 << (parameters[at] & 15) }
      at += 17 + length
    }
  }

  /// The parameters of SOS (B.2.3).
  mutating func scan(_ parameters: UnsafeRawBufferPointer, process: UInt8) {
    guard let count = parameters.first.map({ Int($0) }), parameters.count >= 4 + 2 * count else { return }
    let isProgressive = process & 3 == 2
    let isArithmetic = process & 8 != 0
    let (first, high) = (parameters[1 + 2 * count], parameters[3 + 2 * count] >> 4)
    let usesDC = !isProgressive || first == 0 && high == 0
    let usesAC = !isProgressive || first > 0
    for scanned in 0..<count {
      for index in 0..<componentCount where components[2 * index] == parameters[1 + 2 * scanned] {
        lacksOther = lacksOther || !Self.has(components[2 * index + 1], quantization)
      }
      let selectors = parameters[2 + 2 * scanned]
      guard !isArithmetic else { continue }
      if usesDC, !Self.has(selectors >> 4, dc) { lack(selectors >> 4, isProgressive) }
      if usesAC, !Self.has(selectors & 15, ac) { lack(selectors & 15, isProgressive) }
    }
  }

  private static func has(_ table: UInt8, _ tables: UInt8) -> Bool { table < 4 && tables >> table & 1 == 1 }

  private mutating func lack(_ table: UInt8, _ isProgressive: Bool) {
    if table < 2, !isProgressive { lacksStandard = true } else { lacksOther = true }
  }
}

extension JPEGTables {
  /// A DHT segment with the four tables of ITU-T T.81, K.3, which decoders of Motion JPEG have by heart.
  static let standard: [UInt8] = {
    let lumaDC = counted(0x00, [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], Array(0...11))
    let chromaDC = counted(0x01, [0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0], Array(0...11))
    let lumaAC = counted(0x10, [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7D], lumaValues)
    let chromaAC = counted(0x11, [0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 0x77], chromaValues)
    let tables = lumaDC + chromaDC + lumaAC + chromaAC
    return [0xFF, 0xC4, UInt8((tables.count + 2) >> 8), UInt8((tables.count + 2) & 255)] + tables
  }()

  private static func counted(_ name: UInt8, _ counts: [UInt8], _ values: [UInt8]) -> [UInt8] {
    precondition(counts.reduce(0) { $0 + Int($1) } == values.count, "\(values.count) values of table \(name)")
    return [name] + counts + values
  }

  /// Table K.5's values, the shortest code first: run and size in four bits each.
  private static let lumaValues: [UInt8] =
    [
      0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22, 0x71,
      0x14, 0x32, 0x81, 0x91, 0xA1, 0x08, 0x23, 0x42, 0xB1, 0xC1, 0x15, 0x52, 0xD1, 0xF0, 0x24, 0x33, 0x62, 0x72,
      0x82, 0x09, 0x0A, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2A,
    ] + rest(from: [0x34, 0x43, 0x53, 0x63, 0x73, 0x83, 0x92, 0xA2, 0xB2, 0xC2, 0xD2, 0xE1, 0xF1])

  /// Table K.6's values.
  private static let chromaValues: [UInt8] =
    [
      0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61, 0x71, 0x13, 0x22,
      0x32, 0x81, 0x08, 0x14, 0x42, 0x91, 0xA1, 0xB1, 0xC1, 0x09, 0x23, 0x33, 0x52, 0xF0, 0x15, 0x62, 0x72, 0xD1,
      0x0A, 0x16, 0x24, 0x34, 0xE1, 0x25, 0xF1, 0x17, 0x18, 0x19, 0x1A, 0x26, 0x27, 0x28, 0x29, 0x2A,
    ] + rest(from: [0x35, 0x43, 0x53, 0x63, 0x73, 0x82, 0x92, 0xA2, 0xB2, 0xC2, 0xD2, 0xE2, 0xF2])

  /// The longest codes stand in order: for runs 3…15 the sizes from the given one to 10.
  private static func rest(from first: [UInt8]) -> [UInt8] {
    first.flatMap { value in (value...(value & 0xF0 | 10)).map { $0 } }
  }
}
