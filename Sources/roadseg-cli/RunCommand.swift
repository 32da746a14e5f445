import ArgumentParser
import RoadBase
import RoadCamera
import RoadMask
import RoadOverlay
import RoadPipeline
import RoadTelemetry

/// `roadseg run`
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Finds the road in pictures, videos and recorded streams, every frame.",
    discussion: """
      INPUT is a JPEG or PNG, a folder of them (with its subfolders), a list (.txt, one path a line), a recording \
      (.mcap, or a folder of them), a stream file (.mjpeg, .y4m), \
      or - for an MJPEG or Y4M stream on standard input. Video files (.mp4, .mkv ...) and addresses (rtsp://, http://) \
      are read \
      through ffmpeg where it is installed. Pictures are turned upright as their EXIF data says.

      Into the output folder go classes/NAME.png (the class of each pixel as its grey value), road/NAME.png (255 where \
      the road is, \
      else 0) and overlay/NAME.jpg; with --write also palette/NAME.png, the classes in their colours; with \
      --confidence confidence/NAME.png, how far the best class of each pixel is above the second (0 to 255 steps of \
      the scores). With --write health also health/NAME.json, how well the picture can be seen. With \
      --camera-calibration also metres/NAME.json: free distances ahead, width of the road and place \
      in it; with --write birdseye the road from above. A damaged picture is named and left out; the exit code is \
      then 1.

      EXAMPLES:
        roadseg run drive/ --output masks
        roadseg run drive/ --output masks --resume
        roadseg run a.jpg b.png --output masks --write palette,overlay --paint drivable,vehicles --alpha 0.5
        roadseg run drive.mp4 --output masks --json
        roadseg run drive/ --output masks --camera-calibration camera.yaml --write overlay,metres,birdseye
        ffmpeg -i drive.mp4 -f yuv4mpegpipe - | roadseg run - --output masks
      """)

  @Argument(help: "Pictures, folders, lists, recordings, videos, streams.")
  var input: [String]

  @Option(
    name: [.short, .long], help: ArgumentHelp("Folder for the results; made where it is missing.", valueName: "dir"))
  var output: String

  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var inputSize: InputSizeOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var pictureOptions: PictureOptions

  @Option(
    name: .long,
    help: ArgumentHelp(
      """
      What is written: classes, road, palette, confidence, overlay, health; with a calibration also metres, birdseye. \
      (default: classes,road,overlay, and metres with a calibration)
      """,
      valueName: "kinds"))
  var write: MaskKinds?

  @Flag(name: .long, help: "Write maps of confidence, too.")
  var confidence = false

  @Flag(name: .long, help: "Refine the masks with a dense conditional random field: seconds a picture.")
  var crf = false

  @Option(
    name: .long,
    help: "What the road is painted with: road, its colour; confidence, red to green by how sure the network is.")
  var overlay = OverlayKind.road

  @OptionGroup var paint: PaintOptions
  @OptionGroup var cleaning: MaskCleaningOptions
  @OptionGroup var steadying: StabiliseArguments
  @OptionGroup var ownParts: OwnPartsArguments
  @OptionGroup var metres: MetresCommandOptions
  @OptionGroup var preparation: PreparationOptions

  @Option(name: .long, help: "What becomes of a damaged picture: drop it, or show what could be decoded.")
  var damaged = DamagedPolicy.drop

  @Flag(
    name: .long, help: "Go on with an interrupted run: leave out what is written already and newer than its picture.")
  var resume = false

  @Option(name: .long, help: "Stop after so many frames. (default: all)")
  var frames: Int?

  @Flag(name: .long, help: "Print one JSON object instead of text.")
  var json = false

  func validate() throws {
    if input.isEmpty { throw ValidationError("name at least one input") }
    if input.filter({ $0 == "-" }).count > 1 { throw ValidationError("standard input can be read once only") }
    if let frames, frames < 1 { throw ValidationError("--frames takes 1 or more") }
    if crf, preparation.value(.pictures) != .pictures { throw ValidationError("--crf needs --preparation pictures") }
    if overlay == .confidence, paint.paint != nil || paint.colours != nil {
      throw ValidationError("--overlay confidence paints the road alone, in colours of its own")
    }
    guard !resume || steadying.options().isOff else {
      throw ValidationError("steadied masks hang on the frames before: --resume cannot go on in the middle of them")
    }
    if metres.cameraCalibration == nil, let kind = write?.kinds.first(where: \.needsCalibration) {
      throw ValidationError("--write \(kind.rawValue) needs --camera-calibration")
    }
  }

  private var kinds: Set<MaskFiles.Kind> {
    let usual = metres.cameraCalibration == nil ? MaskFiles.usual : MaskFiles.usual.union([.metres])
    let asked = write?.kinds ?? usual
    return confidence ? asked.union([.confidence]) : asked
  }

  func run() throws {
    try StopSignals.watch()
    let pictures = input.filter(FrameSources.holdsPictures)
    let streams = input.filter { !FrameSources.holdsPictures($0) }
    let measured = try metres.options(
      of: streams.contains { SourceRequest(name: $0).isCamera } ? .camera : .other)
    var (batches, unusable) = try PictureBatch.sort(
      pictures, maximumPixels: pictureOptions.maximumPixels, excluding: output)
    if batches.isEmpty, streams.isEmpty, let only = unusable.first, unusable.count == 1 { throw only.error }
    let network = try Network(modelOptions, inputSize: inputSize.size, threads: threads.count)
    var already = 0
    if resume {
      let resumption = Resumption(output: output, kinds: kinds)
      batches = batches.compactMap { resumption.rest(of: $0, left: &already) }
    }
    var style = try paint.style(network.classes)
    style.colouring = overlay.colouring
    let settings = RunSettings(
      output: output, kinds: kinds, classes: try paint.recoloured(network.classes),
      style: style, showsDamaged: damaged == .show,
      maximumPixels: pictureOptions.maximumPixels, resumes: resume,
      masks: try MaskOptions(
        clean: cleaning.options(), stabilise: steadying.options(), ownParts: ownParts.parts(),
        region: ownParts.regionPolygons()),
      metres: measured, preparation: preparation.value(.pictures), refines: crf)
    let (identity, source) = (network.identity, input.joined(separator: ", "))
    let text = { @Sendable [json] (result: RunResult) throws -> String in
      json ? try Terminal.json(WithAbout(RunAbout(identity, source: source, isSynthetic: false), result)) : result.text
    }
    let runner = BatchRunner(
      network: network, settings: settings, limit: frames,
      total: streams.isEmpty ? batches.reduce(unusable.count) { $0 + $1.files.count } : nil,
      resumed: already
    ) { result in
      if let line = try? text(result) { _ = StandardOutput.writeAtOnce(line + "\n") }
    }
    if already > 0 { Terminal.say("roadseg: \(already) pictures are written already") }
    runner.leaveOut(unusable)
    func report(_ result: RunResult) throws { Terminal.printLine(try text(result)) }
    do {
      for batch in batches { try runner.run(batch) }
      for stream in streams { try runner.run(stream: stream) }
    } catch {
      // Whatever ended it: what is there until then is told.
      let result = runner.result()
      if result.written > 0 { try report(result) }
      throw error
    }
    try report(runner.result())
    try runner.finish()
  }
}
