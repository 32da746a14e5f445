import FlyingFox
import Foundation

/// Who may see the page.
///
/// Without a token: requests that name this machine in their Host header, so that no page of another site can reach it
/// by a name of its own (DNS rebinding). With one: requests that carry it, as `Authorization: Bearer`, as a cookie, or
/// once in the address, which is answered with the cookie and an address without it. Requests that change something
/// must come from the page itself.
struct AccessGuard {
  enum Verdict {
    case allowed
    /// Answered before any route is looked at.
    case answered(HTTPResponse)
  }

  let token: String?
  private static let cookie = "roadseg_token"

  func verdict(_ request: HTTPRequest) -> Verdict {
    if request.method == .POST, !isFromPage(request) {
      return .answered(.text(.forbidden, "only the page itself may do this"))
    }
    guard let token else {
      return namesThisMachine(request)
        ? .allowed : .answered(.text(.forbidden, "ask for this page by an address of this machine"))
    }
    if let given = request.query.first(where: { $0.name == "token" })?.value {
      return .answered(Self.isEqual(given, token) ? entry(request, token) : refusal)
    }
    return carried(by: request).contains { Self.isEqual($0, token) } ? .allowed : .answered(refusal)
  }

  private var refusal: HTTPResponse {
    .text(.unauthorized, "a token is needed: open /?token=… once, or send Authorization: Bearer …")
  }

  /// The cookie, and the page's address without the token.
  private func entry(_ request: HTTPRequest, _ token: String) -> HTTPResponse {
    HTTPResponse(
      statusCode: .seeOther,
      headers: HTTPHeaders([
        .location: request.path.isEmpty ? "/" : request.path,
        HTTPHeader("Set-Cookie"): "\(Self.cookie)=\(token); Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000",
        HTTPHeader("Referrer-Policy"): "no-referrer",
      ]), body: Data())
  }

  private func carried(by request: HTTPRequest) -> [String] {
    var tokens: [String] = []
    if let header = request.headers[.authorization], header.hasPrefix("Bearer ") {
      tokens.append(String(header.dropFirst(7)))
    }
    for pair in (request.headers[HTTPHeader("Cookie")] ?? "").split(separator: ";") {
      let parts = pair.split(separator: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
      if parts.count == 2, parts[0] == Self.cookie { tokens.append(parts[1]) }
    }
    return tokens
  }

  /// In time that does not depend on where two texts differ.
  static func isEqual(_ given: String, _ wanted: String) -> Bool {
    let (given, wanted) = (Array(given.utf8), Array(wanted.utf8))
    var difference = UInt8(given.count == wanted.count ? 0 : 1)
    for index in wanted.indices { difference |= wanted[index] ^ (index < given.count ? given[index] : 0) }
    return difference == 0
  }

  /// Browsers send the origin of a page with every POST, and other sites cannot send JSON unasked.
  private func isFromPage(_ request: HTTPRequest) -> Bool {
    guard request.headers[.contentType]?.hasPrefix("application/json") == true else { return false }
    guard let origin = request.headers[HTTPHeader("Origin")] else { return true }
    return origin == "http://\(request.headers[.host] ?? "")"
  }

  private func namesThisMachine(_ request: HTTPRequest) -> Bool {
    guard var host = request.headers[.host] else { return true }
    if let colon = host.lastIndex(of: ":"), !host.hasSuffix("]") { host = String(host[..<colon]) }
    return host == "localhost" || host == "[::1]" || host.hasPrefix("127.") && SocketName(address: host, port: 0) != nil
  }
}

extension HTTPResponse {
  static func text(_ status: HTTPStatusCode, _ text: String) -> HTTPResponse {
    HTTPResponse(
      statusCode: status,
      headers: [.contentType: "text/plain; charset=utf-8", HTTPHeader("Cache-Control"): "no-store"],
      body: Data((text + "\n").utf8))
  }
}
