import Foundation
import RoadBase
import RoadModel
import RoadPipeline
import RoadSegmentation

/// The networks that come with roadseg, and the way from what a user typed to a model.
public enum ShippedModels {
  /// What runs when nobody asks for another.
  public static let defaultName = "contextnet"

  /// A shipped network's name, or the path of an ONNX file.
  ///
  /// - Throws: a model error: no such name or file, or what ``ONNXReader`` says of the file.
  ///
  /// - Parameter folders: where shipped networks may lie, too; they are looked through first.
  public static func load(
    _ nameOrPath: String = defaultName, besides folders: [String] = []
  ) throws(RoadError) -> ModelGraph {
    var model = try ONNXReader.read(path: try file(of: nameOrPath, besides: folders))
    if !isPath(nameOrPath), model.usualSaturation == nil, let usual = usualActivity[stem(of: nameOrPath)] {
      model.note(usual)
    }
    return model
  }

  /// Of the shipped networks that were made int8 before `roadseg quantize` wrote what is usual into the file: the
  /// moving means that `roadseg live` ended with on a shuffled folder of the pictures that they were trained on (CamVid
  /// and IDD Lite, train).
  private static let usualActivity = [
    "deeplabv3plus": UsualActivity(saturated: 0.0058, road: 69),
    "fcn8s": UsualActivity(saturated: 0.0131, road: 60),
    "contextnet-camvid11": UsualActivity(saturated: 0.0200, road: 65),
  ]

  private static func stem(of name: String) -> String {
    name.hasSuffix(labelSet) ? String(name.dropLast(labelSet.count)) : name
  }

  /// The file that ``load(_:besides:)`` reads.
  ///
  /// - Throws: a model error: no such name.
  public static func file(of nameOrPath: String, besides folders: [String] = []) throws(RoadError) -> String {
    isPath(nameOrPath) ? nameOrPath : try path(of: nameOrPath, besides: folders)
  }

  private static func isPath(_ nameOrPath: String) -> Bool { nameOrPath.contains("/") || nameOrPath.hasSuffix(".onnx") }

  /// The file of a shipped network: its label set may be left out where it is the default one.
  ///
  /// - Parameter besides: folders that are looked through first.
  public static func path(of name: String, besides: [String] = []) throws(RoadError) -> String {
    let folders = besides.map { URL(filePath: $0) } + folders
    if let file = file(of: name, in: folders) { return file }
    let names = names(in: folders)
    throw RoadError(
      .model, "no shipped model '\(name)'",
      remedy: names.isEmpty
        ? "set ROADSEG_MODELS to the folder of the models"
        : "shipped: \(names.joined(separator: ", ")); or give an ONNX file")
  }

  private static func file(of name: String, in folders: [URL]) -> String? {
    let files = ["\(name)\(labelSet)\(suffix)", "\(name)\(suffix)"]
    let paths = folders.flatMap { folder in files.map { folder.appending(path: $0).path } }
    return paths.first(where: FileManager.default.isReadableFile)
  }

  /// The shipped networks that are there.
  public static var names: [String] { names(in: folders) }

  private static func names(in folders: [URL]) -> [String] {
    let files = folders.flatMap { (try? FileManager.default.contentsOfDirectory(atPath: $0.path)) ?? [] }
    let names = files.filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.count)) }
    return Set(names.map { $0.hasSuffix(labelSet) ? String($0.dropLast(labelSet.count)) : $0 }).sorted()
  }

  /// The shipped network of the same classes that takes less time; nil where there is none, and for files.
  public static func lighter(than name: String) -> String? {
    lighterNames[stem(of: name)].flatMap { names.contains($0) ? $0 : nil }
  }

  private static let lighterNames = [
    "deeplabv3plus": "contextnet", "fcn8s": "contextnet", "deeplabv3plus-camvid11": "contextnet-camvid11",
  ]

  private static let suffix = "-int8.onnx"
  private static let labelSet = "-driving7"

  /// Where models may lie: the folder that the environment names, the package's resources beside the program, and where
  /// an installation puts them, wherever the program itself was copied to. `Bundle.module` is not asked: it ends the
  /// program where the resources are missing.
  private static var folders: [URL] {
    let program = Bundle.main.bundleURL
    let resources = "roadseg_RoadSeg.resources/Models"
    let named = ProcessInfo.processInfo.environment["ROADSEG_MODELS"].map { [URL(filePath: $0)] } ?? []
    return named + [
      program.appending(path: resources), program.deletingLastPathComponent().appending(path: "share/roadseg/models"),
      URL(filePath: "/usr/share/roadseg/models"), URL(filePath: "/usr/local/share/roadseg/models"),
    ]
  }
}
