import Foundation
import RoadBase

/// Where a camera sees its own car, or is to look alone: polygons over the picture, whatever its size.
///
/// As text: a polygon a line, its corners as `x,y` in percent of width and height, separated by blanks; `#` begins a
/// comment. A bonnet: `0,93 25,88 50,87 75,88 100,93 100,100 0,100`.
public struct OwnParts: Hashable, Sendable {
  /// In 1/10000 of the picture's width and height.
  public struct Corner: Hashable, Sendable {
    public var x: Int
    public var y: Int

    public init(x: Int, y: Int) {
      self.x = x
      self.y = y
    }
  }

  /// Of three corners and more each.
  public let polygons: [[Corner]]

  public init(polygons: [[Corner]]) {
    precondition(polygons.allSatisfy { $0.count >= 3 }, "polygons of fewer than three corners")
    self.polygons = polygons
  }

  /// - Parameter name: of the text, for errors.
  /// - Throws: `.option` with the line that is no polygon; for a text without any.
  public init(text: String, name: String) throws(RoadError) {
    polygons = try Self.polygons(text, name: name)
    guard !polygons.isEmpty else { throw RoadError(.option, "\(name): no polygon", remedy: Self.remedy) }
  }

  /// - Throws: the same, and for a file that cannot be read.
  public init(path: String) throws(RoadError) { try self.init(text: Self.content(path), name: path) }

  /// - Returns: nil for a text of comments alone.
  /// - Throws: the same as for a file that has to have polygons.
  static func ofFile(_ path: String) throws(RoadError) -> OwnParts? {
    let polygons = try polygons(content(path), name: path)
    return polygons.isEmpty ? nil : OwnParts(polygons: polygons)
  }

  /// More than anybody draws.
  private static let maximumBytes = 1 << 16
  private static let remedy = "write a polygon a line, its corners as x,y in percent: 0,93 50,87 100,93 100,100 0,100"

  private static func content(_ path: String) throws(RoadError) -> String {
    guard let handle = FileHandle(forReadingAtPath: path),
      let data = try? handle.read(upToCount: maximumBytes + 1), data.count <= maximumBytes,
      let text = String(data: data, encoding: .utf8)
    else {
      throw RoadError(
        .option, "\(path): cannot be read as a text of polygons", remedy: "check that the file is there and readable")
    }
    return text
  }

  private static func polygons(_ text: String, name: String) throws(RoadError) -> [[Corner]] {
    var polygons: [[Corner]] = []
    var number = 0
    for line in text.split(omittingEmptySubsequences: false, whereSeparator: { $0.isNewline || $0 == ";" }) {
      number += 1
      let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
      if words.isEmpty { continue }
      var corners: [Corner] = []
      for word in words {
        guard let corner = corner(word) else {
          throw RoadError(.option, "\(name):\(number): '\(word)' is no corner", remedy: remedy)
        }
        corners.append(corner)
      }
      guard corners.count >= 3 else {
        throw RoadError(.option, "\(name):\(number): a polygon of \(corners.count) corners", remedy: remedy)
      }
      polygons.append(corners)
    }
    return polygons
  }

  private static func corner(_ word: Substring) -> Corner? {
    let parts = word.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
    guard parts.count == 2, let x = parts[0], let y = parts[1], (0...100).contains(x), (0...100).contains(y) else {
      return nil
    }
    return Corner(x: Int((x * 100).rounded()), y: Int((y * 100).rounded()))
  }

  /// In one line: polygons separated by `;`. Reads as the same parts.
  public var text: String {
    func percent(_ value: Int) -> String {
      value % 100 == 0 ? "\(value / 100)" : "\(value / 100).\(value % 100 / 10)\(value % 10)"
    }
    return polygons.map { $0.map { "\(percent($0.x)),\(percent($0.y))" }.joined(separator: " ") }.joined(
      separator: "; ")
  }

