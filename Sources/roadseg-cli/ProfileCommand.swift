import ArgumentParser
import RoadBase
import RoadCamera
import RoadEngine
import RoadEvaluation
import RoadFrame
import RoadMask
import RoadPipeline
import RoadSeg

/// `roadseg profile`
struct ProfileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profile",
    abstract: "Tells where each millisecond of a frame goes: stages, layers, memory.",
    discussion: """
      GMAC/s counts useful multiply-accumulates. The peak is measured in the same run: this machine's fastest integer \
      multiply-accumulate, in registers only, on as many threads.

      EXAMPLES:
        roadseg profile
        roadseg profile --size 480x360 --threads 2 --json
        roadseg profile --input frame.jpg --model int8.onnx
      """)

  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var threads: ThreadOptions

  @Option(name: .long, help: ArgumentHelp("Network input size. (default: the model's own)", valueName: "WxH"))
  var size: PictureSize?

  @Option(name: .long, help: ArgumentHelp("Camera frame size of the synthetic road.", valueName: "WxH"))
  var frameSize = PictureSize(width: 640, height: 480)

  /// What cameras send most.
  enum FrameFormat: String, CaseIterable, ExpressibleByArgument {
    case mjpeg
    case yuyv
  }

  @Option(name: .long, help: ArgumentHelp("What the camera sends.", valueName: "format"))
  var frameFormat = FrameFormat.mjpeg

  @Option(name: .long, help: ArgumentHelp("Measure on this picture instead of the synthetic road.", valueName: "file"))
  var input: String?

  @Option(name: .long, help: "Frames to measure.")
  var frames = 100

  @Flag(name: .long, help: "Run each layer over the whole picture, to see what running them strip by strip gains.")
  var unfused = false

  @Flag(name: .long, help: "Print one JSON object instead of tables.")
  var json = false

  func validate() throws {
    if !(1...100_000).contains(frames) { throw ValidationError("--frames takes 1 to 100000") }
  }

  func run() throws {
    let graph = try ShippedModels.load(modelOptions.model)
    guard graph.isQuantized else {
      throw RoadError(.model, "\(modelOptions.model): is a float model", remedy: "quantize it first: roadseg quantize")
    }
    let engine = try Engine(
      model: graph, options: EngineOptions(threads: threads.count, inputSize: size, fusesLayers: !unfused))
    let classes = try Segmenters.classes(
      modelOptions.classTable(), of: graph, name: modelOptions.model, count: engine.scores.channels)
    let profiler = try FrameProfiler(
      engine: engine, classes: classes, picture: picture(), format: frameFormat == .mjpeg ? .mjpeg : .yuyv,
      modelName: modelOptions.model)
    let bar = Terminal.ProgressBar("measuring", total: 2 * frames)
    let profile = profiler.measure(frames: frames) { bar.update($0) }
    if json { try Terminal.printJSON(profile) } else { print(text(profile)) }
  }

  private func picture() throws(RoadError) -> Picture {
    if let input { return try PictureFile.read(input) }
    let scene = try SyntheticScene(size: frameSize, seed: 1)
    let picture = Picture(size: frameSize)
    scene.render(frame: 30, pixels: picture.base, rowPitch: picture.rowPitch)
    return picture
  }

  private func text(_ profile: FrameProfile) -> String {
    let peak = profile.peak
    let memory = profile.memory
    return """
      network \(profile.inputSize), frames \(profile.frameSize), \(profile.threads) threads, \(profile.instructionSet), \
      \(profile.frames) frames
      peak of this machine: \(Format.fixed(peak.gigaMultiplyAccumulates, 1)) GMAC/s on \(peak.threads) threads
      network: \(Format.fixed(profile.networkGigaMultiplyAccumulates, 1)) GMAC/s, \
      \(Format.percent(profile.networkShareOfPeak)) of the peak
      memory: activations \(memory.arenaBytes / 1024) KiB (unshared \(memory.unsharedBytes / 1024)), weights \
      \(memory.constantBytes / 1024) KiB

      \(Format.table(stageRows(profile)))

      \(Format.table(layerRows(profile)))
      """
  }

  private func stageRows(_ profile: FrameProfile) -> [[String]] {
    let stages =
      profile.stages.map { ($0.name, $0.milliseconds) } + [
        ("camera to overlay", profile.cameraToOverlay), ("whole frame", profile.total),
      ]
    return [["stage", "median ms", "p90", "p99", "max", "share"]]
      + stages.map { name, times in
        [
          name, Format.fixed(times.median, 3), Format.fixed(times.p90, 3), Format.fixed(times.p99, 3),
          Format.fixed(times.maximum, 3), Format.percent(times.median / max(profile.total.median, 1e-9)),
        ]
      }
  }

  private func layerRows(_ profile: FrameProfile) -> [[String]] {
    [["layer", "kind", "output", "window", "MMAC", "median ms", "GMAC/s", "of peak", "GB/s", "kernel"]]
      + profile.layers.map { row in
        let layer = row.description
        return [
          layer.name, layer.kind.rawValue, "\(layer.height)x\(layer.width)x\(layer.channels)", layer.window,
          Format.fixed(Double(layer.multiplyAccumulates) / 1e6, 2), Format.fixed(row.milliseconds.median, 4),
          Format.fixed(row.gigaMultiplyAccumulates, 1), Format.percent(row.shareOfPeak), Format.fixed(row.gigabytes, 1),
          layer.kernel,
        ]
      }
  }
}
