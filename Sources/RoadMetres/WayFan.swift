import RoadMask

/// Ways beside each way ahead, three quarters of a pixel from one to the next: where the edge of the road crosses them
/// as well, it is known finer than a single pixel tells.
///
/// The edge of a neighbour is looked for around that of the way itself, no more than `2·k + 2` pixels away for the k-th
/// one; of neighbours on both sides both must have one, or this pair and those farther out do not count. So an edge
/// that jumps, as that of a vehicle, is no mean of two things.
final class WayFan {
  /// On either side.
  private static let reach = 10
  /// Columns from one to the next: no whole number, so that they cross pixels at other places of theirs.
  private static let spacing = 0.75
  /// More directions than that have fewer neighbours each: they lie closer than these.
  private static let mostPaths = 400

  private let table: PathTable
  private let pairs: Int

  /// - Parameters:
  ///   - angles: tenths of a degree, of the ways themselves.
  ///   - hidden: by pixel; empty where nothing is.
  init(_ calibration: CameraCalibration, angles: [Int], hidden: [Bool]) {
    let pairs = min(Self.reach, max(1, Self.mostPaths / (2 * max(1, angles.count))))
    self.pairs = pairs
    let limit = GroundRays.limit(GroundProjection(calibration))
    var degrees: [Double] = []
    for angle in angles {
      let middle = Double(angle) / 10
      let (_, cosine) = Trigonometry.sineCosine(degrees: middle)
      let step = Self.spacing * cosine * cosine / calibration.fx * (180 / Double.pi)
      for pair in 1...pairs {
        degrees.append(middle - Double(pair) * step)
        degrees.append(middle + Double(pair) * step)
      }
    }
    table = PathTable(
      GroundRays.ways(calibration, degrees: degrees, limit: limit, fineness: 2), hidden: hidden)
  }

  /// The mean of a way's edge and its neighbours', by one over the distance: rows of the picture go by that.
  ///
  /// - Parameter edge: of the way, millimetres, above 0.
  func mean(of edge: Int32, _ way: Int, _ classes: UnsafePointer<UInt8>, road: UInt8) -> Int32 {
    var (sum, count) = ((1 << 44) / Int(edge), 1)
    for pair in 1...pairs {
      let first = 2 * (way * pairs + pair - 1)
      guard let left = self.edge(table[first], near: edge, within: 2 * pair + 2, classes, road),
        let right = self.edge(table[first + 1], near: edge, within: 2 * pair + 2, classes, road)
      else { break }
      sum += (1 << 44) / Int(left) + (1 << 44) / Int(right)
      count += 2
    }
    return Int32(truncatingIfNeeded: (count << 44) / sum)
  }

  private func edge(
    _ path: PathTable.Path, near place: Int32, within limit: Int, _ classes: UnsafePointer<UInt8>, _ road: UInt8
  ) -> Int32? {
    let (pixels, edges, count) = path
    guard count > 1 else { return nil }
    func isRoad(_ index: Int) -> Bool { pixels[index] >= 0 && classes[Int(pixels[index])] == road }
    let start = PathTable.pixel(of: path, at: place)
    var index = start
    if isRoad(index) {
      repeat { index += 1 } while index < count && index - start <= limit && isRoad(index)
      guard index < count, index - start <= limit, pixels[index] >= 0 else { return nil }
    } else {
      while index > 0, start - index <= limit, !isRoad(index - 1) { index -= 1 }
      guard index > 0, start - index <= limit, pixels[index] >= 0 else { return nil }
    }
    return edges[index] > 0 ? edges[index] : nil
  }
}
