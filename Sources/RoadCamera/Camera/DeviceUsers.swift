import Foundation
import RoadFrame

/// Who has a device open, as far as /proc lets us see.
enum DeviceUsers {
  /// "cheese (pid 4711)", this process left out.
  static func of(_ path: String) -> [String] {
    let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    let processes = ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).filter { Int($0) != nil }
    return processes.sorted(by: NaturalOrder.precedes).compactMap { process in
      guard Int32(process) != getpid() else { return nil }
      let folder = "/proc/\(process)/fd"
      let descriptors = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      let hasIt = descriptors.contains {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")) == target
      }
      return hasIt ? "\(SystemFile.line("/proc/\(process)/comm") ?? "a program") (pid \(process))" : nil
    }
  }
}
