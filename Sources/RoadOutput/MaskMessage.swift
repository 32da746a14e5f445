import CMaskSharing
import RoadBase
import RoadMask
import RoadSink

/// The bytes of `roadseg_masks.h`: what readers of masks are given.
enum MaskMessage {
  static let headBytes = MemoryLayout<roadseg_mask>.size
  static let version = UInt16(ROADSEG_MASKS_VERSION)
  private static let nameBytes = 28

  static func head(_ stamp: FrameStamp, size: PictureSize) -> roadseg_mask {
    var head = roadseg_mask()
    put("RSMK", &head.magic)
    head.version = version
    head.head_bytes = UInt16(headBytes)
    head.width = UInt32(size.width)
    head.height = UInt32(size.height)
    head.frame = UInt64(stamp.ordinal)
    head.captured_ns = stamp.timestamp
    head.published_ns = MonotonicClock.now()
    head.payload_bytes = UInt32(size.pixels)
    return head
  }

  /// The entries of a class table.
  static func classes(_ table: ClassTable) -> [roadseg_mask_class] {
    table.classes.enumerated().map { index, entry in
      var record = roadseg_mask_class()
      var name = entry.name
      // A letter of several bytes is kept whole or left out.
      while name.utf8.count >= nameBytes { name.removeLast() }
      withUnsafeMutableBytes(of: &record.name) { $0.copyBytes(from: name.utf8) }
      (record.red, record.green, record.blue) = (entry.colour.red, entry.colour.green, entry.colour.blue)
      record.is_road = index == Int(table.drivable) ? 1 : 0
      return record
    }
  }

  /// What a socket sends first.
  static func greeting(_ table: ClassTable) -> [UInt8] {
    let entries = classes(table)
    var head = roadseg_classes()
    put("RSCL", &head.magic)
    head.version = version
    head.count = UInt16(entries.count)
    head.payload_bytes = UInt32(entries.count * MemoryLayout<roadseg_mask_class>.stride)
    return withUnsafeBytes(of: head) { Array($0) } + entries.withUnsafeBytes { Array($0) }
  }

  static func put<Field>(_ text: StaticString, _ field: inout Field) {
    withUnsafeMutableBytes(of: &field) { field in
      text.withUTF8Buffer { field.copyBytes(from: UnsafeRawBufferPointer($0)) }
    }
  }
}
