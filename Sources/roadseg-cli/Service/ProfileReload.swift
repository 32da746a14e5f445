import RoadBase
import RoadProfiles
import Synchronization

/// SIGHUP: the profile is read again, and what the running command can change is changed.
final class ProfileReload: Sendable {
  private let name: String
  private let profile: Mutex<Profile>
  private let changeable: Set<String>
  private let apply: @Sendable ([String]) throws -> Void

  /// - Parameters:
  ///   - options: those named `--profile`; without one there is nothing to reload, and SIGHUP ends the command.
  ///   - changeable: paths of the keys that `apply` takes over.
  ///   - apply: given the command's arguments anew, without its name.
  static func watch(
    _ options: ProfileOptions, changeable: Set<String> = [],
    apply: @escaping @Sendable ([String]) throws -> Void = { _ in }
  ) throws(RoadError) {
    guard let name = options.profile else { return }
    let reload = ProfileReload(name, try ProfileFolder.load(name), changeable, apply)
    StopSignals.onReload { reload.run() }
  }

  private init(
    _ name: String, _ profile: Profile, _ changeable: Set<String>,
    _ apply: @escaping @Sendable ([String]) throws -> Void
  ) {
    self.name = name
    self.profile = Mutex(profile)
    self.changeable = changeable
    self.apply = apply
  }

  /// A profile that is wrong changes nothing.
  private func run() {
    do {
      let new = try ProfileFolder.load(name)
      let changes = profile.withLock { $0.differences(to: new) }
      let arguments = try ProfileArguments.expand(Array(CommandLine.arguments.dropFirst()))
      try apply(Array(arguments.dropFirst()))
      profile.withLock { $0 = new }
      Terminal.say("roadseg: \(name): \(words(changes))")
    } catch {
      Terminal.say("roadseg: \(name): not reloaded: \(error)")
    }
  }

  /// "reloaded: record.max-size 20G → 10G; needs a restart: camera.rate 30 → 15"
  private func words(_ changes: [ProfileDifference]) -> String {
    func text(_ changes: [ProfileDifference]) -> String {
      changes.map { change in
        let (left, right) = (change.left?.joined(separator: ","), change.right?.joined(separator: ","))
        return "\(change.key.path) \(left ?? "default") → \(right ?? "default")"
      }.joined(separator: ", ")
    }
    let (now, later) = (
      changes.filter { changeable.contains($0.key.path) }, changes.filter { !changeable.contains($0.key.path) }
    )
    if changes.isEmpty { return "reloaded, nothing has changed" }
    var parts: [String] = []
    if !now.isEmpty { parts.append("reloaded: \(text(now))") }
    if !later.isEmpty { parts.append("needs a restart: \(text(later))") }
    return parts.joined(separator: "; ")
  }
}
