import Foundation
import Testing

/// What Swift 6.0, which Debian 13 has, does not take, where a newer compiler says nothing.
@Suite struct OldCompilerTests {
  /// Its compiler crashes on a closure or a call within a text among the arguments of a test.
  @Test func noTestHasAClosureAmongItsArguments() throws {
    let root = Source.root + "/Tests"
    let paths = try FileManager.default.subpathsOfDirectory(atPath: root).filter { $0.hasSuffix(".swift") }
    #expect(paths.count > 100)
    for path in paths {
      let text = try String(contentsOfFile: "\(root)/\(path)", encoding: .utf8)
      for arguments in Self.arguments(in: text) where arguments.contains("{") {
        Issue.record("\(path): make a static property of \(arguments)")
      }
    }
  }

  @Test func argumentsAreFound() {
    let text = "@Test(\"a { (\", arguments: [f(1), 2])\n  func a() {}\n@Suite(.serialized) struct B {}"
    #expect(Self.arguments(in: text) == ["(, arguments: [f(1), 2])", "(.serialized)"])
    #expect(Self.arguments(in: "@Test(arguments: a.filter { $0 > 1 })") == ["(arguments: a.filter { $0 > 1 })"])
  }

  /// What stands in the parentheses of each `@Test` and `@Suite`, without its texts; of one with a value in it a brace.
  private static func arguments(in text: String) -> [Substring] {
    let plain = text.replacing(/"(?:\\.|[^"\\\n])*"/) { $0.output.contains(#"\("#) ? "{" : "" }
    return plain.matches(of: /@(?:Test|Suite)\(/).map { match in
      let start = plain.index(before: match.range.upperBound)
      var depth = 0
      let end = plain[start...].firstIndex { character in
        depth += character == "(" ? 1 : character == ")" ? -1 : 0
        return depth == 0
      }
      return plain[start...(end ?? start)]
    }
  }
}
