import Foundation
import RoadBase
import RoadCamera
import RoadFrame
import RoadPipeline

/// A picture in shades of grey, row by row.
struct GreyPicture {
  let size: PictureSize
  let pixels: Data
}

/// The pictures of a source in grey, one after the other.
final class CalibrationFrames {
  let size: PictureSize
  /// For messages.
  let label: String
  private let source: any FrameSource
  private let decoder: FrameDecoder
  private let frame: Frame
  private let picture: Picture
  private var isOpen = true

  /// Nanoseconds that a camera may be silent.
  private static let patience: UInt64 = 10_000_000_000

  /// - Parameters:
  ///   - name: nil for the first camera.
  ///   - size: that a camera is asked for.
  init(_ name: String?, isLive: Bool, size: PictureSize?) throws(RoadError) {
    if isLive {
      source = try SourceRequest(name: name, size: size).open().source
    } else if name == "synthetic" {
      source = try SyntheticRoad(frames: 1)
    } else {
      source = try FrameSources.open(name ?? "")
    }
    decoder = try FrameDecoder()
    try source.start()
    self.size = source.properties.size
    label = source.properties.name
    frame = Frame(capacity: max(1, source.properties.maximumFrameBytes))
    picture = Picture(size: self.size)
  }

  deinit { source.stop() }

  /// The next one that can be used; nil at the end. Damaged ones are named and left out.
  func next() throws(RoadError) -> GreyPicture? {
    let begin = MonotonicClock.now()
    while isOpen {
      switch source.read(into: frame, timeout: 200_000_000) {
      case .frame:
        guard frame.size == size else {
          Terminal.say("roadseg: \(label): a picture of \(frame.size) is left out; the first one is of \(size)")
          continue
        }
        if case .decoded = decoder.decode(frame, into: picture) { return grey() }
        Terminal.say("roadseg: \(label): a picture is damaged and left out")
      case .corrupt(let damage): Terminal.say("roadseg: \(label): a picture is left out: \(damage.words)")
      case .ended: isOpen = false
      case .timedOut, .disconnected:
        guard MonotonicClock.now() - begin < Self.patience else {
          throw RoadError(.device, "\(label): sends no pictures", remedy: "look at the camera: roadseg doctor")
        }
      }
    }
    if let failure = source.failure { throw failure }
    return nil
  }

  private func grey() -> GreyPicture {
    let pixels = [UInt8](unsafeUninitializedCapacity: size.pixels) { bytes, count in
      for y in 0..<size.height {
        let row = picture.row(y)
        for x in 0..<size.width {
          let red = 77 * Int(row[4 * x])
          let green = 150 * Int(row[4 * x + 1])
          let blue = 29 * Int(row[4 * x + 2])
          let luma = (red + green + blue + 128) >> 8
          bytes.initializeElement(at: y * size.width + x, to: UInt8(luma))
        }
      }
      count = size.pixels
    }
    return GreyPicture(size: size, pixels: Data(pixels))
  }
}
