import RoadBase

/// The settings of one board or box: what a `.yaml` of `Firmware-Configs/profiles` says.
public struct Profile: Hashable, Sendable {
  /// What the file says of itself, in one line.
  public var about: String
  /// Each key's value as it stands in the file; lists have several.
  public var values: [ProfileKey: [String]]

  public init(about: String = "", values: [ProfileKey: [String]] = [:]) {
    self.about = about
    self.values = values
  }

  /// The keys that this profile sets, in the order of ``ProfileKey/all``.
  public var keys: [ProfileKey] { ProfileKey.all.filter { values[$0] != nil } }

  /// The arguments that stand for this profile in a call of `roadseg live` or `roadseg record`.
  ///
  /// - Parameters:
  ///   - given: what the user typed behind the command's name. An option that stands there is left out: it wins. With
  ///     `--model` that model's input size and classes are left out, too.
  ///   - hasSource: whether the user typed a SOURCE.
  public func arguments(for command: String, given: [String], hasSource: Bool) -> [String] {
    let typed = Set(given.filter { $0.hasPrefix("-") }.map { String($0.prefix { $0 != "=" }) })
    var arguments: [String] = []
    for key in keys where key.serves(command) {
      let values = values[key] ?? []
      guard let option = key.option else {
        if !hasSource { arguments += values }
        continue
      }
      if typed.contains(option) || Self.shortNames[option].map(typed.contains) == true { continue }
      if typed.contains("--model"), Self.ofTheModel.contains(option) { continue }
      if key.kind == .flag {
        if values == ["true"] { arguments.append(option) }
      } else {
        arguments += values.map { "\(option)=\($0)" }
      }
    }
    return arguments
  }

  private static let shortNames = ["--output": "-o"]
  private static let ofTheModel = ["--input-size", "--classes"]
}

/// One key on which two profiles differ.
public struct ProfileDifference: Hashable, Sendable {
  public let key: ProfileKey
  /// nil where the profile leaves the key to the command's own default.
  public let left: [String]?
  public let right: [String]?
}

extension Profile {
  public func differences(to other: Profile) -> [ProfileDifference] {
    ProfileKey.all.filter { values[$0] != other.values[$0] }
      .map { ProfileDifference(key: $0, left: values[$0], right: other.values[$0]) }
  }
}
