import RoadBase
import RoadCamera
import RoadTelemetry
import Synchronization

/// Waits for a camera that is not there yet, may not be opened or is in use, and says so.
final class CameraWait: Sendable {
  private let isStopped = Atomic<Bool>(false)

  /// Nanoseconds between two tries, and between two JSON objects.
  private static let pause: UInt64 = 500_000_000
  private static let reportInterval: UInt64 = 1_000_000_000

  func stop() { isStopped.store(true, ordering: .relaxed) }

  /// - Parameters:
  ///   - report: called about once a second with what is missing and how long it has been.
  ///   - attempt: opens and starts the camera.
  /// - Returns: what `attempt` gave; nil where a stop came first.
  /// - Throws: an error of `attempt` that waiting does not mend.
  func first<Result>(
    report: (_ missing: RoadError, _ nanoseconds: UInt64) -> Void, attempt: () throws(RoadError) -> Result
  ) throws(RoadError) -> Result? {
    let begin = MonotonicClock.now()
    var (told, reported) = ("", UInt64(0))
    while !isStopped.load(ordering: .relaxed) {
      do throws(RoadError) {
        return try attempt()
      } catch {
        guard error.passesWithTime else { throw error }
        if error.cause != told {
          Terminal.say("roadseg: waiting for a camera: \(error)")
          told = error.cause
        }
        let now = MonotonicClock.now()
        if now - reported >= Self.reportInterval {
          report(error, now - begin)
          reported = now
        }
        sleep(until: now + Self.pause)
      }
    }
    return nil
  }

  private func sleep(until deadline: UInt64) {
    while MonotonicClock.now() < deadline, !isStopped.load(ordering: .relaxed) {
      SystemThread.sleep(nanoseconds: 20_000_000)
    }
  }
}

/// What `live --wait --json` prints while it waits.
struct WaitingJSON: Encodable {
  let type = "waiting"
  let seconds: Double
  let video = "\(VideoState.disconnected)"
  let reason: String
  let remedy: String

  init(_ missing: RoadError, nanoseconds: UInt64) {
    seconds = (Double(nanoseconds) / 1e9).rounded(toDecimals: 3)
    reason = missing.cause
    remedy = missing.remedy
  }
}
