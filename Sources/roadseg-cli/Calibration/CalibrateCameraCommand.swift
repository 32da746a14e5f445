import ArgumentParser
import Foundation
import RoadBase
import RoadCamera
import RoadFrame
import RoadMetres
import RoadPipeline
import RoadTelemetry

/// `roadseg calibrate-camera`
struct CalibrateCameraCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calibrate-camera",
    abstract: "Finds lens, distortion and mount of a camera, for figures in metres.",
    discussion: """
      SOURCE shows a checkerboard or ChArUco board from many sides: pictures, folders, videos, recordings, or a camera \
      (/dev/video0; without a SOURCE the first one), which is watched until enough different views are there; what is \
      still missing is said. Print the board, glue it to something flat, and measure its squares.

      The mount is measured once the camera is where it stays: by a board that lies on the road (--road); by --lanes, \
      pictures of a straight, level road, with the --lane-width between its marks; or by --height and where the \
      horizon is: --pitch, --horizon, --vanishing-point or --lanes. With --intrinsics only the mount is measured anew.

      The arithmetic is OpenCV's, through Python: apt install python3-opencv, or pip's opencv-python-headless.

      EXAMPLES:
        roadseg calibrate-camera views/ --board 9x6 --square 25 --road road.jpg --road-square 100 -o camera.yaml
        roadseg calibrate-camera /dev/video0 --size 1280x720 --board 9x6 --square 25 --height 1.3 --pitch 2 \
      -o camera.yaml
        roadseg calibrate-camera views/ --board 8x6 --square 30 --charuco DICT_5X5_100 --marker 22 \
      --height 1.3 --horizon 331 -o camera.yaml
        roadseg calibrate-camera --intrinsics camera.yaml --lanes straight/ --lane-width 3.5 -o mounted.yaml
        roadseg live --camera-calibration camera.yaml
      """)

  @Argument(help: "Pictures, folders, videos, recordings of the board, or a camera.")
  var source: [String] = []

  @Option(name: [.short, .long], help: ArgumentHelp("The calibration that is written.", valueName: "file"))
  var output: String

  @OptionGroup(title: "Board") var board: BoardOptions
  @OptionGroup(title: "Mount") var mount: MountOptions

  @Option(
    name: .long,
    help: ArgumentHelp("Take lens and distortion from this calibration; measure the mount alone.", valueName: "file"))
  var intrinsics: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Metres from which on the ground is looked at: a bonnet hides what is nearer. (default: all that is seen)",
      valueName: "m"))
  var nearest: Double?

  @Option(name: .long, help: "Different views that a camera is watched for, at least.")
  var views = 15

  @Option(name: .long, help: ArgumentHelp("Frame size of a camera.", valueName: "WxH"))
  var size: PictureSize?

  @Flag(name: .long, help: "Print one JSON object instead of text.")
  var json = false

  func validate() throws {
    if let nearest, !(0.1...30).contains(nearest) { throw ValidationError("--nearest takes 0.1 to 30 metres") }
    if !(8...200).contains(views) { throw ValidationError("--views takes 8 to 200") }
    if intrinsics == nil, board.board == nil {
      throw ValidationError("give --board and --square, or an earlier calibration with --intrinsics")
    }
    if intrinsics != nil, !source.isEmpty {
      throw ValidationError("--intrinsics takes the place of SOURCE: what shows the mount is --road or --lanes")
    }
  }

  func run() throws {
    let earlier = try intrinsics.map { (path) throws(RoadError) in try CalibrationReader.read(path: path) }
    let shown = try mount.pictures.map { (name) throws(RoadError) in
      try CalibrationFrames(name, isLive: false, size: nil)
    }
    var base = earlier
    if let lens = earlier, let shown { base = try lens.scaled(to: shown.size) }
    let helper = try CalibrationHelper(
      CalibrationTask(
        board: base == nil ? board.board : nil, roadBoard: try mount.roadBoard(else: board.board),
        intrinsics: base.map(CalibrationTask.Lens.init), mount: mount.task))
    var size = base?.size
    if base == nil { size = try show(helper) }
    if let shown { try show(shown, as: mount.kindOfPictures, to: helper, wanting: size) }
    let answer = try helper.finish()
    let calibration = try calibration(answer, base: base, size: size)
    try write(calibration, answer, with: helper.version)
  }

  /// - Returns: the pictures' size.
  private func show(_ helper: CalibrationHelper) throws(RoadError) -> PictureSize? {
    var size: PictureSize?
    for name in source.isEmpty ? [nil] : source.map(Optional.init) {
      let request = SourceRequest(name: name, size: self.size)
      let frames = try CalibrationFrames(name, isLive: request.isCamera, size: self.size)
      var watch = ViewWatch(wanted: request.isCamera ? views : nil)
      while let grey = try frames.next() {
        size = size ?? frames.size
        let answer = try helper.show(grey, as: "VIEW")
        watch.say(answer, name: frames.label)
        if watch.isComplete(answer) { break }
      }
    }
    return size
  }

  /// A few pictures tell the mount; more of the same tell nothing more.
  private static let mountPictures = 30

  private func show(
    _ frames: CalibrationFrames, as kind: String, to helper: CalibrationHelper, wanting size: PictureSize?
  ) throws(RoadError) {
    if let size, frames.size != size {
      throw RoadError(
        .picture, "\(frames.label): is of \(frames.size), the views of the board are of \(size)",
        remedy: "take all pictures at one size")
    }
    var count = 0
    while count < Self.mountPictures, let grey = try frames.next() {
      let answer = try helper.show(grey, as: kind)
      if answer.found == false { Terminal.say("roadseg: \(frames.label): no board is seen") }
      count += 1
    }
  }

  private func calibration(
    _ answer: CalibrationAnswer, base: CameraCalibration?, size: PictureSize?
  ) throws(RoadError) -> CameraCalibration {
    guard let found = answer.mount, let size else {
      throw RoadError(.calibration, "no picture could be used", remedy: "see the messages above")
    }
    let lens = answer.lens
    func rounded(_ value: Double?, _ digits: Int) -> Double { (value ?? 0).rounded(toDecimals: digits) }
    var calibration =
      base
      ?? CameraCalibration(
        name: output, size: size, fx: rounded(lens?.fx, 3), fy: rounded(lens?.fy, 3), cx: rounded(lens?.cx, 3),
        cy: rounded(lens?.cy, 3), distortion: (lens?.distortion ?? []).map { rounded($0, 7) },
        mount: CameraCalibration.Mount(height: 1))
    calibration.name = output
    calibration.mount = CameraCalibration.Mount(
      height: rounded(found.height, 4), pitch: rounded(found.pitch, 3), roll: rounded(found.roll, 3),
      yaw: rounded(found.yaw, 3))
    calibration.nearest = nearest ?? base?.nearest
    return calibration
  }

  private func write(_ calibration: CameraCalibration, _ answer: CalibrationAnswer, with opencv: String) throws {
    var remarks = ["Camera calibration of roadseg \(SoftwareVersion.text), by OpenCV \(opencv), \(WallClock.now())"]
    if let lens = answer.lens { remarks.append("lens: \(lens.text)") }
    let text = CalibrationReader.text(calibration, remarks: remarks)
    // What the runtime would refuse is not written.
    _ = try CalibrationReader.read(text, name: output)
    try FileOutput.write(text, to: output)
    if json { return try Terminal.printJSON(CalibrationResult(calibration, answer)) }
    if let lens = answer.lens {
      Terminal.printLine("lens: \(lens.text)")
      for word in lens.missing { Terminal.say("roadseg: better with \(word)") }
    }
    let mount = calibration.mount
    func degrees(_ value: Double) -> String { "\(Format.fixed(value)) degrees" }
    Terminal.printLine(
      "mount: \(Format.fixed(mount.height, 3)) m over the road, pitch \(degrees(mount.pitch)) down, "
        + "roll \(degrees(mount.roll)), yaw \(degrees(mount.yaw))")
    Terminal.printLine("\(output): for pictures of \(calibration.size) and all of the same shape")
  }
}

