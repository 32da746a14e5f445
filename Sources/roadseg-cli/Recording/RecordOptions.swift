import ArgumentParser
import RoadBase
import RoadFrame
import RoadRecorder

/// What `roadseg record` writes, and how.
struct RecordOptions: ParsableArguments {
  @Option(name: .customLong("images-every"), help: "Keep every so many-th picture of the camera; 0 for none.")
  var imageStride = 1

  @Option(name: .customLong("masks-every"), help: "Keep the mask of every so many-th frame; 0 for none.")
  var maskStride = 1

  @Option(
    name: .customLong("birdseye-every"),
    help: "With --camera-calibration: keep every so many-th frame from above, too, undistorted; 0 for none.")
  var birdsEyeStride = 0

  @Flag(
    name: .long,
    help:
      "Keep the pictures of a camera without JPEG as they are, large, so that masks can be verified. (default: as JPEG)"
  )
  var raw = false

  @Option(name: .customLong("jpeg-quality"), help: "Of pictures that the camera does not send as JPEG.")
  var quality = 90

  @Flag(
    name: .customLong("raw-masks"),
    help: "Masks as raw images, a byte a pixel that is the class: large without --compression. (default: as PNG)")
  var rawMasks = false

  @Option(
    name: .long,
    help: ArgumentHelp("Whose message types: foxglove, or ros2 (sensor_msgs as CDR).", valueName: "types"))
  var schemas = MessageSchemas.foxglove

  @Option(name: .long, help: "Pack what is not JPEG or PNG: none or zstd.")
  var compression = Compression.none

  enum Compression: String, CaseIterable, ExpressibleByArgument { case none, zstd }

  @Option(name: .customLong("chunk-time"), help: ArgumentHelp("A crash loses one chunk at most.", valueName: "time"))
  var chunkTime = TimeSpan(seconds: 1)

  @Option(name: .customLong("chunk-size"), help: ArgumentHelp("The same in bytes.", valueName: "bytes"))
  var chunkSize = ByteSize(bytes: 4 << 20)

  @Option(name: .customLong("segment-time"), help: ArgumentHelp("Begin a new file after this time.", valueName: "time"))
  var segmentTime = TimeSpan(seconds: 600)

  @Option(
    name: .customLong("segment-size"), help: ArgumentHelp("Begin a new file at this size.", valueName: "bytes"))
  var segmentSize = ByteSize(bytes: 1 << 30)

  @Option(
    name: .long,
    help: ArgumentHelp(
      "When to wait for the disk: none, chunk, or seconds=N. More often is safer and wears a card out sooner.",
      valueName: "policy"))
  var sync = SyncPolicy.chunk

  @Option(name: .customLong("max-size"), help: ArgumentHelp("Delete the oldest files above this.", valueName: "bytes"))
  var maxSize: ByteSize?

  @Option(name: .customLong("max-age"), help: ArgumentHelp("Delete files that are older.", valueName: "time"))
  var maxAge: TimeSpan?

  @Option(
    name: .customLong("min-free"), help: ArgumentHelp("Delete the oldest files to keep this free.", valueName: "bytes"))
  var minFree: ByteSize?

  @Option(
    name: .long, help: ArgumentHelp("Write nothing until a trigger; signal (SIGUSR1), file or http.", valueName: "kind")
  )
  var trigger: [TriggerKind] = []

  enum TriggerKind: String, CaseIterable, ExpressibleByArgument { case signal, file, http }

  @Option(
    name: .customLong("trigger-file"),
    help: ArgumentHelp("Its making or change is a trigger. (default: DIR/trigger)", valueName: "path"))
  var triggerFile: String?

  @Option(
    name: .customLong("trigger-port"),
    help: ArgumentHelp("POST /trigger to this port of the loopback address.", valueName: "port"))
  var triggerPort: UInt16 = 8787

  @Option(name: .customLong("pre-roll"), help: ArgumentHelp("Kept from before a trigger.", valueName: "time"))
  var preRoll: TimeSpan?

  @Option(name: .customLong("post-roll"), help: ArgumentHelp("Recorded after a trigger.", valueName: "time"))
  var postRoll = TimeSpan(seconds: 20)

