// Opens a camera as the pipeline does and prints one JSON object a line: the mode, every outcome, and what is left open
// at the end. The camera tests run it inside a virtual machine that has cameras.
import Foundation
import RoadBase
import RoadCamera
import RoadFrame

struct ProbeOptions {
  var request = CameraRequest()
  var frames = 30
  var seconds = 30.0
  var timeout: UInt64 = 500_000_000
  /// Milliseconds to sleep before each read: a reader slower than the camera.
  var pause = 0
  var list = false
  /// Ends ten frames after the camera was opened again this often; 0: does not look at that.
  var reopened = 0

  init(_ arguments: [String]) {
    var words = arguments[...]
    while let word = words.popFirst() {
      if word == "--list" {
        list = true
        continue
      }
      guard let value = words.popFirst() else { preconditionFailure("\(word) needs a value") }
      switch word {
      case "--device": request.device = value
      case "--format": request.format = PixelFormat(rawValue: value)
      case "--size": request.size = PictureSize(value)
      case "--rate": request.rate = Double(value)
      case "--frames": frames = Int(value) ?? frames
      case "--seconds": seconds = Double(value) ?? seconds
      case "--reopened": reopened = Int(value) ?? reopened
      case "--pause": pause = Int(value) ?? pause
      default: preconditionFailure("unknown option \(word)")
      }
    }
  }
}

func printJSON(_ fields: [String: Any]) {
  let data =
    (try? JSONSerialization.data(withJSONObject: fields, options: [.sortedKeys, .withoutEscapingSlashes])) ?? Data()
  FileHandle.standardOutput.write(data + Data("\n".utf8))
}

/// FNV-1a, 64 bits, as hexadecimal text.
func hash(_ bytes: UnsafeRawBufferPointer) -> String {
  String(bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }, radix: 16)
}

/// Video nodes and their mapped buffers that this process still has.
func leftOpen() -> (descriptors: Int, mappings: Int) {
  let folder = "/proc/self/fd"
  let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
  let targets = names.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)") }
  let maps = (try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8)) ?? ""
  return (
    targets.filter { $0.hasPrefix("/dev/video") }.count,
    maps.split(separator: "\n").filter { $0.contains("/dev/video") }.count
  )
}

/// Red, green, blue in the middle of each eighth of the width, near the lower edge: the colour bars of a test pattern.
func colours(_ picture: Picture) -> [[UInt8]] {
  (0..<8).map { bar in
    let pixel = picture.row(picture.size.height - 12) + 4 * ((2 * bar + 1) * picture.size.width / 16)
    return [pixel[0], pixel[1], pixel[2]]
  }
}

func probe(_ options: ProbeOptions) throws(RoadError) {
  let camera = try V4L2Camera(options.request)
  let properties = camera.properties
  printJSON([
    "name": properties.name, "format": properties.format.rawValue, "size": properties.size.description,
    "rate": properties.nominalRate ?? 0, "reason": camera.modeReason, "maximumFrameBytes": properties.maximumFrameBytes,
  ])
  let frame = Frame(capacity: properties.maximumFrameBytes)
  let picture = Picture(size: properties.size)
  let decoder = try FrameDecoder()
  try camera.start()
  printJSON(["mappings": leftOpen().mappings])
  let begin = MonotonicClock.now()
  var got = 0
  var gotSinceReopened = 0
  while got < options.frames, options.reopened == 0 || gotSinceReopened < 10,
    Double(MonotonicClock.now() - begin) < options.seconds * 1e9
  {
    if options.pause > 0 { usleep(UInt32(options.pause * 1000)) }
    let outcome = camera.read(into: frame, timeout: options.timeout)
    var fields: [String: Any] = ["at": Double(MonotonicClock.now() - begin) / 1e9]
    switch outcome {
    case .frame(let skipped, let lost):
      got += 1
      if camera.reopened >= options.reopened { gotSinceReopened += 1 }
      // Tells the script around us that the stream runs, so that it need not guess how slow the machine is.
      if got == 1 { _ = FileManager.default.createFile(atPath: "/tmp/camera-probe-streams", contents: nil) }
      fields["outcome"] = "frame"
      fields["skipped"] = skipped
      fields["lost"] = lost
      fields["sequence"] = frame.sequence
      fields["age"] = Double(MonotonicClock.now() - frame.timestamp) / 1e9
      fields["clock"] = frame.timestampSource.rawValue
      fields["encoding"] = frame.yuvEncoding.rawValue
      fields["bytes"] = frame.byteCount
      fields["hash"] = hash(UnsafeRawBufferPointer(rebasing: frame.bytes[..<frame.byteCount]))
      fields["decoded"] = decoder.decode(frame, into: picture) == .decoded
      fields["colours"] = colours(picture)
    case .corrupt(let reason):
      fields["outcome"] = "corrupt"
      fields["reason"] = reason.rawValue
    case .timedOut: fields["outcome"] = "timedOut"
    case .disconnected: fields["outcome"] = "disconnected"
    case .ended: fields["outcome"] = "ended"
    }
    printJSON(fields)
  }
  camera.stop()
  let left = leftOpen()
  printJSON(["reopened": camera.reopened, "descriptorsLeft": left.descriptors, "mappingsLeft": left.mappings])
}

let options = ProbeOptions(Array(CommandLine.arguments.dropFirst()))
if options.list {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  FileHandle.standardOutput.write(((try? encoder.encode(CameraDirectory.list())) ?? Data()) + Data("\n".utf8))
} else {
  do throws(RoadError) {
    try probe(options)
  } catch {
    printJSON(["error": error.description, "subject": error.subject.rawValue])
    exit(1)
  }
}
