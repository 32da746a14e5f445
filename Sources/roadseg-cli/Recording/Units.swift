import ArgumentParser

/// "20G", "512M", "100k" or plain bytes; powers of 1024, as file systems count.
struct ByteSize: ExpressibleByArgument, Hashable {
  var bytes: UInt64

  init(bytes: UInt64) { self.bytes = bytes }

  init?(argument: String) {
    let units: [Character: Double] = ["k": 1024, "m": 1_048_576, "g": 1_073_741_824, "t": 1_099_511_627_776]
    var text = argument.lowercased()
    for ending in ["ib", "b"] where text.hasSuffix(ending) && text.count > ending.count {
      text.removeLast(ending.count)
      break
    }
    var factor = 1.0
    if let last = text.last, let unit = units[last] {
      factor = unit
      text.removeLast()
    }
    guard let value = Double(text), value >= 0, value * factor < 1e18 else { return nil }
    bytes = UInt64(value * factor)
  }
}

/// "20s", "500ms", "10m", "2h", "30d" or plain seconds.
struct TimeSpan: ExpressibleByArgument, Hashable {
  var nanoseconds: UInt64

  init(seconds: UInt64) { nanoseconds = seconds * 1_000_000_000 }

  var seconds: UInt64 { nanoseconds / 1_000_000_000 }

  init?(argument: String) {
    let units: [(String, Double)] = [("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3600), ("d", 86400)]
    var (text, factor) = (argument, 1.0)
    if let (ending, unit) = units.first(where: { argument.hasSuffix($0.0) }) {
      text.removeLast(ending.count)
      factor = unit
    }
    guard let value = Double(text), value >= 0, value * factor < 1e9 else { return nil }
    nanoseconds = UInt64(value * factor * 1e9)
  }
}
