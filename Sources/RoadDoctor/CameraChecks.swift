import Foundation
import Glibc
import RoadBase
import RoadCamera
import RoadFrame

/// Cameras: whether they may be opened, how they are plugged in, what they offer, and what their exposure does to the
/// rate.
public struct CameraChecks: Sendable {
  private let machine: MachineFolder

  public init(_ machine: MachineFolder = MachineFolder()) { self.machine = machine }

  /// - Parameters:
  ///   - cameras: of this machine, as they are plugged in.
  ///   - problems: nodes that cannot be opened.
  ///   - exposure: of a device.
  ///   - measure: the rate that a device gives, and the one that it promised; nil where it cannot be measured now.
  public func findings(
    cameras: [CameraDescription] = CameraDirectory.list(), problems: [RoadError] = CameraDirectory.problems(),
    exposure: (String) -> CameraExposure = CameraExposure.read,
    measure: (String) -> CameraRate? = CameraRate.measure
  ) -> [Finding] {
    var findings = problems.map { Finding("camera", .problem, $0.cause, remedy: $0.remedy) }
    if cameras.isEmpty, problems.isEmpty {
      findings.append(
        Finding(
          "camera", .warning, "no camera: there is no /dev/video* that gives pictures",
          remedy: "plug one in; `roadseg live synthetic` shows a computed road meanwhile"))
    }
    for camera in cameras {
      findings.append(formats(camera))
      findings += [usb(camera)].compactMap { $0 }
      findings += rate(camera, exposure(camera.device), measure(camera.device))
    }
    return findings
  }

  /// Whether this user may open video devices at all.
  ///
  /// - Parameters:
  ///   - user: number; 0 may do anything.
  ///   - groups: names of the user's groups.
  public func permission(user: uid_t = getuid(), groups: [String] = CameraChecks.ownGroups()) -> Finding {
    if user == 0 { return Finding("permission", .ok, "runs as root, who may open every camera") }
    if groups.contains("video") { return Finding("permission", .ok, "this user is in the group `video`") }
    return Finding(
      "permission", .warning, "this user is not in the group `video`: cameras may be closed to it",
      remedy: "sudo usermod -aG video $USER, then log in again")
  }

  public static func ownGroups() -> [String] {
    var numbers = [gid_t](repeating: 0, count: 256)
    let count = getgroups(Int32(numbers.count), &numbers)
    return numbers.prefix(max(0, Int(count))).compactMap { getgrgid($0).map { String(cString: $0.pointee.gr_name) } }
  }

  private func formats(_ camera: CameraDescription) -> Finding {
    let name = "\(camera.card) (\(camera.device))"
    let usable = camera.formats.filter { $0.format != nil && !$0.isEmulated }
    guard !usable.isEmpty else {
      let offered = camera.formats.map(\.fourCC).joined(separator: ", ")
      return Finding(
        "camera", .problem, "\(name): offers \(offered.isEmpty ? "no format" : offered), none that roadseg decodes",
        remedy: "use a camera with MJPEG or YUYV")
    }
    let names = usable.map(\.fourCC).joined(separator: ", ")
    if usable.contains(where: { $0.format == .mjpeg }) { return Finding("camera", .ok, "\(name): \(names)") }
    return Finding(
      "camera", .note, "\(name): \(names), no MJPEG: large frames come slowly over USB 2",
      remedy: "ask for 640x480, or use a camera with MJPEG")
  }

  /// The bus' speed is a file of the device above the node's own: megabits a second.
  private func usb(_ camera: CameraDescription) -> Finding? {
    let node = camera.device.split(separator: "/").last.map(String.init) ?? ""
    var folder = machine.resolved("/sys/class/video4linux/\(node)/device")
    while !machine.exists("\(folder)/speed") {
      guard let slash = folder.lastIndex(of: "/"), slash > folder.startIndex else { return nil }
      folder = String(folder[..<slash])
    }
    guard let speed = machine.number("\(folder)/speed") else { return nil }
    let standard = machine.text("\(folder)/version").flatMap(Double.init) ?? 0
    if speed < 480 {
      return Finding(
        "usb", .problem, "\(camera.device): runs at USB full speed (\(Int(speed)) Mbit/s): a few small frames a second",
        remedy: "use another port or cable, without an old hub between")
    }
    if speed < 5000, standard >= 3 {
      return Finding(
        "usb", .note, "\(camera.device): a USB 3 camera at USB 2 speed (\(Int(speed)) Mbit/s)",
        remedy: "use a USB 3 port (often blue) and cable")
    }
    return Finding("usb", .ok, "\(camera.device): \(Int(speed)) Mbit/s")
  }

  private func rate(_ camera: CameraDescription, _ exposure: CameraExposure, _ rate: CameraRate?) -> [Finding] {
    let device = camera.device
    var findings: [Finding] = []
    let cure = "v4l2-ctl -d \(device) -c exposure_dynamic_framerate=0 (darker pictures, the full rate)"
    if let rate, rate.measured < 0.85 * rate.promised {
      let why = exposure.mayLowerRate == true ? ": a dark scene makes it expose longer" : ""
      findings.append(
        Finding(
          "rate", .warning,
          "\(device): asked \(Self.fixed(rate.promised)), the driver gives \(Self.fixed(rate.measured))"
            + why,
          remedy: exposure.mayLowerRate == true ? cure : "more light, a smaller --size, or --format mjpeg"))
    } else if let rate {
      findings.append(
        Finding("rate", .ok, "\(device): \(Self.fixed(rate.measured)) of \(Self.fixed(rate.promised)) frames a second"))
    }
    if exposure.mayLowerRate == true, findings.first?.level != .warning {
      findings.append(
        Finding("exposure", .warning, "\(device): may lower its rate in the dark, to half and less", remedy: cure))
    }
    if exposure.isAutomatic == false, let time = exposure.time, let promised = rate?.promised,
      Double(time) * promised > 1.02e9
    {
      findings.append(
        Finding(
          "exposure", .warning,
          "\(device): exposes by hand for \(time / 1_000_000) ms, longer than a frame of \(Self.fixed(promised)) a "
            + "second",
          remedy: "v4l2-ctl -d \(device) -c exposure_time_absolute=\(Int(1e4 / promised))"))
    }
    return findings
  }

  private static func fixed(_ value: Double) -> String { String(format: "%.1f", value) }
}

/// The rate that a camera promised and the one that it gave.
public struct CameraRate: Hashable, Sendable {
  public var promised: Double
  public var measured: Double

  public init(promised: Double, measured: Double) {
    self.promised = promised
    self.measured = measured
  }

  /// Two seconds of frames in the mode that `live` would take; nil where the camera is in use or sends nothing.
  public static func measure(_ device: String) -> CameraRate? {
    guard let camera = try? V4L2Camera(CameraRequest(device: device)), let promised = camera.properties.nominalRate,
      (try? camera.start()) != nil
    else { return nil }
    defer { camera.stop() }
    let frame = Frame(capacity: camera.properties.maximumFrameBytes)
    let end = MonotonicClock.now() + 3_000_000_000
    var (first, last, frames): (UInt64?, UInt64, Int) = (nil, 0, 0)
    while MonotonicClock.now() < end {
      guard case .frame(let skipped, let lost) = camera.read(into: frame, timeout: 200_000_000) else { continue }
      if let first {
        frames += 1 + skipped + lost
        last = frame.timestamp
        if last > first + 2_000_000_000 { break }
      } else {
        first = frame.timestamp
      }
    }
    guard let first, last > first, frames > 1 else { return nil }
    return CameraRate(promised: promised, measured: Double(frames) * 1e9 / Double(last - first))
  }
}
