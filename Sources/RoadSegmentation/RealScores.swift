import RoadBase
import RoadFrame
import RoadMask

/// A network's scores as real numbers at their own stride: the softmax of a pixel's are its probabilities.
public struct RealScores: Sendable {
  public let size: PictureSize
  public let classes: Int
  /// Row-major, the classes of a pixel side by side.
  public let values: [Float]

  public init(size: PictureSize, classes: Int, values: [Float]) {
    precondition(values.count == size.pixels * classes, "\(values.count) scores for \(size) of \(classes) classes")
    self.size = size
    self.classes = classes
    self.values = values
  }

  /// Upsampled bilinearly, with the centres of pixels half a pixel in, as class maps are.
  public func upsampled(to target: PictureSize) -> [Float] {
    guard target != size else { return values }
    let (rows, columns) = (Self.taps(size.height, target.height), Self.taps(size.width, target.width))
    var result = [Float](repeating: 0, count: target.pixels * classes)
    var place = 0
    for row in rows {
      for column in columns {
        let (a, b) = (
          (row.first * size.width + column.first) * classes, (row.first * size.width + column.second) * classes
        )
        let (c, d) = (
          (row.second * size.width + column.first) * classes, (row.second * size.width + column.second) * classes
        )
        for index in 0..<classes {
          let above = values[a + index] + (values[b + index] - values[a + index]) * column.weight
          let below = values[c + index] + (values[d + index] - values[c + index]) * column.weight
          result[place + index] = above + (below - above) * row.weight
        }
        place += classes
      }
    }
    return result
  }

  private static func taps(_ source: Int, _ target: Int) -> [(first: Int, second: Int, weight: Float)] {
    (0..<target).map { x in
      let position = (Double(x) + 0.5) * Double(source) / Double(target) - 0.5
      let clamped = min(max(position, 0), Double(source - 1))
      let first = Int(clamped)
      return (first, min(first + 1, source - 1), Float(clamped - Double(first)))
    }
  }
}

/// A ``PictureSegmenter`` that tells its scores, too.
public protocol ScoringSegmenter: PictureSegmenter {
  /// - Throws: a model error when the network fails on this input, or its outputs are no scores of classes.
  func realScores(of picture: Picture) throws(RoadError) -> RealScores
}

extension ScoreView {
  /// - Parameters:
  ///   - step: real units of one step of a score.
  ///   - level: of a single score a pixel, and the class of what is above it; nil for others.
  func real(step: Float, level: Float?, above: UInt8?) -> RealScores {
    let count = level == nil ? classes : 2
    var values: [Float] = []
    values.reserveCapacity(width * height * count)
    for y in 0..<height {
      for x in 0..<width {
        guard let level else {
          for c in 0..<classes { values.append(Float(score(y, x, c)) * step) }
          continue
        }
        let distance = Float(score(y, x, 0)) * step - level
        values += above == 0 ? [distance, 0] : [0, distance]
      }
    }
    return RealScores(size: PictureSize(width: width, height: height), classes: count, values: values)
  }
}
