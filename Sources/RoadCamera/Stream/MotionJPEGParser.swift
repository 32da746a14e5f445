import RoadBase
import RoadFrame

/// Concatenated JPEGs, with or without other bytes between them (multipart boundaries, padding).
///
/// A JPEG's end is found by walking its markers (ITU-T T.81, B.1.1): segments are skipped by their length, so that a
/// thumbnail's end marker inside one is not taken for the picture's; within entropy-coded data a marker is 0xFF
/// followed by anything but 0x00, 0xFF and the restart markers. Bytes between segments that are no marker are passed
/// over.
///
/// A start marker behind picture data ends the frame before it, whether whole or cut off: decoding it shows which.
/// Doubled start markers and pictures without data, which some firmware puts between its frames, are nothing.
struct MotionJPEGParser: StreamParser {
  /// Bytes a frame may have; a longer one is given up, so that memory stays bounded.
  let limit: Int

  private enum State {
    case beforeStart
    case atMarker
    case inScan
  }

  private var state = State.beforeStart
  /// Bytes of the current frame that were looked at.
  private var position = 0
  /// What the current frame has had so far.
  private var hasSegments = false
  private var hasScan = false

  init(limit: Int) { self.limit = limit }

  mutating func next(_ bytes: UnsafeRawBufferPointer) -> StreamPiece {
    if state == .beforeStart {
      guard let start = Self.startMarker(bytes, from: 0) else {
        // The last two bytes may be the beginning of a start marker.
        return bytes.count > 2 ? .nothing(used: bytes.count - 2) : .incomplete
      }
      if start > 0 { return .nothing(used: start) }
      state = .atMarker
      position = 2
      (hasSegments, hasScan) = (false, false)
    }
    while true {
      let step = state == .inScan ? walkScan(bytes) : walkMarker(bytes)
      if let step { return step }
    }
  }

  func last(_ bytes: UnsafeRawBufferPointer) -> StreamPiece {
    if state == .beforeStart || !hasSegments && !hasScan { return .nothing(used: bytes.count) }
    return hasScan ? .frame(bytes: 0..<bytes.count, used: bytes.count) : .corrupt(.truncated, used: bytes.count)
  }

  /// One marker segment; nil if there is more to walk.
  private mutating func walkMarker(_ bytes: UnsafeRawBufferPointer) -> StreamPiece? {
    while position < bytes.count, bytes[position] != 0xFF { position += 1 }
    guard position + 2 <= bytes.count else { return wait(bytes) }
    switch bytes[position + 1] {
    case 0xFF, 0x00:
      position += 1  // a fill byte, or no marker
      return bytes.count > limit ? giveUp(bytes) : nil
    case 0xD9: return finish(at: position + 2)
    case 0xD8: return startsAgain(at: position)
    case 0x01, 0xD0...0xD7:
      position += 2
      return nil
    default: break
    }
    guard position + 4 <= bytes.count else { return wait(bytes) }
    let length = Int(bytes[position + 2]) << 8 | Int(bytes[position + 3])
    guard length >= 2 else { return giveUp(bytes) }
    hasSegments = true
    guard position + 2 + length <= bytes.count else { return wait(bytes) }
    if bytes[position + 1] == 0xDA { hasScan = true }
    state = bytes[position + 1] == 0xDA ? .inScan : .atMarker
    position += 2 + length
    return nil
  }

  private mutating func walkScan(_ bytes: UnsafeRawBufferPointer) -> StreamPiece? {
    var at = position
    while at + 1 < bytes.count {
      if bytes[at] == 0xFF {
        let code = bytes[at + 1]
        if code != 0, code != 0xFF, !(0xD0...0xD7).contains(code) {
          position = at
          state = .atMarker
          return nil
        }
      }
      at += 1
    }
    position = at
    return wait(bytes)
  }

  private mutating func wait(_ bytes: UnsafeRawBufferPointer) -> StreamPiece {
    bytes.count > limit ? giveUp(bytes) : .incomplete
  }

  private mutating func finish(at end: Int) -> StreamPiece {
    state = .beforeStart
    return hasScan ? .frame(bytes: 0..<end, used: end) : .nothing(used: end)
  }

  private mutating func startsAgain(at next: Int) -> StreamPiece {
    state = .beforeStart
    if hasScan { return .frame(bytes: 0..<next, used: next) }
    return hasSegments ? .corrupt(.truncated, used: next) : .nothing(used: next)
  }

  /// No JPEG after all: on to the next start marker behind this one.
  private mutating func giveUp(_ bytes: UnsafeRawBufferPointer) -> StreamPiece {
    state = .beforeStart
    return .corrupt(.undecodable, used: Self.startMarker(bytes, from: 2) ?? max(bytes.count - 2, 2))
  }

  private static func startMarker(_ bytes: UnsafeRawBufferPointer, from: Int) -> Int? {
    var at = from
    while at + 2 < bytes.count {
      if bytes[at] == 0xFF, bytes[at + 1] == 0xD8, bytes[at + 2] == 0xFF { return at }
      at += 1
    }
    return nil
  }
}
