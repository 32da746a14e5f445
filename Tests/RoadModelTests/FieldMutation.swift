import RoadTestSupport

/// Changes to a protobuf message that know where its fields begin and end: most survive the wire reader and damage what
/// lies behind it.
enum FieldMutation {
  struct Field {
    /// Key, length and content.
    var range: Range<Int>
    /// The content alone.
    var content: Range<Int>
    var wireType: UInt8
  }

  static func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix) {
    let all = fields(of: bytes, in: 0..<bytes.count, depth: 0)
    guard let field = all.randomElement(using: &random), let other = all.randomElement(using: &random) else { return }
    let odd: [UInt64] = [0, 1, 2, 3, 7, 8, 127, 128, 1 << 24, 1 << 31, 1 << 32, 1 << 63, .max]
    let number = varint(odd.randomElement(using: &random) ?? 0)
    switch Int.random(in: 0..<7, using: &random) {
    case 0: bytes[field.range.lowerBound] ^= UInt8.random(in: 1...7, using: &random)
    case 1: bytes[field.range.lowerBound] ^= UInt8.random(in: 1...15, using: &random) << 3
    case 2 where field.wireType == 0: bytes.replaceSubrange(field.content, with: number)
    case 2: bytes.replaceSubrange(field.range.lowerBound + 1..<field.content.lowerBound, with: number)
    case 3: bytes.removeSubrange(field.range)
    case 4: bytes.insert(contentsOf: bytes[other.range], at: field.range.lowerBound)
    case 5: bytes.replaceSubrange(field.content, with: Array(bytes[other.content]))
    default:
      // The length still fits: only what the message means is wrong.
      guard field.wireType == 2, !field.content.isEmpty else { return }
      bytes[Int.random(in: field.content, using: &random)] = UInt8.random(in: 0...255, using: &random)
    }
    if bytes.isEmpty { bytes = [0] }
  }

  /// Every field of a message and of the messages in it; none where the bytes are no message.
  private static func fields(of bytes: [UInt8], in range: Range<Int>, depth: Int) -> [Field] {
    var found: [Field] = []
    var position = range.lowerBound
    while position < range.upperBound {
      let start = position
      guard let key = read(bytes, &position, range.upperBound), key >> 3 > 0 else { return [] }
      var content = position
      switch key & 7 {
      case 0: guard read(bytes, &position, range.upperBound) != nil else { return [] }
      case 1: position += 8
      case 5: position += 4
      case 2:
        guard let length = read(bytes, &position, range.upperBound), length <= UInt64(range.upperBound - position)
        else {
          return []
        }
        content = position
        position += Int(length)
        if depth < 8 { found += fields(of: bytes, in: content..<position, depth: depth + 1) }
      default: return []
      }
      guard position <= range.upperBound else { return [] }
      found.append(Field(range: start..<position, content: content..<position, wireType: UInt8(key & 7)))
    }
    return found
  }

  private static func read(_ bytes: [UInt8], _ position: inout Int, _ end: Int) -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard position < end else { return nil }
      defer { position += 1 }
      value |= UInt64(bytes[position] & 0x7F) << shift
      if bytes[position] < 0x80 {
        return value
      }
    }
    return nil
  }

  private static func varint(_ value: UInt64) -> [UInt8] {
    var (rest, result) = (value, [UInt8]())
    while rest >= 0x80 {
      result.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    return result + [UInt8(rest)]
  }
}
