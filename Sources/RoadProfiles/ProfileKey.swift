/// One key that a profile may have: where it stands, what it takes, and the command line option that it stands for.
public struct ProfileKey: Hashable, Sendable {
  /// The mapping of the file that the key stands in.
  public enum Section: String, Sendable, CaseIterable {
    case camera, network, masks, metres, live, record
  }

  /// What a value may be. The command checks again what it is given: this is for an error with file and line.
  public enum Kind: Hashable, Sendable {
    /// Free text, such as a path.
    case text
    /// `WIDTHxHEIGHT`.
    case size
    case integer(ClosedRange<Int>)
    /// Above the lower bound, up to the upper one.
    case number(above: Double, upTo: Double)
    case choice([String])
    /// A number with k, M or G behind it.
    case bytes
    /// A number with ms, s, m, h or d behind it.
    case time
    /// `none`, `chunk` or `seconds=N`.
    case sync
    case flag
    /// One or more of these, as a list.
    case choices([String])
    /// One text, or several as a list; "-" stands for a stream.
    case texts

    /// Whether a list may stand there.
    public var isList: Bool {
      switch self {
      case .choices, .texts: true
      default: false
      }
    }
  }

  public let section: Section
  public let name: String
  public let kind: Kind
  /// One sentence for whoever edits the file.
  public let explanation: String
  /// "--size"; nil for the command's SOURCE.
  public let option: String?

  init(_ section: Section, _ name: String, _ kind: Kind, _ explanation: String) {
    self.section = section
    self.name = name
    self.kind = kind
    self.explanation = explanation
    option = section == .camera && name == "source" ? nil : "--\(name)"
  }

  public var path: String { "\(section.rawValue).\(name)" }

  /// Whether the key means something to `roadseg live` or `roadseg record`.
  public func serves(_ command: String) -> Bool {
    switch section {
    case .camera, .network, .masks, .metres: true
    case .live: command == "live"
    case .record: command == "record"
    }
  }
}
