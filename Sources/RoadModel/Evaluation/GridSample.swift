import RoadBase

/// GridSample (opset 16): each output pixel is read where a grid of normalised coordinates points.
enum GridSampleOperator {
  private enum Padding: String { case zeros, border, reflection }

  static func compute(_ call: OperatorCall) throws(RoadError) -> [TensorValue] {
    let input = try call.picture(0)
    let grid = try call.floats(1)
    guard grid.shape.count == 4, grid.shape[0] == input.shape[0], grid.shape[3] == 2 else {
      throw call.failure("a grid of shape \(grid.shape) for an input of shape \(input.shape)")
    }
    guard let padding = Padding(rawValue: call.string("padding_mode", default: "zeros")) else {
      throw call.failure("padding_mode '\(call.string("padding_mode", default: ""))'")
    }
    let mode = call.string("mode", default: "bilinear")
    guard ["bilinear", "linear", "nearest", "bicubic", "cubic"].contains(mode) else {
      throw call.failure("mode '\(mode)'")
    }
    let isCubic = mode.hasSuffix("cubic")
    let aligned = call.integer("align_corners", default: 0) != 0
    let (height, width) = (input.shape[2], input.shape[3])
    let area = grid.shape[1] * grid.shape[2]
    var output = FloatTensor(shape: [input.shape[0], input.shape[1], grid.shape[1], grid.shape[2]])
    for batch in 0..<input.shape[0] {
      for place in 0..<area {
        // A cubic's position stays where it is; its taps are clamped or folded one by one.
        let folding = isCubic ? nil : padding
        let x = coordinate(grid.values[(batch * area + place) * 2], size: width, aligned, folding)
        let y = coordinate(grid.values[(batch * area + place) * 2 + 1], size: height, aligned, folding)
        let taps = mode == "nearest" ? nearest(y, x) : isCubic ? cubic(y, x) : bilinear(y, x)
        for channel in 0..<input.shape[1] {
          let plane = (batch * input.shape[1] + channel) * height * width
          var sum: Float = 0
          for tap in taps {
            guard let y = inside(tap.y, height, aligned, padding), let x = inside(tap.x, width, aligned, padding) else {
              continue
            }
            sum += tap.weight * input.values[plane + y * width + x]
          }
          output.values[(batch * input.shape[1] + channel) * area + place] = sum
        }
      }
    }
    return [.floats(output)]
  }

  private struct Tap {
    let y: Int
    let x: Int
    let weight: Float
  }

  private static func nearest(_ y: Float, _ x: Float) -> [Tap] {
    [Tap(y: Int(y.rounded(.toNearestOrEven)), x: Int(x.rounded(.toNearestOrEven)), weight: 1)]
  }

  private static func bilinear(_ y: Float, _ x: Float) -> [Tap] {
    let (top, left) = (y.rounded(.down), x.rounded(.down))
    let (dy, dx) = (y - top, x - left)
    let (row, column) = (Int(top), Int(left))
    return [
      Tap(y: row, x: column, weight: (1 - dy) * (1 - dx)), Tap(y: row, x: column + 1, weight: (1 - dy) * dx),
      Tap(y: row + 1, x: column, weight: dy * (1 - dx)), Tap(y: row + 1, x: column + 1, weight: dy * dx),
    ]
  }

  /// Keys' cubic with a = −3/4.
  private static func cubic(_ y: Float, _ x: Float) -> [Tap] {
    func weights(_ position: Float) -> [Float] {
      let t = position - position.rounded(.down)
      return [
        -0.75 * (t - 2 * t * t + t * t * t), 1 + (5 * t - 9) * t * t / 4, (3 + (6 - 5 * t) * t) * t / 4,
        0.75 * (t - 1) * t * t,
      ]
    }
    let (rows, columns) = (weights(y), weights(x))
    let (top, left) = (Int(y.rounded(.down)) - 1, Int(x.rounded(.down)) - 1)
    return (0..<16).map { Tap(y: top + $0 / 4, x: left + $0 % 4, weight: rows[$0 / 4] * columns[$0 % 4]) }
  }

  /// The row or column that stands for one that may lie outside; nil where zero does.
  private static func inside(_ index: Int, _ size: Int, _ aligned: Bool, _ padding: Padding) -> Int? {
    if (0..<size).contains(index) { return index }
    switch padding {
    case .zeros: return nil
    case .border: return min(max(index, 0), size - 1)
    case .reflection:
      let period = aligned ? max(2 * (size - 1), 1) : 2 * size
      let offset = (index % period + period) % period
      let folded = offset < size ? offset : (aligned ? period : period - 1) - offset
      return min(max(folded, 0), size - 1)
    }
  }

  /// From −1...1 to pixels; what lies far outside is brought near so that it stays an integer.
  private static func coordinate(_ value: Float, size: Int, _ aligned: Bool, _ padding: Padding?) -> Float {
    let side = Float(size)
    let pixel = aligned ? (value + 1) / 2 * (side - 1) : ((value + 1) * side - 1) / 2
    guard pixel.isFinite else { return padding == nil ? -16384 : -2 }
    switch padding {
    case nil: return min(max(pixel, -16384), 16384)
    case .zeros: return min(max(pixel, -2), side + 1)
    case .border: return min(max(pixel, 0), side - 1)
    case .reflection:
      let low: Float = aligned ? 0 : -0.5
      let span = aligned ? side - 1 : side
      guard span > 0 else { return 0 }
      let folded = abs(pixel - low).truncatingRemainder(dividingBy: 2 * span)
      return min(max(low + (folded > span ? 2 * span - folded : folded), 0), side - 1)
    }
  }
}
