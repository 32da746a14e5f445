import Foundation

/// Other programs that tests ask: what they print is what nobody here wrote.
public enum Programs {
  /// Waits for the program's end.
  ///
  /// - Parameter withErrors: standard error is part of the output, too.
  /// - Returns: status -1 where it cannot be started.
  public static func run(
    _ program: String, _ arguments: [String], withErrors: Bool = false
  ) -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    if withErrors { process.standardError = pipe }
    guard (try? process.run()) != nil else { return (-1, "\(program) cannot be started") }
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
  }

  /// The Python interpreter of `Tests/set_up_python`; nil where it cannot be had.
  ///
  /// - Parameter packages: "readers" or "recordings".
  public static func python(with packages: String) -> String? {
    let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let (status, output) = run(tests.appending(path: "set_up_python").path, [packages])
    return status == 0 ? output.split(separator: "\n").last.map(String.init) : nil
  }
}
