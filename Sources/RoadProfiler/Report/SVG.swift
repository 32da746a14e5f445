import Foundation

/// Drawing with text: the few shapes that the report's plots are made of. Colours are classes of the page's style
/// sheet, so that the plots follow its light and dark schemes.
struct SVG {
  let width: Double
  let height: Double
  private var body = ""

  init(width: Double, height: Double) {
    self.width = width
    self.height = height
  }

  /// - Parameter label: what a screen reader says of the picture.
  func element(label: String) -> String {
    """
    <svg viewBox="0 0 \(Self.text(width)) \(Self.text(height))" role="img" aria-label="\(HTML.escaped(label))">
    \(body)</svg>
    """
  }

  mutating func rectangle(x: Double, y: Double, width: Double, height: Double, style: String, title: String? = nil) {
    let box = [("x", x), ("y", y), ("width", max(width, 0)), ("height", max(height, 0))]
      .map { "\($0)=\"\(Self.text($1))\"" }.joined(separator: " ")
    body += "<rect \(box) class=\"\(style)\">\(Self.title(title))</rect>\n"
  }

  mutating func circle(x: Double, y: Double, radius: Double, style: String, title: String? = nil) {
    body += "<circle cx=\"\(Self.text(x))\" cy=\"\(Self.text(y))\" r=\"\(Self.text(radius))\" class=\"\(style)\">"
    body += "\(Self.title(title))</circle>\n"
  }

  mutating func line(x1: Double, y1: Double, x2: Double, y2: Double, style: String) {
    let ends = [("x1", x1), ("y1", y1), ("x2", x2), ("y2", y2)]
      .map { "\($0)=\"\(Self.text($1))\"" }.joined(separator: " ")
    body += "<line \(ends) class=\"\(style)\"/>\n"
  }

  /// - Parameter anchor: "start", "middle" or "end".
  mutating func label(_ text: String, x: Double, y: Double, anchor: String = "start") {
    body += "<text x=\"\(Self.text(x))\" y=\"\(Self.text(y))\" text-anchor=\"\(anchor)\">"
    body += "\(HTML.escaped(text))</text>\n"
  }

  private static func title(_ text: String?) -> String { text.map { "<title>\(HTML.escaped($0))</title>" } ?? "" }
  private static func text(_ value: Double) -> String { String(format: "%.1f", value) }
}

enum HTML {
  static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;")
  }

  /// Names and what stands for each.
  static func list(_ rows: [[String]]) -> String {
    "<dl>" + rows.map { "<dt>\(escaped($0[0]))</dt><dd>\(escaped($0[1]))</dd>" }.joined(separator: "\n") + "</dl>"
  }

  static func table(_ header: [String], _ rows: [[String]]) -> String {
    let head = header.map { "<th scope=\"col\">\(escaped($0))</th>" }.joined()
    let body = rows.map { "<tr>" + $0.map { "<td>\(escaped($0))</td>" }.joined() + "</tr>" }.joined(separator: "\n")
    return "<div class=\"wide\"><table><thead><tr>\(head)</tr></thead>\n<tbody>\(body)</tbody></table></div>"
  }
}

/// A scale that plots print: steps of 1, 2 or 5 times a power of ten.
struct PlotScale {
  let limit: Double
  let step: Double

  /// - Parameter largest: of the values; the limit is the next step above it.
  init(largest: Double) {
    let rough = max(largest, 1e-6) / 5
    let power = pow(10, floor(log10(rough)))
    step = [1, 2, 5, 10].map { $0 * power }.first { $0 >= rough } ?? 10 * power
    limit = step * max(1, (largest / step).rounded(.up))
  }

  var ticks: [Double] { Array(stride(from: 0, through: limit + step / 2, by: step)) }

  func text(_ value: Double) -> String { String(format: step < 1 ? (step < 0.1 ? "%.2f" : "%.1f") : "%.0f", value) }
}
