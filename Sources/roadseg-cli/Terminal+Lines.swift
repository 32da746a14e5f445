import Foundation

extension Terminal {
  /// A result that readers of a pipe get at once.
  static func printLine(_ text: String) {
    print(text)
    fflush(nil)
  }

  /// The same as one JSON object on one line, keys in snake case.
  static func printLine(json value: some Encodable) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    guard let data = try? encoder.encode(value) else { preconditionFailure("\(type(of: value)) is not JSON") }
    printLine(String(decoding: data, as: UTF8.self))
  }
}
