import CVideoDevice
import Glibc
import RoadBase

/// What stays the same when a camera is unplugged and comes back, perhaps under another number.
package struct CameraIdentity: Hashable, Sendable {
  /// The device's own name, "C920".
  package var card: String
  /// The socket it is plugged into, "usb-0000:00:14.0-1".
  package var bus: String
  /// The USB serial number, where the device has one.
  package var serial: String?

  init(_ capability: v4l2_capability, node: String) {
    card = capability.cardName
    bus = capability.busName
    serial = Self.serial(of: node)
  }

  package init(card: String, bus: String, serial: String?) {
    self.card = card
    self.bus = bus
    self.serial = serial
  }

  /// The same as long as the camera stays, whatever its number: by its serial number, or else by its socket.
  package var key: String { "\(card) \(serial ?? bus)" }

  /// How sure it is that the other is this camera; nil if it is not.
  func likeness(to other: CameraIdentity) -> Int? {
    guard card == other.card else { return nil }
    if let serial, let theirs = other.serial, serial != theirs { return nil }
    if serial != nil, serial == other.serial { return bus == other.bus ? 3 : 2 }
    // Without serial numbers, two cameras of one make are told apart by their sockets only.
    return bus == other.bus ? 1 : 0
  }

  /// The camera among those present that is this one; nil if none is, or two are equally likely.
  package func find(among nodes: [(path: String, identity: CameraIdentity)]) -> String? {
    let likely = nodes.compactMap { node in likeness(to: node.identity).map { (node.path, $0) } }
    guard let most = likely.map(\.1).max() else { return nil }
    let best = likely.filter { $0.1 == most }
    return best.count == 1 ? best[0].0 : nil
  }

  /// The USB device above the interface that the node belongs to: /sys/class/video4linux/video0/device/../serial.
  private static func serial(of node: String) -> String? {
    guard let name = node.split(separator: "/").last else { return nil }
    return SystemFile.line("/sys/class/video4linux/\(name)/device/../serial")
  }
}

/// Small files of /sys and /proc.
enum SystemFile {
  static func line(_ path: String) -> String? {
    var bytes = [UInt8](repeating: 0, count: 256)
    let read = bytes.withUnsafeMutableBytes { System.readSmall(path, into: $0) }
    guard let count = read, count > 0 else { return nil }
    let text = String(decoding: bytes[..<count].prefix { $0 != 0x0A && $0 != 0 }, as: UTF8.self)
    return text.isEmpty ? nil : text
  }
}
