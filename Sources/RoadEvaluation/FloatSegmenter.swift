import Glibc
import RoadBase
import RoadFloat
import RoadFrame
import RoadMask
import RoadModel
import RoadSegmentation

/// A float model on the float executor: what int8 figures are compared with. Same scaler, same upsampling, in floats.
public final class FloatSegmenter: ScoringSegmenter {
  public let arithmetic = "float32"
  public let classes: ClassTable
  public let inputSize: PictureSize
  private let executor: FloatExecutor
  private let input: String
  private let output: String

  /// - Throws: a model error for a graph without exactly one 1x3xHxW input of a fixed size.
  public init(_ model: ModelGraph, name: String, classes: ClassTable?) throws(RoadError) {
    executor = try FloatExecutor(model)
    (input, inputSize) = try model.pictureInput(name: name)
    guard let output = model.outputs.first else { throw RoadError(.model, "\(name): has no output") }
    self.output = output.name
    let blank = FloatTensor(shape: [1, 3, inputSize.height, inputSize.width])
    let scores = try executor.run([input: blank])[output.name]
    guard let scores, scores.shape.count == 4, scores.shape[0] == 1 else {
      throw RoadError(
        .model, "\(name): output '\(output.name)' has shape \(scores?.shape ?? [])",
        remedy: "export scores of 1 x classes x H x W")
    }
    self.classes = try Segmenters.classes(
      classes, of: model, name: name, count: scores.shape[1], threshold: model.scoreThreshold)
  }

  public func classMap(of picture: Picture, size: PictureSize) throws(RoadError) -> ClassMap {
    let tensor = NetworkInput.tensor(of: picture, size: inputSize)
    guard let scores = try executor.run([input: tensor])[output] else { return ClassMap(size: size) }
    if let threshold = classes.threshold { return Self.mask(of: scores, threshold, size: size) }
    return Self.argmax(of: scores, size: size)
  }

  /// Probabilities, where the model gives such, become their logarithms.
  ///
  /// - Throws: a model error for one score a pixel.
  public func realScores(of picture: Picture) throws(RoadError) -> RealScores {
    let tensor = NetworkInput.tensor(of: picture, size: inputSize)
    guard let scores = try executor.run([input: tensor])[output], classes.threshold == nil else {
      throw RoadError(
        .model, "a float model with one score a pixel tells no probabilities", remedy: "quantize it: roadseg quantize")
    }
    let (count, height, width) = (scores.shape[1], scores.shape[2], scores.shape[3])
    let areProbabilities = scores.values.allSatisfy { (0...1).contains($0) }
    var values = [Float](repeating: 0, count: scores.values.count)
    for c in 0..<count {
      for pixel in 0..<height * width {
        let score = scores.values[c * height * width + pixel]
        values[pixel * count + c] = areProbabilities ? log(max(score, 1e-10)) : score
      }
    }
    return RealScores(size: PictureSize(width: width, height: height), classes: count, values: values)
  }

  /// The class of the one score, upsampled likewise.
  private static func mask(of scores: FloatTensor, _ threshold: ClassTable.Threshold, size: PictureSize) -> ClassMap {
    let (height, width) = (scores.shape[2], scores.shape[3])
    let columns = taps(source: width, target: size.width)
    let map = ClassMap(size: size)
    for (y, row) in taps(source: height, target: size.height).enumerated() {
      for (x, column) in columns.enumerated() {
        func blend(_ y: Int) -> Float {
          scores.values[y * width + column.first] * (1 - column.weight)
            + scores.values[y * width + column.second] * column.weight
        }
        let score = blend(row.first) * (1 - row.weight) + blend(row.second) * row.weight
        map.bytes[y * size.width + x] = score > threshold.level ? threshold.above : 1 - threshold.above
      }
    }
    return map
  }

  /// Argmax of the scores upsampled bilinearly with half-pixel centres; ties go to the lowest class.
  private static func argmax(of scores: FloatTensor, size: PictureSize) -> ClassMap {
    let (classes, height, width) = (scores.shape[1], scores.shape[2], scores.shape[3])
    let rows = taps(source: height, target: size.height)
    let columns = taps(source: width, target: size.width)
    let map = ClassMap(size: size)
    scores.values.withUnsafeBufferPointer { values in
      for (y, row) in rows.enumerated() {
        for (x, column) in columns.enumerated() {
          var best: (score: Float, index: UInt8) = (-.infinity, 0)
          for index in 0..<classes {
            let above = (index * height + row.first) * width
            let below = (index * height + row.second) * width
            let top = values[above + column.first] * (1 - column.weight) + values[above + column.second] * column.weight
            let bottom =
              values[below + column.first] * (1 - column.weight) + values[below + column.second] * column.weight
            let score = top * (1 - row.weight) + bottom * row.weight
            if score > best.score { best = (score, UInt8(truncatingIfNeeded: index)) }
          }
          map.bytes[y * size.width + x] = best.index
        }
      }
    }
    return map
  }

  private static func taps(source: Int, target: Int) -> [(first: Int, second: Int, weight: Float)] {
    (0..<target).map { x in
      let position = (Double(x) + 0.5) * Double(source) / Double(target) - 0.5
      let clamped = min(max(position, 0), Double(source - 1))
      let first = Int(clamped)
      return (first, min(first + 1, source - 1), Float(clamped - Double(first)))
    }
  }
}

/// A picture as a float network's input.
public enum NetworkInput {
  /// 1, 3, H, W with red, green, blue as 0...255, scaled as the integer path scales.
  public static func tensor(of picture: Picture, size: PictureSize) -> FloatTensor {
    var scaled = picture
    if picture.size != size {
      scaled = Picture(size: size)
      PictureScaler(from: picture.size, to: size).scale(picture, into: scaled)
    }
    var values = [Float](repeating: 0, count: 3 * size.pixels)
    for y in 0..<size.height {
      let row = scaled.row(y)
      for x in 0..<size.width {
        for channel in 0..<3 { values[channel * size.pixels + y * size.width + x] = Float(row[4 * x + channel]) }
      }
    }
    return FloatTensor(shape: [1, 3, size.height, size.width], values: values)
  }
}

extension ModelGraph {
  /// The one input that takes a picture, and its size.
  ///
  /// - Throws: a model error unless there is exactly one input of 1x3xHxW with fixed H and W.
  public func pictureInput(name file: String) throws(RoadError) -> (name: String, size: PictureSize) {
    let free = inputs.filter { initializers[$0.name] == nil }
    guard free.count == 1, let input = free.first, input.shape.count == 4, input.shape[1] ?? 3 == 3 else {
      throw RoadError(.model, "\(file): has no single 1x3xHxW input", remedy: "export it with one picture as its input")
    }
    guard let height = input.shape[2], let width = input.shape[3], height > 0, width > 0 else {
      throw RoadError(
        .model, "\(file): input '\(input.name)' has no fixed size", remedy: "name the size to run at (--input-size WxH)"
      )
    }
    return (input.name, PictureSize(width: width, height: height))
  }
}