/// What `calibrate-camera --json` prints.
private struct CalibrationResult: Encodable {
  let output: String
  let pictureSize: String
  let intrinsics: [String: Double]
  let distortion: [Double]
  let mount: [String: Double]
  /// Pixels; null where the lens was not measured.
  @Nullable var rms: Double?
  @Nullable var views: Int?
  let missing: [String]

  init(_ calibration: CameraCalibration, _ answer: CalibrationAnswer) {
    output = calibration.name
    pictureSize = "\(calibration.size)"
    intrinsics = ["fx": calibration.fx, "fy": calibration.fy, "cx": calibration.cx, "cy": calibration.cy]
    distortion = calibration.distortion
    let mount = calibration.mount
    self.mount = ["height": mount.height, "pitch": mount.pitch, "roll": mount.roll, "yaw": mount.yaw]
    rms = answer.lens?.rms.rounded(toDecimals: 4)
    views = answer.lens?.views
    missing = answer.lens?.missing ?? []
  }
}

/// Says what the views of a board come to, and when there are enough of a camera's.
private struct ViewWatch {
  /// Nil for sources that end by themselves.
  let wanted: Int?
  private var last = ""

  init(wanted: Int?) { self.wanted = wanted }

  mutating func say(_ answer: CalibrationAnswer, name: String) {
    let missing = (answer.missing ?? []).joined(separator: ", ")
    let line: String
    switch (answer.found, answer.kept) {
    case (true, true): line = "view \(answer.views ?? 0)\(missing.isEmpty ? "" : "; still missing: \(missing)")"
    case (true, _): line = "a view like one before"
    default: line = "no board is seen"
    }
    // A camera sends the same many times a second.
    guard wanted == nil || line != last else { return }
    last = line
    Terminal.say("roadseg: \(wanted == nil ? "\(name): " : "")\(line)")
  }

  /// A set that never gets better ends, too.
  func isComplete(_ answer: CalibrationAnswer) -> Bool {
    guard let wanted, let views = answer.views else { return false }
    return views >= wanted && answer.missing?.isEmpty == true || views >= 4 * wanted
  }
}
