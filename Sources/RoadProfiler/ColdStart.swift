import Foundation
import Glibc
import RoadBase

/// How long a fresh process takes to its first mask, and where that time goes.
public struct ColdStart: Sendable, Codable {
  /// Moments of one process on the system's monotonic clock, in nanoseconds.
  public struct Moments: Sendable, Codable {
    /// The program's own code began.
    public var entered: UInt64
    /// The model is read and its graph is there.
    public var loaded: UInt64
    /// Weights are packed and memory is laid out.
    public var planned: UInt64
    /// The first frame's class map is there.
    public var firstMask: UInt64

    public init(entered: UInt64, loaded: UInt64, planned: UInt64, firstMask: UInt64) {
      self.entered = entered
      self.loaded = loaded
      self.planned = planned
      self.firstMask = firstMask
    }
  }

  public var starts: Int
  /// From the call that makes the process to its own code: kernel, linking, runtime.
  public var process: MeasuredTimes
  /// Model file to graph.
  public var modelLoad: MeasuredTimes
  /// Graph to plan: lowering, packing, memory.
  public var planning: MeasuredTimes
  /// Decoder, buffers, and the first frame.
  public var firstFrame: MeasuredTimes
  /// All of it.
  public var total: MeasuredTimes

  /// Starts a program some times, one after the other. The first start only fills the page cache and does not count.
  ///
  /// - Parameters:
  ///   - program: path of the executable.
  ///   - arguments: make it print its ``Moments`` as one JSON object.
  /// - Throws: a profile error when it cannot be started or prints something else.
  public static func measure(program: String, arguments: [String], starts: Int) throws(RoadError) -> ColdStart {
    precondition(starts > 0, "\(starts) starts")
    var parts: [[UInt64]] = [[], [], [], [], []]
    for index in 0...starts {
      let start = MonotonicClock.now()
      let moments = try run(program, arguments)
      guard index > 0 else { continue }
      let ends = [moments.entered, moments.loaded, moments.planned, moments.firstMask]
      var begin = start
      for (part, end) in ends.enumerated() {
        parts[part].append(end > begin ? end - begin : 0)
        begin = end
      }
      parts[4].append(moments.firstMask > start ? moments.firstMask - start : 0)
    }
    let times = parts.map { MeasuredTimes(repetitions: [$0]) }
    return ColdStart(
      starts: starts, process: times[0], modelLoad: times[1], planning: times[2], firstFrame: times[3], total: times[4])
  }

  private static func run(_ program: String, _ arguments: [String]) throws(RoadError) -> Moments {
    do {
      let process = Process()
      let output = Pipe()
      process.executableURL = URL(filePath: program)
      process.arguments = arguments
      process.standardOutput = output
      try process.run()
      let data = output.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      return try JSONDecoder().decode(Moments.self, from: data)
    } catch {
      throw RoadError(.profile, "\(program): did not tell when its first mask was there: \(error)")
    }
  }
}
