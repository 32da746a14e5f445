import RoadEngine
import Testing

extension Engine {
  /// Writes a golden's picture, RGB bytes, HWC, into the engine's input.
  func fill(_ pixels: [UInt8]) throws {
    try #require(pixels.count == inputSize.pixels * 3)
    for position in 0..<inputSize.pixels {
      let pixel = input.pixel(position / inputSize.width, position % inputSize.width)
      for channel in 0..<3 { pixel[channel] = pixels[position * 3 + channel] }
    }
  }
}
