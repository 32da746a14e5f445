import RoadBase

/// Which label file belongs to a picture, by the names that data sets give them: the same name, or that name with a
/// known ending in place of the picture's ("a_leftImg8bit.png" and "a_gtFine_labelIds.png", "b.png" and "b_L.png").
///
/// The folder of both below the roots must be the same, unless the label's name occurs once only.
struct LabelNames {
  /// Endings of pictures, which their labels have not.
  private static let pictureEndings = ["_leftImg8bit", "_rightImg8bit", "_image", "_img", "_rgb", "_rgb_anon"]
  /// Endings of labels, the one to take first: of a picture with several kinds of labels it is the class numbers.
  private static let labelEndings = [
    "", "_gtFine_labelIds", "_gtCoarse_labelIds", "_labelIds", "_gtFine_labelTrainIds", "_gtCoarse_labelTrainIds",
    "_labelTrainIds", "_gtFine_labellevel3Ids", "_train_id", "_trainids", "_label", "_labels", "_mask", "_gt", "_seg",
    "_drivable_id", "_L", "_gtFine_color", "_gtCoarse_color", "_train_color", "_color",
  ]

  /// Labels by name without ending, relative to their root.
  private let byPath: [String: String]
  /// Labels by the last part of that name.
  private let byName: [String: [String]]

  /// - Parameter files: relative to their root.
  init(_ files: [String]) {
    byPath = Dictionary(files.map { (Self.withoutSuffix($0), $0) }) { first, _ in first }
    byName = Dictionary(grouping: files) { Self.lastPart(Self.withoutSuffix($0)) }
  }

  /// Whether a file is named as a label, where pictures and labels lie in one folder.
  static func isLabel(_ file: String) -> Bool {
    let name = withoutSuffix(file)
    let others = ["_instanceIds", "_gtFine_instanceIds"]
    return (labelEndings.dropFirst() + others).contains { name.hasSuffix($0) }
  }

  /// - Parameters:
  ///   - root: of the labels, for errors.
  ///   - self: a file that is the picture itself and no label.
  /// - Throws: a label error where two labels have an equal claim.
  func label(of picture: String, in root: String, butNot itself: String?) throws(RoadError) -> String? {
    let stems = Self.stems(of: Self.withoutSuffix(picture))
    for ending in Self.labelEndings {
      for stem in stems {
        if let label = byPath[stem + ending], label != itself { return label }
      }
    }
    for ending in Self.labelEndings {
      for stem in stems.map(Self.lastPart) {
        let found = (byName[stem + ending] ?? []).filter { $0 != itself }
        if found.count == 1 { return found[0] }
        if found.count > 1 {
          throw RoadError(
            .label, "\(root): \(found[0]) and \(found[1]) could both be the label of \(picture)",
            remedy: "put pictures and labels into subfolders of the same names, or write a list")
        }
      }
    }
    return nil
  }

  /// The names that a picture's label may begin with: the picture's own, without its ending, and KITTI's ("um_000000"
  /// has the label "um_road_000000").
  private static func stems(of name: String) -> [String] {
    var stems = [name]
    for ending in pictureEndings where name.hasSuffix(ending) { stems.append(String(name.dropLast(ending.count))) }
    let last = lastPart(name)
    if let bar = last.firstIndex(of: "_"), ["um", "umm", "uu"].contains(last[..<bar]) {
      let folder = name.dropLast(last.count)
      for kind in ["road", "lane"] { stems.append("\(folder)\(last[..<bar])_\(kind)\(last[bar...])") }
    }
    return stems
  }

  private static func lastPart(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

  private static func withoutSuffix(_ path: String) -> String {
    path.lastIndex(of: ".").map { String(path[..<$0]) } ?? path
  }
}
