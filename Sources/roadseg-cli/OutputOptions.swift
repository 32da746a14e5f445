import ArgumentParser
import RoadBase
import RoadModel

/// `--output-name`, for models with several outputs.
struct OutputOptions: ParsableArguments {
  @Option(
    name: .customLong("output-name"),
    help: ArgumentHelp(
      "Which output holds the scores. (default: the first that gives a score for each class and pixel)",
      valueName: "name"))
  var name: String?

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
