/// Edges, width and middle of the road from lines across it; the definition is that of ``RoadMeasure``.
extension RoadMeasure {
  /// Road that begins farther from where it is looked for, in millimetres, is another one.
  private static let reach: Int32 = 2500
  /// Millimetres of a line that a vehicle may hide in the middle of the road.
  private static let widestGap: Int32 = 3500
  /// Lines that tell the width.
  private static let fewestWidths = 3

  /// - Parameter nearest: millimetres; of nearer lines nothing is told.
  func findEdges(from nearest: Int32, _ classes: UnsafePointer<UInt8>) {
    var middle: Int32 = 0
    var half: Int32?
    for line in 0..<lines.count {
      found[line] = distances[line] < nearest ? Edges() : edges(line, around: middle, classes)
      switch (found[line].left, found[line].right) {
      case (let left?, let right?):
        middle = (left + right) / 2
        half = (right - left) / 2
      case (let left?, nil): if let half { middle = left + half }
      case (nil, let right?): if let half { middle = right - half }
      case (nil, nil): break
      }
    }
  }

  private func edges(_ line: Int, around middle: Int32, _ classes: UnsafePointer<UInt8>) -> Edges {
    let (pixels, edges, count) = lines[line]
    guard let start = roadPixel(line, near: middle, classes) else { return Edges() }
    var (left, right) = (start, start)
    repeat {
      while left > 0 && Self.class(pixels[left - 1], classes) == road { left -= 1 }
    } while skip(line, &left, by: -1, classes)
    repeat {
      while right + 1 < count && Self.class(pixels[right + 1], classes) == road { right += 1 }
    } while skip(line, &right, by: 1, classes)
    var result = Edges()
    if left > 0, !standsOnRoad[Int(Self.class(pixels[left - 1], classes))] { result.left = edges[left] }
    if right + 1 < count, !standsOnRoad[Int(Self.class(pixels[right + 1], classes))] {
      result.right = edges[right + 1]
    }
    return result
  }

  /// From a stretch of road over what stands on it, in a gap as wide as a vehicle at most, to the road on its other
  /// side.
  ///
  /// - Returns: false, with nothing changed, where there is none.
  private func skip(_ line: Int, _ place: inout Int, by step: Int, _ classes: UnsafePointer<UInt8>) -> Bool {
    let (pixels, edges, count) = lines[line]
    var next = place + step
    while next >= 0, next < count, standsOnRoad[Int(Self.class(pixels[next], classes))] { next += step }
    guard next != place + step, next >= 0, next < count, Self.class(pixels[next], classes) == road,
      abs(edges[next] - edges[place]) <= Self.widestGap
    else { return false }
    place = next
    return true
  }

  /// The pixel of road of a line that is nearest to a place on it; nil where there is none near.
  private func roadPixel(_ line: Int, near place: Int32, _ classes: UnsafePointer<UInt8>) -> Int? {
    let (pixels, edges, count) = lines[line]
    let start = PathTable.pixel(of: lines[line], at: place)
    if Self.class(pixels[start], classes) == road { return start }
    var (left, right) = (start - 1, start + 1)
    while true {
      let leftGap = left >= 0 ? place - edges[left + 1] : .max
      let rightGap = right < count ? edges[right] - place : .max
      guard min(leftGap, rightGap) <= Self.reach else { return nil }
      if leftGap <= rightGap {
        if Self.class(pixels[left], classes) == road { return left }
        left -= 1
      } else {
        if Self.class(pixels[right], classes) == road { return right }
        right += 1
      }
    }
  }

  /// The median over lines whose width is that of a line beside them, the lower one of two; nil where they are few, or
  /// fewer than half of all with both edges are about as wide.
  func width(_ tilt: RoadTilt) -> Int32? {
    var count = 0
    for line in 0..<lines.count {
      guard let left = found[line].left, let right = found[line].right else { continue }
      widths[count] = tilt.corrected(right - left, at: distances[line])
      count += 1
    }
    var (kept, before) = (0, Int32?.none)
    for index in 0..<count {
      let width = widths[index]
      let beside = index + 1 < count ? widths[index + 1] : nil
      defer { before = width }
      guard before.map({ agree($0, width, within: 20) }) == true || beside.map({ agree($0, width, within: 20) }) == true
      else { continue }
      // Sorted in front of what is still to be looked at.
      var place = kept
      while place > 0 && widths[place - 1] > width {
        widths[place] = widths[place - 1]
        place -= 1
      }
      widths[place] = width
      kept += 1
    }
    guard kept >= Self.fewestWidths else { return nil }
    let median = widths[(kept - 1) / 2]
    let same = (0..<kept).count { agree(widths[$0], median, within: 10) }
    return 2 * same >= count ? median : nil
  }

  /// Whether two lengths differ by no more than one part of so many.
  @inline(__always)
  private func agree(_ a: Int32, _ b: Int32, within parts: Int32) -> Bool { abs(a - b) <= max(a, b) / parts }

  /// Millimetres; nil where too few lines tell.
  func offset(width: Int32, _ tilt: RoadTilt) -> Int32? {
    var fit = ParabolaFit()
    for line in 0..<lines.count where distances[line] <= ParabolaFit.farthest {
      func corrected(_ edge: Int32) -> Int32 { tilt.corrected(edge, at: distances[line]) }
      let middle: Int32
      switch (found[line].left, found[line].right) {
      case (let left?, let right?):
        guard agree(tilt.corrected(right - left, at: distances[line]), width, within: 10) else { continue }
        middle = corrected((left + right) / 2)
      case (let left?, nil): middle = corrected(left) + width / 2
      case (nil, let right?): middle = corrected(right) - width / 2
      case (nil, nil): continue
      }
      fit.add(middle, at: tilt.corrected(distances[line], at: distances[line]))
    }
    return fit.start.map { -$0 }
  }

  /// Nil where the lines do not tell.
  func tilt() -> RoadTilt? {
    var count = 0
    func add(_ edge: Int32?, _ line: Int, side: Double) {
      guard let edge else { return }
      seeming[count] = PitchFit.Edge(
        ahead: Double(distances[line]) / 10_000, across: Double(edge) / 10_000, side: side)
      count += 1
    }
    for line in 0..<lines.count {
      add(found[line].left, line, side: -1)
      add(found[line].right, line, side: 1)
    }
    return PitchFit(UnsafeBufferPointer(start: seeming, count: count), height: calibration.mount.height).tilt
  }
}
