import ArgumentParser
import Foundation
import RoadBase
import RoadFrame
import RoadMask
import RoadOverlay
import RoadPipeline

/// What `run` was asked for, beside inputs and network.
struct RunSettings {
  var output: String
  var kinds: Set<MaskFiles.Kind>
  /// With the colours that the user chose.
  var classes: ClassTable
  var style: OverlayStyle
  var showsDamaged: Bool
  var maximumPixels: Int
  var resumes: Bool
  var masks: MaskOptions
  var metres: MetresOptions?
  var preparation: FramePreparation
  /// Whether masks go through a dense conditional random field.
  var refines: Bool
}

/// `--overlay`
enum OverlayKind: String, ExpressibleByArgument, CaseIterable {
  case road, confidence

  var colouring: OverlayStyle.Colouring { self == .confidence ? .confidence : .road }
}

/// `--write`
struct MaskKinds: ExpressibleByArgument, CustomStringConvertible {
  let kinds: Set<MaskFiles.Kind>

  init(kinds: Set<MaskFiles.Kind>) { self.kinds = kinds }

  init?(argument: String) {
    let words = argument.split(separator: ",").map { MaskFiles.Kind(rawValue: String($0)) }
    guard !words.isEmpty, words.allSatisfy({ $0 != nil }) else { return nil }
    kinds = Set(words.compactMap { $0 })
  }

  var description: String { MaskFiles.Kind.allCases.filter(kinds.contains).map(\.rawValue).joined(separator: ",") }
  var defaultValueDescription: String { description }
}

/// `--damaged`
enum DamagedPolicy: String, ExpressibleByArgument, CaseIterable {
  case drop, show
}

/// `--paint`, `--colours`, `--alpha`: what is painted over the pictures, and the colours of palette files.
struct PaintOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp("Classes painted over the picture: names, or all. (default: the road)", valueName: "names"))
  var paint: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Colours of classes, for overlays and palettes: vehicles=#ff0000,sky=#4682b4.", valueName: "list"))
  var colours: String?

  @Option(name: .long, help: "How strongly classes are painted, 0 to 1. (default: a third)")
  var alpha: Double?

  func validate() throws {
    if let alpha, !(0...1).contains(alpha) { throw ValidationError("--alpha takes 0 to 1") }
  }

  /// - Throws: `.option` for a name that the network does not know, or no colour.
  func style(_ classes: ClassTable) throws(RoadError) -> OverlayStyle {
    var style = OverlayStyle()
    if let paint {
      style.painted = paint == "all" ? Set(0..<UInt8(classes.count)) : []
      for name in paint.split(separator: ",") where paint != "all" {
        style.painted?.insert(try index(of: name, classes, "--paint"))
      }
    }
    style.colours = try chosen(classes)
    style.weight = alpha.map { Int(($0 * 256).rounded()) }
    return style
  }

  /// The table with the chosen colours.
  func recoloured(_ classes: ClassTable) throws(RoadError) -> ClassTable {
    var table = classes
    for (index, colour) in try chosen(classes) { table = table.recolouring(index, colour) }
    return table
  }

  private func chosen(_ classes: ClassTable) throws(RoadError) -> [UInt8: Colour] {
    var chosen: [UInt8: Colour] = [:]
    for entry in colours?.split(separator: ",") ?? [] {
      let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, let colour = Colour(parts[1]) else {
        throw RoadError(.option, "--colours: '\(entry)' is no class and colour", remedy: "write it as vehicles=#ff0000")
      }
      chosen[try index(of: parts[0], classes, "--colours")] = colour
    }
    return chosen
  }

  private func index(of name: Substring, _ classes: ClassTable, _ option: String) throws(RoadError) -> UInt8 {
    if let index = classes.index(named: String(name)) { return index }
    throw RoadError(
      .option, "\(option): the model has no class '\(name)'",
      remedy: "it has \(classes.classes.map(\.name).joined(separator: ", "))")
  }
}

/// What an interrupted run has left: results are written whole or not at all, so those that are there are good.
struct Resumption {
  let output: String
  let kinds: Set<MaskFiles.Kind>

  /// The pictures of a batch that are still to do; nil if there are none.
  ///
  /// - Parameter left: is raised by the number of those that are not.
  func rest(of batch: PictureBatch, left: inout Int) -> PictureBatch? {
    var rest = batch
    rest.files = []
    rest.names = []
    for (file, name) in zip(batch.files, batch.names) {
      if isWritten(name, since: Self.modified(file)) {
        left += 1
      } else {
        rest.files.append(file)
        rest.names.append(name)
      }
    }
    return rest.files.isEmpty ? nil : rest
  }

  /// Frames at the beginning of a stream that need not be done again: all up to the last one that is written.
  func framesDone() -> Int {
    let last = kinds.map { kind in
      let files = (try? FileManager.default.contentsOfDirectory(atPath: "\(output)/\(kind.rawValue)")) ?? []
      return files.compactMap { file -> Int? in
        let name = file.prefix { $0 != "." }
        guard name.hasPrefix("frame-"), let number = Int(name.dropFirst(6)) else { return nil }
        return MaskFiles.frameName(number) == name ? number : nil
      }.max() ?? -1
    }
    return (last.min() ?? -1) + 1
  }

  private func isWritten(_ name: String, since time: Date?) -> Bool {
    kinds.allSatisfy { kind in
      guard let written = Self.modified("\(output)/\(kind.file(name))") else { return false }
      return time.map { written >= $0 } ?? true
    }
  }

  private static func modified(_ path: String) -> Date? {
    try? FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
  }
}
