import Glibc
import RoadBase
import RoadFrame
import RoadRecorder

/// The source that a user's one word stands for.
public enum FrameSources {
  /// - `-`: standard input, motion JPEG or Y4M
  /// - `/dev/…`: a camera (or a link to one)
  /// - a folder, a `.txt` list, a `.jpg`, `.jpeg` or `.png` file: pictures
  /// - a `.mcap` file, or a folder of them without pictures: a recording
  /// - a video file (`.mp4`, `.mkv` …) or an address (`rtsp://…`, `http://…`): what an installed ffmpeg makes of it
  /// - any other file or named pipe: a stream, motion JPEG or Y4M; where it is neither, what ffmpeg makes of it
  ///
  /// - Parameters:
  ///   - pace: when pictures come; a live pace also makes a stream live. Cameras are always live.
  ///   - camera: size, rate and format for a camera; its device is `input`.
  ///   - maximumPixels: larger pictures are corrupt frames.
  /// - Throws: what the source's own initialiser throws; `.stream` for a video without ffmpeg, with the remedy.
  public static func open(
    _ input: String, pace: Pace = .everyFrame, camera: CameraRequest = CameraRequest(),
    maximumPixels: Int = Picture.defaultPixelLimit
  ) throws(RoadError) -> any FrameSource {
    if FFmpegSource.isAddress(input) { return try FFmpegSource(input, isLive: pace.isLive) }
    if input == "-" { return try StreamSource(descriptor: 0, name: "standard input", isLive: pace.isLive) }
    var status = stat()
    guard stat(input, &status) == 0 else {
      if input.hasPrefix("/dev/") { throw CameraError.opening(input, errno) }
      throw RoadError(
        .picture, "\(input): \(System.words(errno))",
        remedy: "name a folder of pictures, a picture, a stream, a camera such as /dev/video0, or - for standard input")
    }
    let kind = status.st_mode & S_IFMT
    if kind == S_IFCHR {
      var request = camera
      request.device = input
      return try V4L2Camera(request)
    }
    if isRecording(input) {
      var recorded = RecordingPace.everyFrame
      if case .live(let rate, _) = pace { recorded = .live(rate: rate) }
      return try RecordingSource(paths: [input], pace: recorded, maximumPixels: maximumPixels)
    }
    if holdsPictures(input) { return try PictureFolder(path: input, pace: pace, maximumPixels: maximumPixels) }
    if FFmpegSource.takes(input) { return try FFmpegSource(input, isLive: pace.isLive) }
    do throws(RoadError) {
      return try StreamSource(path: input, isLive: pace.isLive)
    } catch {
      // Neither motion JPEG nor Y4M: a video of another name, perhaps. If ffmpeg cannot read it either, our words
      // stand.
      guard kind == S_IFREG, let video = try? FFmpegSource(input, isLive: pace.isLive) else { throw error }
      return video
    }
  }

  /// Whether the word names a recording, or a folder of them.
  public static func isRecording(_ input: String) -> Bool { RecordingFiles.isRecording(input) }

  /// Whether the word names pictures in files, each of its own size maybe: a folder, a list, a picture.
  public static func holdsPictures(_ input: String) -> Bool {
    var status = stat()
    let isFolder = stat(input, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    return isFolder && !isRecording(input) || pictureSuffixes.contains(where: input.lowercased().hasSuffix)
  }

  private static let pictureSuffixes = [".txt", ".jpg", ".jpeg", ".png"]
}
