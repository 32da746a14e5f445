import RoadModel
import Testing

@Suite("terms of a model's weights")
struct ModelTermsTests {
  @Test(
    "are what the file says, on one line that a terminal can show",
    arguments: [
      ("for research, not for commercial use", "for research, not for commercial use"),
      ("  two\nlines\tand\u{1B}[2Jmore\u{202E} ", "two lines and [2Jmore"),
      ("für Forschung – 研究", "für Forschung – 研究"),
      (String(repeating: "a", count: 1300), String(repeating: "a", count: 1000)),
    ])
  func text(metadata: String, terms: String) {
    #expect(ModelGraph(metadata: [ModelGraph.termsKey: metadata]).terms == terms)
  }

  @Test("are nothing where the file says nothing", arguments: [[:], ["terms": ""], ["terms": " \n"], ["licence": "x"]])
  func none(metadata: [String: String]) {
    #expect(ModelGraph(metadata: metadata).terms == nil)
  }

  @Test("are kept when a model is written and read")
  func kept() throws {
    var graph = Models.tiny()
    graph.metadata[ModelGraph.termsKey] = "for research"
    #expect(try ONNXReader.read(bytes: ONNXWriter.write(graph)).terms == "for research")
  }
}
