import Glibc
import RoadBase
import RoadKernels
import Synchronization

/// Where the caller posts a job and the workers of a ``WorkerPool`` claim its chunks.
///
/// One atomic word tells everything about the running job: chunks not yet claimed in the high half, chunks not yet
/// finished in the low half. `job` is plain memory: it is written before the word is (release) and read only after a
/// chunk was claimed (acquire), and a job with a claimed chunk cannot be replaced, since its caller still waits for
/// that chunk.
final class JobBoard: @unchecked Sendable {
  private struct Job {
    var work: WorkerPool.Work
    var context: UnsafeMutableRawPointer
    var chunks: Int
  }

  private static let claimStep: UInt64 = 1 << 32
  /// Looks at the word before a worker starts to yield: about 50 µs.
  private static let spinLimit = CoreType.ofThisMachine.spinLooks
  /// Yields before it sleeps: some hundred µs, longer when others use the core.
  private static let yieldLimit = 400

  private let state = Atomic<UInt64>(0)
  private let occupied = Atomic<Bool>(false)
  private let sleepers = Atomic<Int>(0)
  private let stopping = Atomic<Bool>(false)
  private let job = UnsafeMutablePointer<Job>.allocate(capacity: 1)
  private let monitor = Monitor()

  deinit { job.deallocate() }

  /// False when another caller's job is still running; nothing is posted then.
  func post(chunks: Int, context: UnsafeMutableRawPointer, _ work: WorkerPool.Work) -> Bool {
    guard occupied.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else {
      return false
    }
    job.initialize(to: Job(work: work, context: context, chunks: chunks))
    state.store(UInt64(chunks) << 32 | UInt64(chunks), ordering: .sequentiallyConsistent)
    if sleepers.load(ordering: .sequentiallyConsistent) > 0 { wakeAll() }
    return true
  }

  /// Claims and computes chunks until none is left.
  func drain(worker: Int) {
    var word = state.load(ordering: .acquiring)
    while word >> 32 > 0 {
      let claim = state.weakCompareExchange(
        expected: word, desired: word - Self.claimStep, ordering: .acquiringAndReleasing)
      guard claim.exchanged else {
        word = claim.original
        continue
      }
      job.pointee.work(job.pointee.context, job.pointee.chunks - Int(word >> 32), worker)
      word = state.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue
    }
  }

  /// Waits for chunks that other threads claimed; they are being computed, so this is short unless a core was taken
  /// away.
  func awaitCompletion() {
    var looks = 0
    while state.load(ordering: .acquiring) != 0 {
      looks += 1
      if looks > Self.spinLimit { sched_yield() }
    }
    occupied.store(false, ordering: .releasing)
  }

  func stop() {
    stopping.store(true, ordering: .sequentiallyConsistent)
    wakeAll()
  }

  private func wakeAll() {
    monitor.locked { monitor.wakeAll() }
  }
}

extension JobBoard {
  /// Nil when the system gives no more threads: the pool is then smaller.
  func startWorker(_ number: Int, on placement: CorePlacement) -> SystemThread? {
    try? SystemThread("road-worker-\(number)") { [self] in
      placement.place()
      serve(worker: number)
    }
  }

  private func serve(worker: Int) {
    var idleLooks = 0
    while !stopping.load(ordering: .relaxed) {
      if state.load(ordering: .relaxed) >> 32 > 0 {
        drain(worker: worker)
        idleLooks = 0
        continue
      }
      idleLooks += 1
      if idleLooks > Self.spinLimit + Self.yieldLimit {
        sleep()
        idleLooks = 0
      } else if idleLooks > Self.spinLimit {
        sched_yield()
      }
    }
  }

  /// Until a job is posted. The caller writes `state` and then reads `sleepers`, this thread writes `sleepers` and then
  /// reads `state`: one of the two sees the other.
  private func sleep() {
    monitor.locked {
      sleepers.wrappingAdd(1, ordering: .sequentiallyConsistent)
      while state.load(ordering: .sequentiallyConsistent) >> 32 == 0,
        !stopping.load(ordering: .sequentiallyConsistent)
      {
        monitor.wait()
      }
      sleepers.wrappingSubtract(1, ordering: .sequentiallyConsistent)
    }
  }
}
