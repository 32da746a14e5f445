import Foundation
import RoadBase

/// Where profiles lie, and the way from what a user typed to one.
public enum ProfileFolder {
  /// A file's path, or the name of a profile that an administrator or the package installed.
  public static func load(_ nameOrPath: String) throws(RoadError) -> Profile {
    try ProfileReader.read(path: path(of: nameOrPath))
  }

  public static func path(of nameOrPath: String) throws(RoadError) -> String {
    if nameOrPath.contains("/") || nameOrPath.hasSuffix(".yaml") || nameOrPath.hasSuffix(".yml") { return nameOrPath }
    for folder in folders {
      let path = "\(folder)/\(nameOrPath).yaml"
      if FileManager.default.isReadableFile(atPath: path) { return path }
    }
    let names = names
    throw RoadError(
      .profile, "no profile '\(nameOrPath)'",
      remedy: names.isEmpty ? "give a YAML file" : NearestName.advice(nameOrPath, among: names))
  }

  /// The profiles that can be named without a path.
  public static var names: [String] {
    let files = folders.flatMap { (try? FileManager.default.contentsOfDirectory(atPath: $0)) ?? [] }
    return Set(files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }).sorted()
  }

  /// The administrator's own, then the package's, then those of a checkout that the program was built in.
  private static var folders: [String] {
    let program = Bundle.main.bundleURL
    return [
      "/etc/roadseg/profiles", program.deletingLastPathComponent().appending(path: "share/roadseg/profiles").path,
      "/usr/share/roadseg/profiles",
      program.appending(path: "../../../Firmware-Configs/profiles").standardizedFileURL.path,
    ]
  }
}
