import Glibc
import RoadBase

/// Room and speed of the disk that recordings or overlays go to.
public enum DiskCheck {
  /// A camera's MJPEG at 1280x720 and 30 frames a second, with masks, needs some 5 MB/s.
  private static let wantedSpeed = 10.0
  private static let wantedFree = 2.0
  private static let probeBytes = 32 << 20

  /// Writes 32 MiB there, waits for the disk, and removes them.
  public static func findings(folder: String) -> [Finding] {
    var status = statvfs()
    guard statvfs(folder, &status) == 0 else {
      return [
        Finding(
          "disk", .problem, "\(folder): \(System.words(errno))", remedy: "make the folder, or name another one")
      ]
    }
    let free = Double(status.f_bavail) * Double(status.f_frsize) / 1e9
    return [freeSpace(folder, free), speed(folder, free)]
  }

  package static func freeSpace(_ folder: String, _ gigabytes: Double) -> Finding {
    let words = "\(folder): \(rounded(gigabytes)) GB free"
    if gigabytes >= wantedFree { return Finding("disk", .ok, words) }
    return Finding(
      "disk", gigabytes < 0.2 ? .problem : .warning, words,
      remedy: "free some, or record elsewhere; --max-size and --min-free keep room by themselves")
  }

  private static func speed(_ folder: String, _ free: Double) -> Finding {
    guard free > 0.2 else { return Finding("disk speed", .note, "\(folder): not measured, there is too little room") }
    let path = "\(folder)/.roadseg-disk-\(getpid())"
    switch System.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600) {
    case .failed(let code):
      return Finding(
        "disk speed", .problem, "\(folder): cannot be written to: \(System.words(code))",
        remedy: "choose a folder that you may write to, or mount the disk for writing")
    case .done(let number):
      let descriptor = Int32(number)
      defer {
        System.close(descriptor)
        unlink(path)
      }
      return measured(folder, descriptor)
    }
  }

  private static func measured(_ folder: String, _ descriptor: Int32) -> Finding {
    let block = [UInt8](repeating: 0xA5, count: 1 << 20)
    let begin = MonotonicClock.now()
    for _ in 0..<(probeBytes >> 20) {
      let code = block.withUnsafeBytes { System.writeAll(descriptor, $0) }
      guard code == 0 else {
        return Finding(
          "disk speed", .problem, "\(folder): a write failed: \(System.words(code))", remedy: "check the disk")
      }
    }
    let synced = fdatasync(descriptor) == 0
    return judged(
      folder, megabytesPerSecond: Double(probeBytes) / 1e3 / Double(MonotonicClock.now() - begin) * 1e6, synced)
  }

  package static func judged(_ folder: String, megabytesPerSecond speed: Double, _ synced: Bool = true) -> Finding {
    let words = "\(folder): \(rounded(speed)) MB/s written\(synced ? " and on the disk" : "")"
    if speed >= wantedSpeed { return Finding("disk speed", .ok, words) }
    return Finding(
      "disk speed", speed < wantedSpeed / 4 ? .problem : .warning, words,
      remedy: "use a faster card (class A1 or A2) or a USB SSD, or record fewer: --images-every, --masks-every")
  }

  private static func rounded(_ value: Double) -> Double { (value * 10).rounded() / 10 }
}
