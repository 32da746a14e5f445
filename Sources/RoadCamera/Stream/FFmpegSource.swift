import Foundation
import RoadBase
import RoadFrame

/// A video file or network stream through an installed `ffmpeg`, which decodes it and sends us Y4M.
///
/// What the user named is handed over as one argument behind `-i`, a file with ffmpeg's own `file:` in front, so that
/// no name is ever taken for an option; only the protocols that the input needs are allowed to ffmpeg. It is ended with
/// the source.
public final class FFmpegSource: FrameSource, @unchecked Sendable {
  public var properties: SourceProperties { stream.properties }

  private let input: String
  private let process: ChildProcess
  private let stream: StreamSource
  private var hasEnded = false
  /// Why the stream ended before its time.
  public private(set) var failure: RoadError?

  private static let fileSuffixes = [
    ".mp4", ".mkv", ".avi", ".mov", ".webm", ".m4v", ".ts", ".m2ts", ".mts", ".mpg", ".mpeg", ".wmv", ".flv", ".3gp",
    ".ogv", ".h264", ".264", ".h265", ".hevc", ".265",
  ]
  /// By scheme, what ffmpeg may open.
  private static let protocols = [
    "rtsp": "rtsp,rtp,srtp,tcp,udp,tls,crypto", "rtsps": "rtsp,rtp,srtp,tcp,udp,tls,crypto",
    "http": "http,https,tcp,tls,crypto,httpproxy,hls", "https": "http,https,tcp,tls,crypto,httpproxy,hls",
    "rtmp": "rtmp,tcp", "rtmps": "rtmp,rtmps,tcp,tls", "udp": "udp,rtp", "rtp": "rtp,udp", "srt": "srt", "tcp": "tcp",
  ]

  /// Whether the input is one that needs ffmpeg: a network address of a known scheme, or a file with a video's ending.
  public static func takes(_ input: String) -> Bool { scheme(of: input) != nil || hasVideoSuffix(input) }

  /// Whether the input comes over a network.
  public static func isAddress(_ input: String) -> Bool { scheme(of: input) != nil }

  private static func hasVideoSuffix(_ input: String) -> Bool {
    fileSuffixes.contains(where: input.lowercased().hasSuffix)
  }

  private static func scheme(of input: String) -> String? {
    guard let colon = input.range(of: "://") else { return nil }
    let scheme = input[..<colon.lowerBound].lowercased()
    return protocols[scheme] == nil ? nil : scheme
  }

  /// - Parameters:
  ///   - isLive: whether the newest frame wins. An address without it is read frame by frame.
  ///   - searchPath: folders separated by colons; nil for the environment's PATH.
  /// - Throws: `.stream`: no ffmpeg (with the remedy), or ffmpeg's own words when it cannot open the input.
  public init(_ input: String, isLive: Bool = false, searchPath: String? = nil) throws(RoadError) {
    guard let program = Self.find("ffmpeg", in: searchPath ?? ProcessInfo.processInfo.environment["PATH"] ?? "") else {
      throw RoadError(
        .stream, "\(input): needs ffmpeg, which is not installed",
        remedy: "install it (apt install ffmpeg), or convert the video elsewhere: "
          + "ffmpeg -i VIDEO -f yuv4mpegpipe -pix_fmt yuv420p video.y4m")
    }
    let process = try ChildProcess(program, Self.arguments(for: input, isLive: isLive))
    self.input = input
    self.process = process
    do throws(RoadError) {
      stream = try StreamSource(descriptor: process.output, name: input, isLive: isLive)
    } catch {
      let isOver = process.succeeded(within: 200_000_000) != nil
      process.stop()
      let words = process.lastWords
      guard isOver, !words.isEmpty else { throw error }
      throw RoadError(.stream, "\(input): ffmpeg: \(words)", remedy: "check that ffmpeg or ffprobe can play it")
    }
  }

  /// What ffmpeg is told. The pixels are those of limited-range BT.601, which Y4M stands for, whatever the video's are.
  package static func arguments(for input: String, isLive: Bool) -> [String] {
    var words = ["-nostdin", "-hide_banner", "-loglevel", "error"]
    let scheme = scheme(of: input)
    if isLive, scheme != nil { words += ["-fflags", "nobuffer", "-flags", "low_delay"] }
    if scheme == "rtsp" || scheme == "rtsps" { words += ["-rtsp_transport", "tcp"] }
    words += ["-protocol_whitelist", scheme.flatMap { protocols[$0] } ?? "file,crypto,data"]
    // A file plays at its own pace where a camera would.
    if isLive, scheme == nil { words += ["-re"] }
    words += ["-i", scheme == nil ? "file:\(input)" : input, "-map", "0:v:0", "-an", "-sn", "-dn"]
    words += ["-vf", "scale=out_color_matrix=bt601:out_range=tv", "-pix_fmt", "yuv420p"]
    return words + ["-f", "yuv4mpegpipe", "pipe:1"]
  }

  package static func find(_ program: String, in searchPath: String) -> String? {
    searchPath.split(separator: ":").map { "\($0)/\(program)" }.first { path in
      var status = stat()
      return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }
  }

  public func start() throws(RoadError) { try stream.start() }

  public func read(into frame: Frame, timeout: UInt64) -> ReadOutcome {
    process.drainErrors()
    let outcome = stream.read(into: frame, timeout: timeout)
    if outcome == .ended, !hasEnded {
      hasEnded = true
      if process.succeeded(within: 1_000_000_000) == false {
        let words = process.lastWords
        failure = RoadError(
          .stream, "\(input): ffmpeg ended early\(words.isEmpty ? "" : ": \(words)")",
          remedy: "the frames before are good; check the file or the connection")
      }
    }
    return outcome
  }

  public func stop() {
    stream.stop()
    process.stop()
  }
}