  /// Stretches of one row of pixels whose middles lie in one of the polygons (by the even-odd rule), exactly, one
  /// behind the other.
  func stretches(row y: Int, of size: PictureSize) -> [Range<Int>] {
    // Only sides that cross the row count.
    let py = (2 * y + 1) * 10000
    let crossing = polygons.compactMap { corners in
      let sides = zip(corners, corners[1...] + corners[..<1]).filter { a, b in
        (a.y * 2 * size.height > py) != (b.y * 2 * size.height > py)
      }
      return sides.isEmpty ? nil : sides
    }
    guard !crossing.isEmpty else { return [] }
    var stretches: [Range<Int>] = []
    var start: Int?
    for x in 0...size.width {
      let isInside = x < size.width && crossing.contains { Self.isInside(x, py, $0, size) }
      if isInside, start == nil { start = x }
      if !isInside, let begin = start {
        stretches.append(begin..<x)
        start = nil
      }
    }
    return stretches
  }

  private static func isInside(_ x: Int, _ py: Int, _ sides: [(Corner, Corner)], _ size: PictureSize) -> Bool {
    // All in 1/(2·side·10000) of the picture.
    let (px, width, height) = ((2 * x + 1) * 10000, 2 * size.width, 2 * size.height)
    var isInside = false
    for (a, b) in sides {
      let (ax, ay, bx, by) = (a.x * width, a.y * height, b.x * width, b.y * height)
      // px < ax + (bx − ax)·(py − ay) / (by − ay)
      let (left, right) = ((px - ax) * (by - ay), (bx - ax) * (py - ay))
      if by > ay ? left < right : left > right { isInside.toggle() }
    }
    return isInside
  }
}

/// Where there is never road, on class maps of one size: the car's own parts, and what is outside of a region of
/// interest. What is road there becomes the first class that is not.
public struct OwnPartsMask: Sendable {
  public let size: PictureSize
  /// Of the picture's pixels.
  public let share: Double
  private let road: UInt8
  private let other: UInt8
  /// Pixels side by side, by their places in the map.
  package let runs: [Range<Int>]

  /// - Parameters:
  ///   - parts: nil for none.
  ///   - region: outside of which there is never road; nil for the whole picture.
  public init(_ parts: OwnParts?, within region: OwnParts? = nil, size: PictureSize, road: UInt8) {
    self.size = size
    self.road = road
    other = road == 0 ? 1 : 0
    runs = (0..<size.height).flatMap { y in
      var out = parts?.stretches(row: y, of: size) ?? []
      if let region {
        let outside = Self.gaps(between: region.stretches(row: y, of: size), width: size.width)
        out = out.isEmpty ? outside : Self.union(out, outside)
      }
      return out.map { y * size.width + $0.lowerBound..<y * size.width + $0.upperBound }
    }
    share = Double(runs.reduce(0) { $0 + $1.count }) / Double(size.pixels)
  }

  private static func gaps(between stretches: [Range<Int>], width: Int) -> [Range<Int>] {
    let ends = [0] + stretches.map(\.upperBound)
    let starts = stretches.map(\.lowerBound) + [width]
    return zip(ends, starts).filter { $0 < $1 }.map { $0..<$1 }
  }

  private static func union(_ left: [Range<Int>], _ right: [Range<Int>]) -> [Range<Int>] {
    var union: [Range<Int>] = []
    for next in (left + right).sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = union.last, next.lowerBound <= last.upperBound {
        union[union.count - 1] = last.lowerBound..<max(last.upperBound, next.upperBound)
      } else {
        union.append(next)
      }
    }
    return union
  }

  public func apply(to map: ClassMap) {
    precondition(map.size == size, "class map \(map.size), planned for \(size)")
    guard let bytes = map.bytes.baseAddress else { return }
    for run in runs {
      for index in run where bytes[index] == road { bytes[index] = other }
    }
  }
}
