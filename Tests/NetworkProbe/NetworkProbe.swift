import Glibc
import RoadBase
import RoadCamera
import RoadEngine
import RoadFrame
import RoadKernelContract
import RoadMask
import RoadSeg

/// Runs a network so many times on one computed picture, and nothing else of a frame's work, for counting instructions
/// under an emulator: those of 2N frames less those of N are N frames'.
///
/// Usage: network-probe MODEL WIDTH HEIGHT FRAMES
@main struct NetworkProbe {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 5, let width = Int(arguments[2]), let height = Int(arguments[3]),
      let frames = Int(arguments[4])
    else {
      print("usage: network-probe MODEL WIDTH HEIGHT FRAMES")
      exit(64)
    }
    let size = PictureSize(width: width, height: height)
    let engine = try Engine(model: ShippedModels.load(arguments[1]), options: EngineOptions(inputSize: size))
    let scene = try SyntheticScene(size: size, seed: 1)
    let picture = Picture(size: size)
    scene.render(frame: 30, pixels: picture.base, rowPitch: picture.rowPitch)
    let scaler = PictureScaler(from: size, to: engine.inputSize, strips: 1)
    scaler.scale(.picture(picture), into: engine.input.base, rowPitch: engine.input.rowPitch, strip: 0)
    for _ in 0..<frames { engine.run() }
    print("\(engine.instructionSet.rawValue) \(frames) frames, scores \(hash(of: engine.scores))")
  }

  private static func hash(of view: TensorView) -> String {
    var bytes: [UInt8] = []
    for y in 0..<view.height {
      for x in 0..<view.width {
        let offset: Int = y * view.rowPitch + x * view.pixelPitch
        bytes += UnsafeBufferPointer(start: view.base + offset, count: view.channels)
      }
    }
    return ClassMap.text(ofHash: bytes.withUnsafeBytes { XXH64.of($0) })
  }
}
