import Foundation
import RoadBase

/// Where a camera sees its own car, or is not to look: polygons over the picture, whatever its size.
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

  /// More than anybody draws.
  private static let maximumBytes = 1 << 16

  /// - Parameter name: of the text, for errors.
  /// - Throws: `.option` with the line that is no polygon; for a text without any.
  public init(text: String, name: String) throws(RoadError) {
    var polygons: [[Corner]] = []
    let remedy = "write a polygon a line, its corners as x,y in percent: 0,93 50,87 100,93 100,100 0,100"
    var number = 0
    for line in text.split(omittingEmptySubsequences: false, whereSeparator: { $0.isNewline || $0 == ";" }) {
      number += 1
      let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
      if words.isEmpty { continue }
      var corners: [Corner] = []
      for word in words {
        guard let corner = Self.corner(word) else {
          throw RoadError(.option, "\(name):\(number): '\(word)' is no corner", remedy: remedy)
        }
        corners.append(corner)
      }
      guard corners.count >= 3 else {
        throw RoadError(.option, "\(name):\(number): a polygon of \(corners.count) corners", remedy: remedy)
      }
      polygons.append(corners)
    }
    guard !polygons.isEmpty else { throw RoadError(.option, "\(name): no polygon", remedy: remedy) }
    self.polygons = polygons
  }

  /// - Throws: the same, and for a file that cannot be read.
  public init(path: String) throws(RoadError) {
    guard let handle = FileHandle(forReadingAtPath: path),
      let data = try? handle.read(upToCount: Self.maximumBytes + 1), data.count <= Self.maximumBytes,
      let text = String(data: data, encoding: .utf8)
    else {
      throw RoadError(
        .option, "\(path): cannot be read as a text of polygons", remedy: "check that the file is there and readable")
    }
    try self.init(text: text, name: path)
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

  /// Whether the middle of a pixel lies in one of the polygons (by the even-odd rule), exactly.
  func contains(_ x: Int, _ y: Int, of size: PictureSize) -> Bool {
    // Both sides in 1/(2·side·10000) of the picture.
    let (px, py) = ((2 * x + 1) * 10000, (2 * y + 1) * 10000)
    let (width, height) = (2 * size.width, 2 * size.height)
    return polygons.contains { corners in
      var isInside = false
      var before = corners[corners.count - 1]
      for corner in corners {
        let (ay, by) = (before.y * height, corner.y * height)
        if (ay > py) != (by > py) {
          let (ax, bx) = (before.x * width, corner.x * width)
          // px < ax + (bx − ax)·(py − ay) / (by − ay)
          let (left, right) = ((px - ax) * (by - ay), (bx - ax) * (py - ay))
          if by > ay ? left < right : left > right { isInside.toggle() }
        }
        before = corner
      }
      return isInside
    }
  }
}

/// Takes ``OwnParts`` out of the road of class maps of one size: what is road there becomes the first class that is
/// not.
public struct OwnPartsMask: Sendable {
  public let size: PictureSize
  /// Of the picture's pixels.
  public let share: Double
  private let road: UInt8
  private let other: UInt8
  /// Pixels side by side, by their places in the map.
  package let runs: [Range<Int>]

  public init(_ parts: OwnParts, size: PictureSize, road: UInt8) {
    self.size = size
    self.road = road
    other = road == 0 ? 1 : 0
    var runs: [Range<Int>] = []
    for y in 0..<size.height {
      var start: Int?
      for x in 0...size.width {
        let isInside = x < size.width && parts.contains(x, y, of: size)
        if isInside, start == nil { start = x }
        if !isInside, let begin = start {
          runs.append(y * size.width + begin..<y * size.width + x)
          start = nil
        }
      }
    }
    self.runs = runs
    share = Double(runs.reduce(0) { $0 + $1.count }) / Double(size.pixels)
  }

  public func apply(to map: ClassMap) {
    precondition(map.size == size, "class map \(map.size), planned for \(size)")
    guard let bytes = map.bytes.baseAddress else { return }
    for run in runs {
      for index in run where bytes[index] == road { bytes[index] = other }
    }
  }
}
