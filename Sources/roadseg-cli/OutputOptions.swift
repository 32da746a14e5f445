import ArgumentParser
import RoadBase
import RoadMask
import RoadModel

/// `--output-name`, for models with several outputs.
struct OutputOptions: ParsableArguments {
  @Option(
    name: .customLong("output-name"),
    help: ArgumentHelp(
      "Which output holds the scores. (default: the first that gives a score for each class and pixel)",
      valueName: "name"))
  var name: String?

  @Option(
    name: .customLong("exclude-class"),
    help: ArgumentHelp(
      """
      A class that is never an answer, as that for void, by its name in the class table or its number. The classes \
      behind it move up.
      """,
      valueName: "class"))
  var excludedClass: String?

  /// The class to leave out, and the table without it.
  ///
  /// - Parameter table: of the model's classes, as far as it is known.
  func exclusion(from table: ClassTable?) throws(RoadError) -> (index: Int, table: ClassTable?)? {
    guard let excludedClass else { return nil }
    guard let index = table?.index(named: excludedClass).map(Int.init) ?? Int(excludedClass) else {
      throw RoadError(
        .option, "no class is named '\(excludedClass)'",
        remedy: table.map { "the classes are \($0.classes.map(\.name).joined(separator: ", "))" }
          ?? "give its number, or a class table with --classes")
    }
    return (index, try table?.excluding(index))
  }

  /// As another process of roadseg takes them.
  var arguments: [String] {
    (name.map { ["--output-name", $0] } ?? []) + (excludedClass.map { ["--exclude-class", $0] } ?? [])
  }

  /// The graph with the chosen output alone. Where several could be meant and none is chosen, says which is used.
  func applied(to graph: ModelGraph, model: String) throws(RoadError) -> ModelGraph {
    if let name { return try graph.keepingOutput(named: name, model: model) }
    if graph.outputs.count > 1, let used = graph.outputWithScores {
      let others = graph.outputs.map(\.name).filter { $0 != used }.joined(separator: ", ")
      Terminal.say("roadseg: \(model): output '\(used)' is used, not \(others); --output-name chooses another")
    }
    return graph
  }
}
