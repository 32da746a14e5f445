import RoadBase

/// Two profiles of the same network side by side: what changed beyond noise.
///
/// A time changed when its intervals
/// (``MeasuredTimes/low``...``MeasuredTimes/high``) lie apart and its medians differ by more than ``smallestShare`` and
/// by more than ``smallestPartOfFrame`` (of a layer ``smallestPartOfFrameInLayers``) of the whole frame.
///
/// With six repetitions each, intervals of two measurements of the same thing in one process lie apart by chance in 2
/// of 924 cases (the 12 medians in any order). But processes differ: where their memory lies moves a short loop by tens
/// of percent, for as long as they live. Of 90 comparisons of ten runs of one program 78 had something "slower" by
/// intervals and 2 % alone, none by this rule (2026-11-29).
public struct ProfileComparison: Sendable, Encodable {
  public enum Verdict: String, Sendable, Encodable {
    case same
    case faster
    case slower
  }

  public struct Row: Sendable, Encodable {
    /// "total", "network", "layer /deep/0/Conv", …
    public var name: String
    /// Medians in milliseconds.
    public var before: Double
    public var after: Double
    /// after / before.
    public var ratio: Double
    public var verdict: Verdict
  }

  /// Differences below this share of the median are the same, however little the repetitions spread.
  public static let smallestShare = 0.03
  /// What is less than this part of the whole frame before is the same.
  public static let smallestPartOfFrame = 0.01
  /// The same for a layer.
  public static let smallestPartOfFrameInLayers = 0.0025

  /// The whole frame, then its stages.
  public var stages: [Row]
  /// Those that both profiles have.
  public var layers: [Row]
  /// Layers of one profile alone.
  public var onlyBefore: [String]
  public var onlyAfter: [String]
  /// Why nothing can be concluded: what differs in the set-up, and what made the machine noisy.
  public var doubts: [String]

  public init(before: FrameProfile, after: FrameProfile) {
    let least = Self.smallestPartOfFrame * before.total.median
    let leastOfLayer = Self.smallestPartOfFrameInLayers * before.total.median
    stages =
      [Self.row("whole frame", before.total, after.total, atLeast: least)]
      + before.stages.compactMap { stage in
        after.stages.first { $0.name == stage.name }
          .map { Self.row(stage.name, stage.milliseconds, $0.milliseconds, atLeast: least) }
      }
    let old = Dictionary(before.layers.map { ($0.description.name, $0) }, uniquingKeysWith: { first, _ in first })
    layers = after.layers.compactMap { layer in
      old[layer.description.name].map {
        Self.row(layer.description.name, $0.milliseconds, layer.milliseconds, atLeast: leastOfLayer)
      }
    }
    let new = Set(after.layers.map(\.description.name))
    onlyBefore = before.layers.map(\.description.name).filter { !new.contains($0) }
    onlyAfter = after.layers.map(\.description.name).filter { old[$0] == nil }
    doubts = Self.doubts(before, after)
  }

  /// Whether a stage or a layer is slower beyond noise.
  public var isSlower: Bool { (stages + layers).contains { $0.verdict == .slower } }

  /// What `--compare` ends with: 3 when nothing can be concluded, 1 when something is slower, else 0.
  public var exitCode: Int32 { doubts.isEmpty ? (isSlower ? 1 : 0) : 3 }

  private static func row(
    _ name: String, _ before: MeasuredTimes, _ after: MeasuredTimes, atLeast least: Double
  ) -> Row {
    let isApart = before.high < after.low || after.high < before.low
    let difference = abs(after.median - before.median)
    let matters = difference > smallestShare * before.median && difference > least
    let verdict: Verdict = !isApart || !matters ? .same : after.median > before.median ? .slower : .faster
    return Row(
      name: name, before: before.median, after: after.median, ratio: after.median / max(before.median, 1e-9),
      verdict: verdict)
  }

  /// Profiles from before there was a choice do not say it.
  private static func way(_ profile: FrameProfile) -> String { (profile.preparation ?? .pictures).rawValue }

  private static func doubts(_ before: FrameProfile, _ after: FrameProfile) -> [String] {
    let pairs: [(String, String, String)] = [
      ("models", before.model, after.model),
      ("input sizes", before.inputSize.description, after.inputSize.description),
      ("frame sizes", before.frameSize.description, after.frameSize.description),
      ("ways to the network", way(before), way(after)),
      ("frame formats", before.frameFormat.rawValue, after.frameFormat.rawValue),
      ("threads", String(before.threads), String(after.threads)),
      ("instruction sets", before.instructionSet, after.instructionSet),
    ]
    let differing = pairs.filter { $0.1 != $0.2 }.map { "the \($0.0) differ: \($0.1) and \($0.2)" }
    return differing + before.conditions.doubts.map { "before: \($0)" } + after.conditions.doubts.map { "after: \($0)" }
      + [before, after].filter { $0.repetitions < 6 }.prefix(1).map { _ in "fewer than 6 repetitions" }
  }
}
