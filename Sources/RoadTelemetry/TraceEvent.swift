/// One entry of a ``FrameTrace``: a plain value of 48 bytes.
struct TraceEvent {
  enum Kind: UInt8 {
    /// Work of a thread from `time` on for `duration`.
    case work
    /// A moment: what became of a frame.
    case moment
    /// A flow leaves the work that encloses `time`, or reaches it.
    case flowBegins, flowPasses, flowEnds
    /// A number that is drawn as a curve: `duration` in thousandths.
    case value
  }

  var kind: Kind
  /// Of a track, see ``FrameTrace/track(_:)``.
  var track: Int32
  /// Of a word, see ``FrameTrace/word(_:)``; -1 for none.
  var word: Int32
  var reason: Int32 = -1
  var time: UInt64
  var duration: UInt64 = 0
  /// -1 for none.
  var frame: Int64
}

/// Trace events as lines of the JSON array that chrome://tracing, ui.perfetto.dev and Perfetto's trace processor read.
///
/// Source: "Trace Event Format" (Google, 2016). The `]` at the end may be missing, so a trace is readable while it
/// grows.
final class TraceText {
  private let bytes: UnsafeMutablePointer<UInt8>
  private(set) var count = 0
  /// Bytes that it may grow to before it is written out.
  static let capacity = 1 << 18
  /// Of a word; longer ones are cut. An event has three of them at most.
  static let longestWord = 512
  private static let longestEvent = 4096

  init() { bytes = .allocate(capacity: Self.capacity + Self.longestEvent) }

  deinit { bytes.deallocate() }

  var isFull: Bool { count >= Self.capacity }
  var written: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: bytes, count: count) }

  func removeAll() { count = 0 }

  func put(_ text: StaticString) {
    (bytes + count).update(from: text.utf8Start, count: text.utf8CodeUnitCount)
    count += text.utf8CodeUnitCount
  }

  func put(_ number: UInt64) {
    var digits = 1
    var power: UInt64 = 10
    while digits < 19, number >= power {
      digits += 1
      power *= 10
    }
    var rest = number
    for place in (0..<digits).reversed() {
      bytes[count + place] = UInt8(truncatingIfNeeded: 48 + rest % 10)
      rest /= 10
    }
    count += digits
  }

  /// Nanoseconds as microseconds with three decimals.
  func put(microseconds nanoseconds: UInt64) {
    put(nanoseconds / 1000)
    let rest = nanoseconds % 1000
    bytes[count] = UInt8(ascii: ".")
    bytes[count + 1] = UInt8(truncatingIfNeeded: 48 + rest / 100)
    bytes[count + 2] = UInt8(truncatingIfNeeded: 48 + rest / 10 % 10)
    bytes[count + 3] = UInt8(truncatingIfNeeded: 48 + rest % 10)
    count += 4
  }

  /// A word that is quoted already.
  func put(quoted word: [UInt8]) {
    word.withUnsafeBufferPointer { word in
      guard let start = word.baseAddress else { return }
      (bytes + count).update(from: start, count: word.count)
    }
    count += word.count
  }

  static func quoted(_ text: String) -> [UInt8] {
    var quoted = [UInt8(ascii: "\"")]
    for letter in text {
      guard quoted.count < longestWord - 64 else { break }
      for byte in letter.utf8 {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): quoted += [UInt8(ascii: "\\"), byte]
        case 0..<32: quoted += Array("\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8)
        default: quoted.append(byte)
        }
      }
    }
    return quoted + [UInt8(ascii: "\"")]
  }

  static let frameWord = quoted("frame")
}

extension TraceText {
  /// The line of an event, ended by a comma.
  func put(_ event: TraceEvent, words: [[UInt8]]) {
    let name = words.indices.contains(Int(event.word)) ? words[Int(event.word)] : Self.frameWord
    put("{\"pid\":1,\"tid\":")
    put(UInt64(event.track))
    put(",\"ts\":")
    put(microseconds: event.time)
    put(",\"name\":")
    put(quoted: name)
    switch event.kind {
    case .work:
      put(",\"ph\":\"X\",\"dur\":")
      put(microseconds: event.duration)
    case .moment: put(",\"ph\":\"i\",\"s\":\"t\"")
    case .flowBegins: flow(event, ",\"ph\":\"s\"")
    case .flowPasses: flow(event, ",\"ph\":\"t\",\"bp\":\"e\"")
    case .flowEnds: flow(event, ",\"ph\":\"f\",\"bp\":\"e\"")
    case .value:
      put(",\"ph\":\"C\",\"args\":{\"value\":")
      put(microseconds: event.duration)
      put("}")
    }
    if event.kind == .work || event.kind == .moment, event.frame >= 0 {
      put(",\"args\":{\"frame\":")
      put(UInt64(event.frame))
      if words.indices.contains(Int(event.reason)) {
        put(",\"reason\":")
        put(quoted: words[Int(event.reason)])
      }
      put("}")
    }
    put("},\n")
  }

  /// The flow of a frame through the stages; one of its own to each sink.
  private func flow(_ event: TraceEvent, _ phase: StaticString) {
    put(phase)
    put(",\"cat\":\"frame\",\"id\":")
    put(UInt64(max(event.frame, 0)) * 32 + UInt64(event.duration))
  }

  func put(threadName name: [UInt8], track: Int) {
    put("{\"pid\":1,\"ph\":\"M\",\"name\":\"thread_name\",\"tid\":")
    put(UInt64(track))
    put(",\"args\":{\"name\":")
    put(quoted: name)
    put("}},\n{\"pid\":1,\"ph\":\"M\",\"name\":\"thread_sort_index\",\"tid\":")
    put(UInt64(track))
    put(",\"args\":{\"sort_index\":")
    put(UInt64(track))
    put("}},\n")
  }
}
