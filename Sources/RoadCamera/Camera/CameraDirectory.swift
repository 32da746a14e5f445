import Foundation
import RoadBase
import RoadFrame

/// One camera of this machine.
public struct CameraDescription: Hashable, Sendable, Codable {
  /// "/dev/video0".
  public var device: String
  /// "HD Pro Webcam C920".
  public var card: String
  public var driver: String
  /// Where it is plugged in: "usb-0000:00:14.0-1".
  public var bus: String
  /// The link that stays the same from plug to plug, "/dev/v4l/by-id/usb-…-video-index0", where the system makes one.
  public var stablePath: String?
  public var formats: [CameraFormat]
}

/// The cameras that are plugged in.
public enum CameraDirectory {
  /// Every node that gives pictures, in order of their numbers; metadata nodes, encoders and nodes that may not be
  /// opened are left out (``problems()`` tells the latter).
  public static func list() -> [CameraDescription] {
    nodes().compactMap { path in
      guard let device = VideoDevice.open(path).device else { return nil }
      defer { device.close() }
      guard let capability = device.capability, capability.isCamera else { return nil }
      return CameraDescription(
        device: path, card: capability.cardName, driver: capability.driverName, bus: capability.busName,
        stablePath: stablePath(of: path), formats: device.formats())
    }
  }

  /// Video nodes that cannot be opened, and what to do about it.
  public static func problems() -> [RoadError] {
    nodes().compactMap { path in
      let opened = VideoDevice.open(path)
      opened.device?.close()
      return opened.device == nil ? CameraError.opening(path, opened.code) : nil
    }
  }

  /// "/dev/video0", "/dev/video1", … as far as they exist.
  static func nodes() -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/dev")) ?? []
    return names.filter { $0.hasPrefix("video") && Int($0.dropFirst(5)) != nil }
      .sorted(by: NaturalOrder.precedes).map { "/dev/\($0)" }
  }

  /// The cameras present, each with what tells it from others.
  static func identities() -> [(path: String, identity: CameraIdentity)] {
    nodes().compactMap { path in
      guard let device = VideoDevice.open(path).device else { return nil }
      defer { device.close() }
      guard let capability = device.capability, capability.isCamera else { return nil }
      return (path, CameraIdentity(capability, node: path))
    }
  }

  private static func stablePath(of node: String) -> String? {
    let folder = "/dev/v4l/by-id"
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    return names.map { "\(folder)/\($0)" }.first { link in
      URL(fileURLWithPath: link).resolvingSymlinksInPath().path == node
    }
  }
}
