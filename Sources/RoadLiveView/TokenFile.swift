import Glibc
import RoadBase
import RoadFrame

/// The word that viewers from the network need, in a file that only its owner reads.
public enum TokenFile {
  /// Letters, digits, `-` and `_`: they need no quoting in an address, a header or a cookie.
  private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
  static let lengths = 16...256

  /// Reads the token; where there is no such file, makes one of 32 random letters (192 bits).
  ///
  /// - Throws: an option error for a token that is too short, too long or of other letters.
  public static func load(_ path: String) throws(RoadError) -> String {
    if access(path, F_OK) != 0 { try make(path) }
    return try check(FileInput.read(path, as: .option, limit: 4096), path)
  }

  private static func make(_ path: String) throws(RoadError) {
    var generator = SystemRandomNumberGenerator()
    let token = (0..<32).map { _ in letters[Int(generator.next(upperBound: UInt(letters.count)))] } + [10]
    var code: Int32
    switch System.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600) {
    case .failed(let failure): code = failure
    case .done(let descriptor):
      code = token.withUnsafeBytes { System.writeAll(Int32(descriptor), $0) }
      let late = System.close(Int32(descriptor))
      if code == 0 { code = late }
    }
    guard code == 0 else {
      throw RoadError(
        .option, "\(path): cannot be written: \(System.words(code))", remedy: "choose a file that you may write",
        code: code)
    }
  }

  private static func check(_ bytes: [UInt8], _ path: String) throws(RoadError) -> String {
    let trimmed = bytes.prefix { ![10, 13].contains($0) }
    guard lengths.contains(trimmed.count), trimmed.allSatisfy(letters.contains) else {
      throw RoadError(
        .option, "\(path): is no token of \(lengths.lowerBound) to \(lengths.upperBound) letters, digits, - and _",
        remedy: "remove the file to have one made")
    }
    return String(decoding: trimmed, as: UTF8.self)
  }
}
