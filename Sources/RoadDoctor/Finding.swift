/// One thing that was looked at, and how it is.
public struct Finding: Hashable, Sendable, Codable {
  public enum Level: String, Hashable, Sendable, Codable, CaseIterable {
    /// As it should be.
    case ok
    /// Nothing wrong, and worth knowing.
    case note
    /// It works, slower or less safely than it could.
    case warning
    /// It does not work.
    case problem
  }

  /// Stable, for programs: "camera", "disk", "kernels".
  public var topic: String
  public var level: Level
  /// What was found, with figures.
  public var finding: String
  /// What to do about it; nil where there is nothing to do.
  public var remedy: String?

  public init(_ topic: String, _ level: Level, _ finding: String, remedy: String? = nil) {
    self.topic = topic
    self.level = level
    self.finding = finding
    self.remedy = remedy
  }
}
