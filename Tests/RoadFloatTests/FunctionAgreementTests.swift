import Foundation
import RoadFloat
import RoadModel
import Testing

/// The float executor gives every function of the catalogue the numbers of Tests/RoadModelTests/make_functions.py.
@Suite struct FunctionAgreementTests {
  @Test("the executor's function is the catalogue's, to the last bit", arguments: OperatorCatalogue.functionNames)
  func agrees(operation: String) throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "RoadModelTests/Goldens/functions")
    var count = 0
    for file in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      let graph = try ONNXReader.read(path: folder.appending(path: file).path)
      guard graph.nodes.first?.operation == operation else { continue }
      let input = FloatTensor(try #require(graph.initializers["golden_input"]))
      let result = try #require(try FloatExecutor(graph.simplified()).run(["x": input])["y"])
      let exact = FloatTensor(try #require(graph.initializers["golden_exact"]))
      #expect(result.values == exact.values, "\(file)")
      count += 1
    }
    #expect(count > 0)
  }
}
