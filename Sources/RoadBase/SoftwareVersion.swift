import CVersion

/// Which roadseg this is.
public enum SoftwareVersion {
  /// By semver.org; the newest heading of CHANGELOG.md that is a version, or the one to come.
  public static let number = "0.2.0"

  /// The commit that the program was built from, abbreviated; nil where the build was not told.
  public static let commit: String? = {
    let commit = String(cString: roadseg_commit())
    return commit.isEmpty ? nil : commit
  }()

  /// "0.2.0 (1bfb6d5)"
  public static let text = commit.map { "\(number) (\($0))" } ?? number
}