  @Option(
    name: .long, help: ArgumentHelp("Frames that wait for a slow disk; the pre-roll has as much.", valueName: "bytes"))
  var memory = ByteSize(bytes: 128 << 20)

  @Option(
    name: .long,
    help: ArgumentHelp("A file to keep within each recording: calibration, profile; several times.", valueName: "file"))
  var attach: [String] = []

  func validate() throws {
    if imageStride < 0 || maskStride < 0 { throw ValidationError("--images-every and --masks-every take 0 or more") }
    if birdsEyeStride < 0 { throw ValidationError("--birdseye-every takes 0 or more") }
    if !(1...100).contains(quality) { throw ValidationError("--jpeg-quality takes 1 to 100") }
    if preRoll != nil, trigger.isEmpty { throw ValidationError("--pre-roll needs a --trigger") }
    if !(4096...(1 << 27)).contains(chunkSize.bytes) { throw ValidationError("--chunk-size takes 4k to 128M") }
    if chunkTime.nanoseconds < 1_000_000 { throw ValidationError("--chunk-time takes 1ms or more") }
    if segmentSize.bytes < 65536 { throw ValidationError("--segment-size takes 64k or more") }
    if segmentTime.nanoseconds < 100_000_000 { throw ValidationError("--segment-time takes 100ms or more") }
    if !((4 << 20)...(1 << 36)).contains(memory.bytes) { throw ValidationError("--memory takes 4M to 64G") }
  }

  /// Keys of a profile that a running recorder takes over at SIGHUP.
  static let changeable: Set<String> = [
    "record.images-every", "record.masks-every", "record.compression", "record.chunk-time", "record.chunk-size",
    "record.segment-time", "record.segment-size", "record.sync", "record.max-size", "record.max-age",
    "record.min-free", "record.pre-roll", "record.post-roll",
  ]

  func options(folder: String) throws(RoadError) -> RecorderOptions {
    var options = RecorderOptions(folder: folder)
    options.imageStride = imageStride
    options.maskStride = maskStride
    options.birdsEyeStride = birdsEyeStride
    options.rawImages = raw ? .raw : .jpeg(quality: quality)
    options.rawMasks = rawMasks
    options.schemas = schemas
    options.compresses = compression == .zstd
    options.chunkBytes = Int(chunkSize.bytes)
    options.chunkDuration = chunkTime.nanoseconds
    options.segmentBytes = segmentSize.bytes
    options.segmentDuration = segmentTime.nanoseconds
    options.sync = sync
    options.retention = RetentionLimits(
      totalBytes: maxSize?.bytes, age: maxAge?.seconds, freeBytes: minFree?.bytes)
    if !trigger.isEmpty {
      options.trigger = TriggerOptions(
        preRoll: (preRoll ?? TimeSpan(seconds: 20)).nanoseconds, postRoll: postRoll.nanoseconds,
        bytes: Int(memory.bytes), file: trigger.contains(.file) ? triggerFile ?? "\(folder)/trigger" : nil)
    }
    for path in attach {
      let name = path.split(separator: "/").last.map(String.init) ?? path
      options.attachments.append(
        RecordingAttachment(
          name: name, mediaType: "application/octet-stream", data: try FileInput.read(path, as: .option, limit: 1 << 24)
        ))
    }
    return options
  }
}

extension MessageSchemas: ExpressibleByArgument {}

extension SyncPolicy: ExpressibleByArgument {
  public init?(argument: String) {
    switch argument {
    case "none": self = .none
    case "chunk": self = .chunk
    default:
      let parts = argument.split(separator: "=")
      guard parts.count == 2, parts[0] == "seconds", let seconds = UInt64(parts[1]), (1...86400).contains(seconds)
      else {
        return nil
      }
      self = .seconds(seconds)
    }
  }

  public var defaultValueDescription: String {
    switch self {
    case .none: "none"
    case .chunk: "chunk"
    case .seconds(let seconds): "seconds=\(seconds)"
    }
  }
}

extension ByteSize {
  var defaultValueDescription: String { bytes >= 1 << 30 ? "\(bytes >> 30)G" : "\(bytes >> 20)M" }
}

extension TimeSpan {
  var defaultValueDescription: String { "\(seconds)s" }
}
