import ArgumentParser
import RoadBase
import RoadCamera
import RoadPipeline

/// `roadseg run`
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Finds the road in pictures and recorded streams, every frame.",
    discussion: """
      INPUT is a JPEG or PNG, a folder of them, a list (.txt, one path a line), a stream file (.mjpeg, .y4m), or - for an MJPEG or \
      Y4M stream on standard input. Into the output folder go classes/NAME.png (the class of each pixel as its grey value), \
      road/NAME.png (255 where the road is, else 0) and overlay/NAME.jpg. A damaged picture is named and left out; the \
      exit code is then 1.

      EXAMPLES:
        roadseg run drive/ --output masks
        roadseg run a.jpg b.png --output masks --json
        ffmpeg -i drive.mp4 -f yuv4mpegpipe - | roadseg run - --output masks
      """)

  @Argument(help: "Pictures, folders, lists, streams.")
  var input: [String]

  @Option(
    name: [.short, .long], help: ArgumentHelp("Folder for the results; made where it is missing.", valueName: "dir"))
  var output: String

  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var inputSize: InputSizeOptions
  @OptionGroup var threads: ThreadOptions

  @Option(name: .long, help: "Stop after so many frames. (default: all)")
  var frames: Int?

  @Flag(name: .long, help: "Print one JSON object instead of text.")
  var json = false

  func validate() throws {
    if input.isEmpty { throw ValidationError("name at least one input") }
    if input.filter({ $0 == "-" }).count > 1 { throw ValidationError("standard input can be read once only") }
    if let frames, frames < 1 { throw ValidationError("--frames takes 1 or more") }
  }

  func run() throws {
    try StopSignals.watch()
    let pictures = input.filter(FrameSources.holdsPictures)
    let streams = input.filter { !FrameSources.holdsPictures($0) }
    let (batches, unusable) = try PictureBatch.sort(pictures)
    if batches.isEmpty, streams.isEmpty, let only = unusable.first, unusable.count == 1 { throw only.error }
    let network = try Network(modelOptions, inputSize: inputSize.size, threads: threads.count)
    let runner = BatchRunner(
      network: network, output: output, limit: frames,
      total: streams.isEmpty ? batches.reduce(unusable.count) { $0 + $1.files.count } : nil)
    runner.leaveOut(unusable)
    for batch in batches { try runner.run(batch) }
    for stream in streams { try runner.run(stream: stream) }
    let result = runner.result()
    if json { try Terminal.printJSON(result) } else { Terminal.printLine(result.text) }
    try runner.finish()
  }
}
